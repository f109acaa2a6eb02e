using System.CommandLine;

namespace Countersign.Server.Cli;

internal static class FactorCommands
{
    public static Command Make(AdminVerbs admin)
    {
        var (adding, listing, resetting) = (AdminVerbs.Name(), AdminVerbs.Name(), AdminVerbs.Name());
        return new("factor", "Second factors.")
        {
            admin.Verb(
                "add-totp",
                "An authenticator app for a person with no factor yet. Prints its otpauth address, and nothing else.",
                [adding],
                parsed => AdminCall.Post(AdminCall.At($"people/{parsed.GetRequiredValue(adding)}/totp")),
                (added, output) => output.WriteLine(added.Text("otpauthUri"))),
            admin.Verb(
                "list",
                "A person's factors.",
                [listing],
                parsed => AdminCall.Get(AdminCall.At($"people/{parsed.GetRequiredValue(listing)}/factors")),
                (factors, output) => Table.Write(
                    output,
                    ["KIND", "NAME", "MODEL", "ADDED", "LAST USED"],
                    factors.Items().Select(factor => (IReadOnlyList<string>)
                    [
                        factor.Text("kind"), factor.Text("name"), factor.Text("model"), admin.Ago(factor.GetProperty("createdAt")), admin.Ago(factor.GetProperty("lastUsedAt")),
                    ]),
                    "Two-step verification is off.")),
            admin.Verb(
                "reset",
                "Remove every factor of a person, who sets up anew at the next sign-in.",
                [resetting],
                parsed => AdminCall.Post(AdminCall.At($"people/{parsed.GetRequiredValue(resetting)}/reset-factors")),
                (person, output) => output.WriteLine($"two-step verification of {Table.Printable(person.Text("name"))} is off")),
        };
    }
}
