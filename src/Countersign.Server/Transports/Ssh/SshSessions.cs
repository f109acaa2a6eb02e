using System.Diagnostics.CodeAnalysis;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Text;
using Microsoft.Extensions.Options;

namespace Countersign.Server.Transports.Ssh;

/// <summary>Runs one command; what it answers is the exit status.</summary>
internal delegate Task<int> SshRunner(SshSession session, CancellationToken gone);

/// <summary>The commands whose shells were let in: each runs until it ends, its client or shell goes, its client does nothing for too long, or the gateway stops.</summary>
[SupportedOSPlatform("linux")]
internal sealed partial class SshSessions(SshRunner run, IOptions<SshOptions> options, TimeProvider clock, ILogger<SshSessions> logger)
{
    private const int Busy = 75; // EX_TEMPFAIL
    private const int Broken = 70; // EX_SOFTWARE
    private const int BufferBytes = 64 * 1024;
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(1);

    private int count;

    /// <summary>Commands that are held or run.</summary>
    public int Count => Volatile.Read(ref count);

    [SuppressMessage("Design", "CA1031", Justification = "Everything unexpected denies, in this one place, and is logged.")]
    public async Task<int> RunAsync(Socket socket, ShellMessage.Session told, SshConnection connection, ShellStreams streams, CancellationToken stopping)
    {
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        using var patience = new ClientPatience(clock, TimeSpan.FromSeconds(options.Value.IdleSeconds), TimeSpan.FromSeconds(options.Value.HookSeconds), () => _ = gone.CancelAsync());
        try
        {
            if (Interlocked.Increment(ref count) > options.Value.MaxSessions)
            {
                Log.TooMany(logger, options.Value.MaxSessions);
                return await SayAsync(streams, "too many commands are waiting; run the same command again in a minute", Busy);
            }

            var shellLeft = EndWithShellAsync(socket, gone);
            // The connection's age, not this command's: a shared connection is no fresher for a new command.
            var handshake = told.UserVerified is { } verified ? new Enforcement.SshHandshake(connection.Name, clock.GetUtcNow() - connection.Age, verified) : null;
            var session = new SshSession(new(told.KeyId, told.Client, handshake), told.Command, told.ProtocolVersion)
            {
                Patience = patience,
                Input = PipeReader.Create(new AwaitedInput(streams.Input, patience), new(bufferSize: BufferBytes, leaveOpen: true)),
                Output = ShellOutput.Create(
                    streams, PipeWriter.Create(new AwaitedOutput(() => streams.Output, patience), new(minimumBufferSize: BufferBytes, leaveOpen: true)), patience),
                Error = PipeWriter.Create(new AwaitedOutput(() => streams.Error, patience), new(leaveOpen: true)),
            };
            try
            {
                return await run(session, gone.Token) & 0xFF;
            }
            catch (Exception exception) when (exception is IOException || (exception is OperationCanceledException && gone.IsCancellationRequested))
            {
                Log.Ended(logger, exception.Message);
                if (patience.IsOver)
                {
                    return await SayAsync(streams, $"your side did nothing for {options.Value.IdleSeconds} seconds, so this command was ended", Busy);
                }

                return stopping.IsCancellationRequested ? await SayAsync(streams, "the gateway is stopping; run the same command again in a minute", Busy) : Busy;
            }
            finally
            {
                await gone.CancelAsync(); // ends the watch, too
                await shellLeft;
            }
        }
        catch (Exception exception)
        {
            Log.Failed(logger, exception);
            return await SayAsync(streams, "something went wrong here; the gateway's log says what", Broken);
        }
        finally
        {
            Interlocked.Decrement(ref count);
        }
    }

    /// <summary>A shell says one thing. Its end, or anything more, ends its command.</summary>
    private static async Task EndWithShellAsync(Socket socket, CancellationTokenSource gone)
    {
        try
        {
            await socket.ReceiveAsync(new byte[1], SocketFlags.None, gone.Token);
        }
        catch (Exception exception) when (exception is SocketException or OperationCanceledException)
        {
            // ended otherwise
        }

        await gone.CancelAsync();
    }

    private async Task<int> SayAsync(ShellStreams streams, string line, int status)
    {
        using var patience = new CancellationTokenSource(LastWords);
        try
        {
            await streams.Error.WriteAsync(Encoding.UTF8.GetBytes($"countersign: {line}\n"), patience.Token);
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException)
        {
            Log.Unheard(logger);
        }

        return status;
    }

    private static partial class Log
    {
        [LoggerMessage(5305, LogLevel.Warning, "A command over SSH was sent away: {Limit} are held or run already (Ssh:MaxSessions)")]
        public static partial void TooMany(ILogger logger, int limit);

        [LoggerMessage(5306, LogLevel.Error, "A command over SSH failed")]
        public static partial void Failed(ILogger logger, Exception exception);

        [LoggerMessage(5309, LogLevel.Information, "A command over SSH ended before its end: {Cause}")]
        public static partial void Ended(ILogger logger, string cause);

        [LoggerMessage(5308, LogLevel.Debug, "A client left before the last words")]
        public static partial void Unheard(ILogger logger);
    }
}
