using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Text;
using Countersign.Server.People;

namespace Countersign.Server.Transports.Ssh;

/// <summary>
/// The Unix socket behind sshd. Whoever says there that sshd verified a key must be a process of our sshd, by the kernel's word:
/// of its user, and started by it. Other programs of that user are turned away, whatever they know.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed partial class SshDoor(ISshKeys keys, SshSessions sessions, TimeProvider clock, ILogger<SshDoor> logger) : IAsyncDisposable
{
    /// <summary>Between connecting and its message the shell does nothing.</summary>
    public static readonly TimeSpan MessagePatience = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource stopping = new();
    private readonly HashSet<Task> active = [];
    private readonly Lock gate = new();
    private Socket? listener;
    private Task accepting = Task.CompletedTask;
    private SshPlaces? places;
    private int keeper;

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
                    await socket.SendAsync(new[] { (byte)await sessions.RunAsync(socket, session, connection, streams, stopping.Token) }, SocketFlags.None);
                }

                break;
            default:
                Log.Malformed(logger, peer.Id, message.Body.Length, message.Descriptors.Count);
                break;
        }
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

        [LoggerMessage(5307, LogLevel.Warning, "No connection could be taken at the SSH socket: {Error}")]
        public static partial void NotAccepted(ILogger logger, SocketError error);

        [LoggerMessage(5310, LogLevel.Error, "A shell at the SSH socket could not be answered")]
        public static partial void Failed(ILogger logger, Exception exception);
    }
}
