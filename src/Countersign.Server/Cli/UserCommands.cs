using System.CommandLine;
using System.Text.Json;

namespace Countersign.Server.Cli;

internal static class UserCommands
{
    public static Command Make(AdminVerbs admin) => new("user", "The people of the instance.")
    {
        Add(admin),
        admin.Verb("list", "Everybody.", [], _ => AdminCall.Get("people"), (people, output) => List(admin, people, output)),
        Show(admin),
        SetEmail(admin),
        Change(admin, "disable", "End a person's sessions, access tokens, grants and commands, at once."),
        Change(admin, "enable", "Let a disabled person in again."),
        Change(admin, "unlock", "Lift locks on password and factors."),
    };

    private static Command Add(AdminVerbs admin)
    {
        var name = AdminVerbs.Name();
        var email = AdminVerbs.Needed("--email", "E", "The person's email address.");
        var fromInput = new Option<bool>("--password-stdin")
        {
            Description = "Read the password, one line, from standard input. Without it the person cannot sign in to the pages, but can use Git with an access token and a factor that are made here.",
        };
        var administrator = new Option<bool>("--administrator") { Description = "The person administers this gateway." };
        return admin.Verb(
            "add",
            "Add a person.",
            [name, email, fromInput, administrator],
            async (parsed, cancellation) =>
            {
                string? password = null;
                if (parsed.GetValue(fromInput) && (password = await admin.Terminal.In.ReadLineAsync(cancellation)) is null or "")
                {
                    return admin.Terminal.Fail("--password-stdin: there is no password on standard input", ExitCodes.WrongUse);
                }

                var body = new { name = parsed.GetRequiredValue(name), email = parsed.GetRequiredValue(email), password, administrator = parsed.GetValue(administrator) };
                var reply = await admin.SendAsync(parsed, AdminCall.Post("people", body), cancellation);
                if (!reply.Succeeded)
                {
                    return admin.Terminal.Fail(reply.Detail);
                }

                await admin.Terminal.Out.WriteLineAsync(admin.WantsJson(parsed) ? reply.Body : $"added {reply.Json.Text("name")}");
                return ExitCodes.Done;
            });
    }

    private static Command Show(AdminVerbs admin)
    {
        var name = AdminVerbs.Name();
        return admin.Verb("show", "One person.", [name], parsed => AdminCall.Get(AdminCall.At($"people/{parsed.GetRequiredValue(name)}")), (person, output) =>
        {
            Table.Write(
                output,
                ["name", person.Text("name")],
                [
                    ["email", person.Text("email")],
                    ["administrator", person.Flag("administrator") ? "yes" : "no"],
                    ["state", StateOf(person)],
                    ["two-step", TwoStepOf(person)],
                    ["recovery codes", person.Text("recoveryCodesLeft")],
                    ["added", admin.Ago(person.GetProperty("createdAt"))],
                    ["last sign-in", admin.Ago(person.GetProperty("lastSignInAt"))],
                ],
                "");
        });
    }

    private static Command SetEmail(AdminVerbs admin)
    {
        var name = AdminVerbs.Name();
        var email = AdminVerbs.Needed("--email", "E", "The person's new email address.");
        return admin.Verb(
            "set-email",
            "Change a person's email address, at once. Both addresses are told; approval by email ends until the person switches it on again.",
            [name, email],
            parsed => AdminCall.Put(AdminCall.At($"people/{parsed.GetRequiredValue(name)}/email"), new { email = parsed.GetRequiredValue(email) }),
            (person, output) => output.WriteLine($"{Table.Printable(person.Text("name"))} is written to at {Table.Printable(person.Text("email"))}"));
    }

    private static Command Change(AdminVerbs admin, string verb, string help)
    {
        var name = AdminVerbs.Name();
        return admin.Verb(
            verb,
            help,
            [name],
            parsed => AdminCall.Post(AdminCall.At($"people/{parsed.GetRequiredValue(name)}/") + verb),
            (person, output) => output.WriteLine($"{Table.Printable(person.Text("name"))} is {StateOf(person)}"));
    }

    private static void List(AdminVerbs admin, JsonElement people, TextWriter output) => Table.Write(
        output,
        ["NAME", "EMAIL", "STATE", "TWO-STEP", "LAST SIGN-IN"],
        people.Items().Select(person => (IReadOnlyList<string>)
        [
            person.Text("name") + (person.Flag("administrator") ? " (administrator)" : ""),
            person.Text("email"),
            StateOf(person),
            TwoStepOf(person),
            admin.Ago(person.GetProperty("lastSignInAt")),
        ]),
        "There is nobody yet. Open the set-up link that serve printed, or: countersign user add NAME --email E");

    private static string StateOf(JsonElement person) => person.Flag("disabled") ? "disabled" : person.Flag("locked") ? "locked" : "active";

    private static string TwoStepOf(JsonElement person) =>
        person.GetProperty("factors").Items().Select(factor => factor.Text("kind")).Distinct().ToList() is { Count: > 0 } kinds
            ? string.Join(", ", kinds)
            : "off";
}
