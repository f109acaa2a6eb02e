namespace Countersign.Server.People;

/// <summary>Refusals that several operations share.</summary>
internal static class Refusals
{
    public static readonly Refusal NoSuchPerson = new("no_such_person", "There is no such person.");

    public static readonly Refusal NoSuchWorkspace = new("no_such_workspace", "There is no such workspace.");

    public static readonly Refusal NoSuchRepository = new("no_such_repository", "There is no such repository.");

    public static readonly Refusal NoSuchFactor = new("no_such_factor", "There is no such factor.");

    /// <summary>The same for a wrong name, password, code, passkey, and for a disabled person.</summary>
    public static readonly Refusal SignInRefused = new("refused", "That did not match. Check the name, the password and the code, then try again.");

    public static Refusal Delayed(TimeSpan wait) =>
        new("delayed", $"Too many wrong attempts. Wait {Math.Max(1, (int)Math.Ceiling(wait.TotalSeconds))} s, then try again.", wait);

    public static readonly Refusal Locked = new("locked", "Locked after too many wrong attempts. Sign in with a passkey, or ask an administrator to unlock it.");
}
