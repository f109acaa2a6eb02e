using System.Diagnostics.CodeAnalysis;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Text;
using Countersign.Server.People;
using Microsoft.Extensions.Options;

namespace Countersign.Server.Transports.Ssh;

/// <summary>Runs one command; what it answers is the exit status.</summary>
internal delegate Task<int> SshRunner(SshSession session, CancellationToken gone);

/// <summary>
/// The Unix socket behind sshd. Whoever says there that sshd verified a key must be a process of our sshd, by the kernel's word:
/// of its user, and started by it. Other programs of that user are turned away, whatever they know.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed partial class SshDoor(ISshKeys keys, SshRunner run, IOptions<SshOptions> options, TimeProvider clock, ILogger<SshDoor> logger) : IAsyncDisposable
{
    /// <summary>Between connecting and its message the shell does nothing.</summary>
    public static readonly TimeSpan MessagePatience = TimeSpan.FromSeconds(10);

    private const int Busy = 75; // EX_TEMPFAIL
    private const int Broken = 70; // EX_SOFTWARE
    private const int BufferBytes = 64 * 1024;
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource stopping = new();
    private readonly HashSet<Task> active = [];
    private readonly Lock gate = new();
    private Socket? listener;
    private Task accepting = Task.CompletedTask;
    private SshPlaces? places;
    private int keeper;
    private int sessions;

    /// <summary>Commands that are held or run.</summary>
    public int Sessions => Volatile.Read(ref sessions);

    /// <summary>Listens at <see cref="SshPlaces.Socket"/>; nobody is let in before <see cref="Trust"/>.</summary>
    public void Open(SshPlaces at)
    {
        places = at;
        File.Delete(at.Socket); // left behind by a process that is gone: the data folder is this process's own
        listener = new(AddressFamily.Unix, SocketType.Seqpacket, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(at.Socket));
        File.SetUnixFileMode(at.Socket, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        at.Hand(at.Socket, UnixFileMode.GroupRead | UnixFileMode.GroupWrite);
        listener.Listen(4096); // until then the bound socket refuses everybody
        accepting = AcceptAsync(listener);
    }

    /// <summary>Lets in what this process has started.</summary>
    public void Trust(int process) => Volatile.Write(ref keeper, process);

    /// <summary>Ends what is under way with a sentence.</summary>
    public async Task CloseAsync()
    {
        await stopping.CancelAsync();
        listener?.Dispose();
        await accepting;
        Task[] ending;
        lock (gate)
        {
            ending = [.. active];
        }

        await Task.WhenAll(ending).WaitAsync(Farewell).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        stopping.Dispose();
    }

    private async Task AcceptAsync(Socket listening)
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                Follow(ServeAsync(await listening.AcceptAsync(stopping.Token)));
            }
            catch (Exception exception) when (exception is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException exception)
            {
                Log.NotAccepted(logger, exception.SocketErrorCode); // no descriptors left: those in use are given back in time
                await Task.Delay(TimeSpan.FromMilliseconds(100), stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private void Follow(Task serving)
    {
        lock (gate)
        {
            active.Add(serving);
        }

        _ = serving.ContinueWith(Forget, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    private void Forget(Task served)
    {
        lock (gate)
        {
            active.Remove(served);
        }
    }

    [SuppressMessage("Design", "CA1031", Justification = "One shell's trouble ends that shell; it is logged.")]
    private async Task ServeAsync(Socket socket)
    {
        await Task.Yield(); // accepts the next
        using (socket)
        {
            try
            {
                if (PeerProcess.Of(socket) is var peer && peer.User != places!.PeerUser)
                {
                    Log.OtherUser(logger, peer.Id, peer.User);
                }
                else if (Volatile.Read(ref keeper) is var trusted && (trusted == 0 || !peer.DescendsFrom(trusted)))
                {
                    Log.NotOurs(logger, peer.Id);
                }
                else if (await ReceiveAsync(socket) is { } message)
                {
                    using (message)
                    {
                        await AnswerAsync(socket, peer, message);
                    }
                }
                else
                {
                    Log.NoMessage(logger, peer.Id);
                }
            }
            catch (Exception exception) when (exception is SocketException or OperationCanceledException or ObjectDisposedException)
            {
                // the shell has ended, and with it its command
            }
            catch (Exception exception)
            {
                Log.Failed(logger, exception);
            }
        }
    }

    private async Task<DescriptorMessage?> ReceiveAsync(Socket socket)
    {
        using var patience = new CancellationTokenSource(MessagePatience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, stopping.Token);
        try
        {
            while (true)
            {
                await socket.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None, either.Token);
                if (DescriptorMessage.Take(socket) is { } message)
                {
                    return message;
                }
            }
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested)
        {
            return null;
        }
    }

    private async Task AnswerAsync(Socket socket, PeerProcess peer, DescriptorMessage message)
    {
        var parsed = message.IsWhole && ShellMessage.TryParse(message.Body, out var found) ? found : null;
        switch (parsed, message.Descriptors)
        {
            case (ShellMessage.Offer offer, []):
                var line = keys.Find(offer.Blob) is { } key ? KeyLine.Write(key, offer, places!.Shell, places.Socket) : "";
                await socket.SendAsync(Encoding.UTF8.GetBytes(line), SocketFlags.None, stopping.Token);
                break;
            case (ShellMessage.Session session, [var input, var output, var error]):
                if (peer.Connection() is not { } connection)
                {
                    break; // its client has left already
                }

                await using (var streams = new ShellStreams(input, output, error))
                {
                    await socket.SendAsync(new[] { (byte)await RunAsync(socket, session, connection, streams) }, SocketFlags.None);
                }

                break;
            default:
                Log.Malformed(logger, peer.Id, message.Body.Length, message.Descriptors.Count);
                break;
        }
    }

    [SuppressMessage("Design", "CA1031", Justification = "Everything unexpected denies, in this one place, and is logged.")]
    private async Task<int> RunAsync(Socket socket, ShellMessage.Session told, SshConnection connection, ShellStreams streams)
    {
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(stopping.Token);
        using var patience = new ClientPatience(clock, TimeSpan.FromSeconds(options.Value.IdleSeconds), TimeSpan.FromSeconds(options.Value.HookSeconds), () => _ = gone.CancelAsync());
        try
        {
            if (Interlocked.Increment(ref sessions) > options.Value.MaxSessions)
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
                    streams.OutputPipe, PipeWriter.Create(new AwaitedOutput(streams.Output, patience), new(minimumBufferSize: BufferBytes, leaveOpen: true)), patience),
                Error = PipeWriter.Create(new AwaitedOutput(streams.Error, patience), new(leaveOpen: true)),
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
            Interlocked.Decrement(ref sessions);
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
        [LoggerMessage(5301, LogLevel.Warning, "Process {Process} of user {User} was refused at the SSH socket: it is not the user that sshd runs as")]
        public static partial void OtherUser(ILogger logger, int process, uint user);

        [LoggerMessage(5302, LogLevel.Warning, "Process {Process} was refused at the SSH socket: sshd has not started it")]
        public static partial void NotOurs(ILogger logger, int process);

        [LoggerMessage(5303, LogLevel.Warning, "Process {Process} said nothing at the SSH socket in time")]
        public static partial void NoMessage(ILogger logger, int process);

        [LoggerMessage(5304, LogLevel.Warning, "Process {Process} was refused at the SSH socket: no message of ours ({Bytes} bytes, {Descriptors} descriptors)")]
        public static partial void Malformed(ILogger logger, int process, int bytes, int descriptors);

        [LoggerMessage(5305, LogLevel.Warning, "A command over SSH was sent away: {Limit} are held or run already (Ssh:MaxSessions)")]
        public static partial void TooMany(ILogger logger, int limit);

        [LoggerMessage(5306, LogLevel.Error, "A command over SSH failed")]
        public static partial void Failed(ILogger logger, Exception exception);

        [LoggerMessage(5307, LogLevel.Warning, "No connection could be taken at the SSH socket: {Error}")]
        public static partial void NotAccepted(ILogger logger, SocketError error);

        [LoggerMessage(5309, LogLevel.Information, "A command over SSH ended before its end: {Cause}")]
        public static partial void Ended(ILogger logger, string cause);

        [LoggerMessage(5308, LogLevel.Debug, "A client left before the last words")]
        public static partial void Unheard(ILogger logger);
    }
}
