using System.CommandLine;
using System.Text.Json;

namespace Countersign.Server.Cli;

/// <summary>One call of the API.</summary>
internal sealed record AdminCall(HttpMethod Method, string Path, object? Body = null)
{
    public static AdminCall Get(string path) => new(HttpMethod.Get, path);

    public static AdminCall Post(string path, object? body = null) => new(HttpMethod.Post, path, body);

    public static AdminCall Put(string path, object body) => new(HttpMethod.Put, path, body);

    public static AdminCall Patch(string path, object body) => new(HttpMethod.Patch, path, body);

    public static AdminCall Delete(string path) => new(HttpMethod.Delete, path);

    /// <summary>A path with what people typed as single, escaped segments.</summary>
    public static string At(FormattableString path) =>
        string.Format(null, path.Format, [.. path.GetArguments().Select(argument => (object)Uri.EscapeDataString(argument?.ToString() ?? ""))]);
}

/// <summary>Makes the commands that administer: all take --data and --json, and most are one call of the API over the socket.</summary>
internal sealed class AdminVerbs(Terminal terminal)
{
    private readonly Option<string> data = new("--data")
    {
        Description = "The gateway's data folder.",
        HelpName = "DIR",
        DefaultValueFactory = _ => "data",
    };

    private readonly Option<bool> json = new("--json") { Description = "Print JSON, as the API answers." };

    public Terminal Terminal => terminal;

    public DateTimeOffset Now => terminal.Clock.GetUtcNow();

    public Command Verb(string name, string help, IEnumerable<Symbol> symbols, Func<ParseResult, AdminCall> call, Action<JsonElement, TextWriter> show) =>
        Verb(name, help, symbols, async (parsed, cancellation) =>
        {
            var reply = await SendAsync(parsed, call(parsed), cancellation);
            if (!reply.Succeeded)
            {
                return terminal.Fail(reply.Detail);
            }

            if (WantsJson(parsed))
            {
                await terminal.Out.WriteLineAsync(reply.Body);
            }
            else
            {
                show(reply.Json, terminal.Out);
            }

            return ExitCodes.Done;
        });

    public Command Verb(string name, string help, IEnumerable<Symbol> symbols, Func<ParseResult, CancellationToken, Task<int>> run)
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

        command.Add(data);
        command.Add(json);
        command.SetAction(run);
        return command;
    }

    public string DataOf(ParseResult parsed) => parsed.GetRequiredValue(data);

    public bool WantsJson(ParseResult parsed) => parsed.GetValue(json);

    public async Task<AdminReply> SendAsync(ParseResult parsed, AdminCall call, CancellationToken cancellation)
    {
        using var client = new AdminClient(DataOf(parsed));
        return await client.SendAsync(call.Method, call.Path, call.Body, cancellation);
    }

    public string Ago(JsonElement time) => RelativeTime.Of(time.ValueKind == JsonValueKind.Null ? null : time.GetDateTimeOffset(), Now);

    public static Argument<string> Name(string helpName = "NAME", string description = "The person's name.") =>
        new(helpName) { Description = description };

    public static Option<string> Needed(string name, string helpName, string description) =>
        new(name) { Description = description, HelpName = helpName, Required = true };
}

/// <summary>Short ways into the API's JSON.</summary>
internal static class JsonReading
{
    public static string Text(this JsonElement element, string name) =>
        element.GetProperty(name) is { ValueKind: not JsonValueKind.Null } value ? value.ToString() : "";

    public static bool Flag(this JsonElement element, string name) => element.GetProperty(name).ValueKind == JsonValueKind.True;

    public static IEnumerable<JsonElement> Items(this JsonElement element) => element.EnumerateArray();
}
