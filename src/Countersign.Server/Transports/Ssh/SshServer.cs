using System.Globalization;
using System.Net.Sockets;
using System.Runtime.Versioning;
using Countersign.Server.Audit;
using Countersign.Server.People;
using Countersign.Server.Storage.Sqlite;

namespace Countersign.Server.Transports.Ssh;

/// <summary>
/// Keeps sshd running in front of <see cref="SshDoor"/> while the gateway runs. Where the machine has no sshd, or does not let
/// us, that is no failure: HTTPS is served, and the ready line says why SSH is not.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed partial class SshServer(SshSetup setup, SshDoor door, SshState state, AuditTrail audit, TimeProvider clock, ILogger<SshServer> logger) : IHostedService, IAsyncDisposable
{
    public static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    public static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    private readonly CancellationTokenSource stopping = new();
    private SshReady? ready;
    private SshdProcess? sshd;
    private Task keeping = Task.CompletedTask;

    /// <summary>The keeper's process, while there is one.</summary>
    public int? Keeper => sshd?.Keeper;

    /// <summary>Throws <see cref="StartupException"/> when the address that was asked for is another program's.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            ready = await setup.PrepareAsync(cancellationToken);
            door.Open(ready.Places);
            sshd = await StartSshdAsync(ready);
            state.On(ready.Address, ready.Facts);
            keeping = KeepAsync(ready);
        }
        catch (SshUnavailableException exception) when (exception.IsAddressTaken && setup.IsAsked)
        {
            throw new StartupException($"{exception.Message}; stop it, or choose another address with --ssh.", inner: exception);
        }
        catch (Exception exception) when (exception is SshUnavailableException or IOException or UnauthorizedAccessException or SocketException)
        {
            var next = exception is SshUnavailableException { IsAddressTaken: true } ? "; choose another address with --ssh" : "";
            state.Off(exception.Message.TrimEnd('.').ReplaceLineEndings(" ") + next);
            if (setup.IsOn)
            {
                Log.Off(logger, state.Reason);
            }

            await StopAsync(CancellationToken.None);
        }
    }

    /// <summary>What is held hears a sentence from the gateway before sshd goes.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await stopping.CancelAsync();
        await door.CloseAsync();
        if (sshd is not null)
        {
            await sshd.DisposeAsync();
        }

        await keeping;
        ready?.Places.Clear();
    }

    public async ValueTask DisposeAsync()
    {
        if (!stopping.IsCancellationRequested)
        {
            await StopAsync(CancellationToken.None); // a start that failed elsewhere stops nobody
        }

        stopping.Dispose();
    }

    private async Task KeepAsync(SshReady with)
    {
        var pause = FirstPause;
        while (true)
        {
            var since = clock.GetTimestamp();
            var status = await sshd!.Ended;
            if (stopping.IsCancellationRequested)
            {
                return;
            }

            door.Trust(0);
            await sshd.DisposeAsync();
            pause = clock.GetElapsedTime(since) > LongestPause ? FirstPause : pause;
            Log.Ended(logger, status, pause.TotalSeconds);
            await RecordAsync(AuditTypes.SshStopped, ("exit", status.ToString(CultureInfo.InvariantCulture)), ("retry_seconds", pause.TotalSeconds.ToString(CultureInfo.InvariantCulture)));
            do
            {
                await Task.Delay(pause, clock, stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
            }
            while (!stopping.IsCancellationRequested && !await RestartAsync(with));
        }
    }

    private async Task<bool> RestartAsync(SshReady with)
    {
        try
        {
            sshd = await StartSshdAsync(with);
            if (stopping.IsCancellationRequested)
            {
                await sshd.DisposeAsync();
            }

            return true;
        }
        catch (SshUnavailableException exception)
        {
            Log.NotStarted(logger, exception.Message);
            return false;
        }
    }

    private async Task<SshdProcess> StartSshdAsync(SshReady with)
    {
        var started = await SshdProcess.StartAsync(with.Address, with.Places, with.Programs, door.Trust, logger);
        await RecordAsync(AuditTypes.SshStarted, ("address", with.Address.ToString()), ("sshd", with.Facts.Version));
        return started;
    }

    /// <summary>Without a record no command passes, so sshd may run; it must not end for good because the disk was full for a minute.</summary>
    private async Task RecordAsync(string type, params (string Name, string Value)[] facts)
    {
        try
        {
            await audit.RecordAsync(type, "system", facts);
        }
        catch (LedgerUnavailableException exception)
        {
            Log.NotRecorded(logger, type, exception.Message);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(5311, LogLevel.Warning, "Git over SSH is off: {Reason}")]
        public static partial void Off(ILogger logger, string reason);

        [LoggerMessage(5312, LogLevel.Error, "sshd ended with {Status}, and what it carried with it; it is started again in {Seconds} s")]
        public static partial void Ended(ILogger logger, int status, double seconds);

        [LoggerMessage(5313, LogLevel.Error, "sshd could not be started again: {Reason}")]
        public static partial void NotStarted(ILogger logger, string reason);

        [LoggerMessage(5314, LogLevel.Error, "{Type} was not recorded: {Reason}")]
        public static partial void NotRecorded(ILogger logger, string type, string reason);
    }
}
