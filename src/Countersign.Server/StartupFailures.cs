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
    /// <summary>Runs the start; throws <see cref="StartupException"/> for what an operator can mend.</summary>
    public static async Task ExplainAsync(Func<Task> start, GatewayOptions options)
    {
        try
        {
            await start();
        }
        catch (IOException exception) when (exception.InnerException is AddressInUseException)
        {
            throw new StartupException($"{options.Http} is in use by another program; stop it, or choose another address with --http.", inner: exception);
        }
        catch (OptionsValidationException exception)
        {
            throw new StartupException($"configuration: {string.Join("; ", exception.Failures)}", exitCode: 2, exception);
        }
        catch (InvalidOperationException exception) when (exception.Source == "Microsoft.Extensions.Configuration.Binder")
        {
            throw new StartupException($"configuration: {exception.Message}", exitCode: 2, exception);
        }
        catch (PolicyFileException exception)
        {
            throw new StartupException(exception.Message, exitCode: 2, exception);
        }
        catch (NewerDatabaseException exception)
        {
            throw new StartupException(exception.Message, inner: exception);
        }
        catch (Exception exception) when (exception is LedgerUnavailableException or BrokenSealException or AuditKeyException or SqliteException or UnauthorizedAccessException or System.Net.Sockets.SocketException)
        {
            throw new StartupException($"the gateway cannot start on {options.Data}: {exception.Message}", inner: exception);
        }
    }
}
