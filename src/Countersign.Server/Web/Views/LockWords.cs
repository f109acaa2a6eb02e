using Countersign.Server.People;

namespace Countersign.Server.Web.Views;

/// <summary>What is locked, in words.</summary>
internal static class LockWords
{
    public static string Whose(ActiveLock one) => one.Subject.Length > 0 ? one.Subject : "A name that nobody has";

    public static string What(ActiveLock one) => one.What switch
    {
        "password" => "password",
        "totp" => "authenticator app",
        "duo" => "Duo passcodes",
        "email" => "codes by email",
        "recovery" => "recovery codes",
        "prompts" or "denied" => "not asked",
        "duo-begin" => "adding Duo Push",
        "email-send" => "codes by email",
        "passkeys" => "passkeys",
        _ => "network",
    };

    public static string Why(ActiveLock one) => one.What switch
    {
        "password" => $"{one.Attempts} wrong passwords",
        "totp" or "duo" or "email" or "recovery" => $"{one.Attempts} wrong codes",
        "prompts" => $"asked {one.Attempts} times without an approval",
        "denied" => $"denied {(one.Attempts == 1 ? "once" : $"{one.Attempts} times")}, so nobody is asked again for a while: {one.About}",
        "duo-begin" => $"began {one.Attempts} times, and waits longer and longer",
        "email-send" => $"asked for {one.Attempts} codes, and waits longer and longer",
        "passkeys" => $"{one.Attempts} passkeys refused, which now wait longer and longer",
        "names" => $"passwords of {one.Attempts} different names were wrong",
        _ => $"{one.Attempts} failed sign-ins, which now wait longer and longer",
    };
}
