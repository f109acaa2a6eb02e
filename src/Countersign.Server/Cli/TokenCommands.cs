using System.CommandLine;

namespace Countersign.Server.Cli;

internal static class TokenCommands
{
    public static Command Make(AdminVerbs admin) => new("token", "Access tokens: the password for Git over HTTPS.")
    {
        Add(admin),
        List(admin),
        Revoke(admin),
    };

    private static Command Add(AdminVerbs admin)
    {
        var name = AdminVerbs.Name();
        var label = AdminVerbs.Needed("--label", "L", "What it is for; the approval page shows it.");
        var days = new Option<int>("--days") { Description = "How long it works.", HelpName = "N", DefaultValueFactory = _ => 90 };
        return admin.Verb(
            "add",
            "Make an access token. Prints it once, and nothing else, on standard output.",
            [name, label, days],
            parsed => AdminCall.Post(
                AdminCall.At($"people/{parsed.GetRequiredValue(name)}/tokens"),
                new { label = parsed.GetRequiredValue(label), days = parsed.GetValue(days) }),
            (made, output) =>
            {
                output.WriteLine(made.Text("token"));
                admin.Terminal.Error.WriteLine("countersign: this is the only time that the access token is shown; it is Git's password for this person");
            });
    }

    private static Command List(AdminVerbs admin)
    {
        var name = AdminVerbs.Name();
        return admin.Verb(
            "list",
            "A person's access tokens.",
            [name],
            parsed => AdminCall.Get(AdminCall.At($"people/{parsed.GetRequiredValue(name)}/tokens")),
            (tokens, output) => Table.Write(
                output,
                ["ID", "LABEL", "EXPIRES", "LAST USED", "FROM"],
                tokens.Items().Select(token => (IReadOnlyList<string>)
                [
                    token.Text("id"), token.Text("label"), admin.Ago(token.GetProperty("expiresAt")), admin.Ago(token.GetProperty("lastUsedAt")), token.Text("lastUsedFrom"),
                ]),
                "There are no access tokens. Make one: countersign token add NAME --label L"));
    }

    private static Command Revoke(AdminVerbs admin)
    {
        var name = AdminVerbs.Name();
        var id = new Argument<string>("ID") { Description = "As token list shows it." };
        return admin.Verb(
            "revoke",
            "Revoke an access token.",
            [name, id],
            parsed => AdminCall.Delete(AdminCall.At($"people/{parsed.GetRequiredValue(name)}/tokens/{parsed.GetRequiredValue(id)}")),
            (token, output) => output.WriteLine($"revoked {Table.Printable(token.Text("label"))}"));
    }
}
