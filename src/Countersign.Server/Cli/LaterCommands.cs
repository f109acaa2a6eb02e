using System.CommandLine;

namespace Countersign.Server.Cli;

/// <summary>Commands whose words are agreed and whose work this build does not do: they say so, and fail.</summary>
internal static class LaterCommands
{
    public static Command Key(Terminal terminal)
    {
        const string Line = "SSH keys come with Git over SSH; this build serves HTTPS only";
        var file = AdminVerbs.Needed("--file", "PUB", "The public key.");
        return new("key", "SSH keys (with Git over SSH; not in this build).")
        {
            Refuse(terminal, Line, "add", "Add a key.", AdminVerbs.Name(), file, new Option<string?>("--label") { HelpName = "L" }),
            Refuse(terminal, Line, "list", "A person's keys.", AdminVerbs.Name()),
            Refuse(terminal, Line, "remove", "Remove a key.", AdminVerbs.Name(), new Argument<string>("ID")),
        };
    }

    public static Command Upstream(Terminal terminal)
    {
        var kind = AdminVerbs.Needed("--kind", "smart-http|bitbucket-dc|bitbucket-cloud", "What it is.");
        kind.AcceptOnlyFromAmong("smart-http", "bitbucket-dc", "bitbucket-cloud");
        var address = AdminVerbs.Needed("--base", "URL", "Its address.");
        return new("upstream", "Other Git servers (not in this build).")
        {
            Refuse(
                terminal,
                "other Git servers come later; this build serves its own repositories only",
                "add",
                "Add a Git server.",
                AdminVerbs.Name(description: "Its name."),
                kind,
                address,
                new Option<string?>("--path") { HelpName = "/prefix" }),
        };
    }

    private static Command Refuse(Terminal terminal, string line, string name, string help, params ReadOnlySpan<Symbol> symbols)
    {
        var command = new Command(name, help);
        foreach (var symbol in symbols)
        {
            if (symbol is Option option)
            {
                command.Add(option);
            }
            else
            {
                command.Add((Argument)symbol);
            }
        }

        command.Add(new Option<string>("--data") { HelpName = "DIR" });
        command.Add(new Option<bool>("--json"));
        command.SetAction(_ => terminal.Fail(line));
        return command;
    }
}
