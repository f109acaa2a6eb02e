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
