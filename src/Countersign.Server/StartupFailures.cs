using Countersign.Server.Audit;
using Countersign.Server.Policies;
using Countersign.Server.Storage.Sqlite;
using Microsoft.AspNetCore.Connections;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Options;

namespace Countersign.Server;

/// <summary>Turns what can stand in the way of a start into one line that says what and where.</summary>
internal static class StartupFailures
{
    /// <summary>Composes; throws <see cref="StartupException"/> for what an operator can mend.</summary>
    public static T Explain<T>(Func<T> compose, GatewayOptions options)
    {
        try
        {
            return compose();
        }
        catch (Exception exception) when (Explanation(exception, options) is { } explained)
        {
            throw explained;
        }
    }

    /// <summary>Runs the start; throws <see cref="StartupException"/> for what an operator can mend.</summary>
    public static async Task ExplainAsync(Func<Task> start, GatewayOptions options)
    {
        try
        {
            await start();
        }
        catch (Exception exception) when (Explanation(exception, options) is { } explained)
        {
            throw explained;
        }
    }

    private static StartupException? Explanation(Exception exception, GatewayOptions options) => exception switch
    {
        IOException { InnerException: AddressInUseException } =>
            options.Https is { } https && exception.Message.Contains($"https://{https}", StringComparison.Ordinal)
                ? new($"{https} is in use by another program; stop it, or choose another address with --https.", inner: exception)
                : new($"{options.Http} is in use by another program; stop it, or choose another address with --http.", inner: exception),
        OptionsValidationException wrong => new($"configuration: {string.Join("; ", wrong.Failures)}", exitCode: 2, exception),
        InvalidOperationException { Source: "Microsoft.Extensions.Configuration.Binder" } => new($"configuration: {exception.Message}", exitCode: 2, exception),
        PolicyFileException => new(exception.Message, exitCode: 2, exception),
        NewerDatabaseException => new(exception.Message, inner: exception),
        LedgerUnavailableException or BrokenSealException or AuditKeyException or SqliteException or UnauthorizedAccessException or System.Net.Sockets.SocketException =>
            new($"the gateway cannot start on {options.Data}: {exception.Message}", inner: exception),
        _ => null,
    };
}
