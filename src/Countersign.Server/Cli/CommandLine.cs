using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text.RegularExpressions;

namespace Countersign.Server.Cli;

/// <summary>The commands of the program; the outside contract lists them.</summary>
internal static partial class CommandLine
{
    public static async Task<int> RunAsync(IReadOnlyList<string> args, Terminal terminal, CancellationToken cancellation)
    {
        var parsed = Root(terminal).Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed.Errors is [var error, ..])
        {
            return terminal.Fail($"{Explain(parsed, error)} (see: countersign {PathOf(parsed.CommandResult)}--help)", ExitCodes.WrongUse);
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

    internal static RootCommand Root(Terminal terminal)
    {
        var admin = new AdminVerbs(terminal);
        return new RootCommand("Countersign: a second factor on every Git command.")
        {
            ServeCommand.Make(terminal),
            UserCommands.Make(admin),
            TokenCommands.Make(admin),
            KeyCommands.Make(admin),
            FactorCommands.Make(admin),
            WorkspaceCommands.Workspace(admin),
            WorkspaceCommands.Member(admin),
            RepositoryCommands.Make(admin),
            UpstreamCommands.Make(admin),
            SshCommand.Make(admin),
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
        var where = PathOf(parsed.CommandResult) is { Length: > 0 } path ? $"{path.TrimEnd()}: " : "";
        return parsed.UnmatchedTokens is [var unknown, ..]
                ? $"{where}{unknown}: there is no such {(unknown.StartsWith('-') ? "option" : command.Subcommands.Count > 0 ? "command" : "argument")}"
            : command.Subcommands.Count > 0
                ? $"{where}say what to do: {string.Join(", ", command.Subcommands.Select(sub => sub.Name))}"
            : error.SymbolResult is OptionResult { Tokens: [{ Value: var value }], Option: { ValueType: var type } option } && type == typeof(int)
                ? $"{where}{option.Name} {value}: write a whole number"
            : NotAmong().Match(error.Message) is { Success: true } choice && error.SymbolResult is OptionResult { Option.Name: var named }
                ? $"{where}{named} {choice.Groups["given"].Value}: write one of {choice.Groups["words"].Value}"
            : where + error.Message.Replace($" for command: '{command.Name}'", "", StringComparison.Ordinal).TrimEnd('.', ' ');
    }

    [GeneratedRegex("^Argument '(?<given>.*)' not recognized\\. Must be one of:\\s*(?<words>.*)$", RegexOptions.Singleline)]
    private static partial Regex NotAmong();

    /// <summary>The command's words, each followed by a space; "" for the program itself.</summary>
    private static string PathOf(CommandResult? result) =>
        result is null or { Command: RootCommand } ? "" : $"{PathOf(result.Parent as CommandResult)}{result.Command.Name} ";
}
