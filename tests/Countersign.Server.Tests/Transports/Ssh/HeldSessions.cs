using System.Threading.Channels;
using Countersign.Server.Transports.Ssh;

namespace Countersign.Server.Tests.Transports.Ssh;

/// <summary>In place of the product's commands: each is held until the test ends it, or until it is told to end.</summary>
internal sealed class HeldSessions
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly Channel<HeldSession> arrived = Channel.CreateUnbounded<HeldSession>();

    public async Task<int> RunAsync(SshSession session, CancellationToken gone)
    {
        var held = new HeldSession(session, gone);
        arrived.Writer.TryWrite(held);
        return await held.Status.Task.WaitAsync(gone);
    }

    public async Task<HeldSession> NextAsync()
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(Patience);
        return await arrived.Reader.ReadAsync(patience.Token);
    }
}

internal sealed class HeldSession
{
    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public HeldSession(SshSession session, CancellationToken gone)
    {
        (Session, Gone) = (session, gone);
        gone.Register(ended.SetResult);
    }

    public SshSession Session { get; }

    public CancellationToken Gone { get; }

    /// <summary>Completes when the command is told to end.</summary>
    public Task Ended => ended.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);

    public TaskCompletionSource<int> Status { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}
