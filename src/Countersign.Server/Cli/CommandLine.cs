using System.CommandLine;
using System.CommandLine.Parsing;

namespace Countersign.Server.Cli;

/// <summary>The commands of the program; the outside contract lists them.</summary>
internal static class CommandLine
{
    public static async Task<int> RunAsync(IReadOnlyList<string> args, Terminal terminal, CancellationToken cancellation)
    {
        var parsed = Root(terminal).Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed.Errors is [var error, ..])
        {
            return terminal.Fail($"{Explain(parsed, error)} (see: {PathOf(parsed.CommandResult)} --help)", ExitCodes.WrongUse);
        }

        try
        {
            return await parsed.InvokeAsync(
                new InvocationConfiguration
                {
                    Output = terminal.Out,
                    Error = terminal.Error,
                    EnableDefaultExceptionHandler = false,
                    ProcessTerminationTimeout = null, // the host ends on SIGTERM in its own order
                },
                cancellation);
        }
        catch (OperationCanceledException)
        {
            return terminal.Fail("interrupted");
        }
#pragma warning disable CA1031 // The last stop: whatever it is, people get one line, and programs an exit code.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            return terminal.Fail(exception.Message, exception is WrongSettingException ? ExitCodes.WrongUse : ExitCodes.Failed);
        }
    }

    private static RootCommand Root(Terminal terminal)
    {
        var admin = new AdminVerbs(terminal);
        return new RootCommand("Countersign: a second factor on every Git command.")
        {
            ServeCommand.Make(terminal),
            UserCommands.Make(admin),
            TokenCommands.Make(admin),
            LaterCommands.Key(terminal),
            FactorCommands.Make(admin),
            WorkspaceCommands.Workspace(admin),
            WorkspaceCommands.Member(admin),
            RepositoryCommands.Make(admin),
            LaterCommands.Upstream(terminal),
            PolicyCommands.Make(admin),
            RequestCommands.Make(admin),
            AuditCommands.Make(admin),
            InstanceCommands.SetupLink(admin),
            InstanceCommands.WebAuthn(terminal),
            DoctorCommand.Make(admin),
            InstanceCommands.Version(terminal),
        };
    }

    private static string Explain(ParseResult parsed, ParseError error)
    {
        var command = parsed.CommandResult.Command;
        if (command.Subcommands.Count > 0 && parsed.UnmatchedTokens.Count == 0)
        {
            return $"{PathOf(parsed.CommandResult)}: say what to do: {string.Join(", ", command.Subcommands.Select(sub => sub.Name))}";
        }

        var message = error.Message.Replace("for command: '" + command.Name + "'", "", StringComparison.Ordinal);
        return parsed.UnmatchedTokens is [var unknown, ..]
            ? $"{PathOf(parsed.CommandResult)}: {unknown}: there is no such {(unknown.StartsWith('-') ? "option" : command.Subcommands.Count > 0 ? "command" : "argument")}"
            : $"{PathOf(parsed.CommandResult)}: {message.TrimEnd('.', ' ')}";
    }

    private static string PathOf(CommandResult? result) =>
        result is null or { Command: RootCommand }
            ? "countersign"
            : $"{PathOf(result.Parent as CommandResult)} {result.Command.Name}";
}
