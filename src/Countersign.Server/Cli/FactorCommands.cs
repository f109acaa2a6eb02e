using System.CommandLine;

namespace Countersign.Server.Cli;

internal static class FactorCommands
{
    public static Command Make(AdminVerbs admin)
    {
        var (adding, listing, resetting, ordering) = (AdminVerbs.Name(), AdminVerbs.Name(), AdminVerbs.Name(), AdminVerbs.Name());
        var kinds = new Argument<string[]>("KIND")
        {
            Description = "duo-push, webauthn, totp, email-approval: the first ones to be asked, in this order. None shows the order.",
            Arity = ArgumentArity.ZeroOrMore,
        };
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
                "order",
                "In which order a person is asked.",
                [ordering, kinds],
                parsed => AdminCall.At($"people/{parsed.GetRequiredValue(ordering)}/factor-order") is var path && parsed.GetValue(kinds) is { Length: > 0 } order
                    ? AdminCall.Put(path, new { order })
                    : AdminCall.Get(path),
                (shown, output) => output.WriteLine(shown.GetProperty("order").Items().Select(kind => kind.ToString()).ToList() is { Count: > 0 } order
                    ? string.Join(' ', order.Select(Table.Printable))
                    : "Two-step verification is off.")),
            admin.Verb(
                "reset",
                "Remove every factor of a person, who sets up anew at the next sign-in.",
                [resetting],
                parsed => AdminCall.Post(AdminCall.At($"people/{parsed.GetRequiredValue(resetting)}/reset-factors")),
                (person, output) => output.WriteLine($"two-step verification of {Table.Printable(person.Text("name"))} is off")),
        };
    }
}
