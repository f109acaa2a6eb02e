using Countersign.Server.Audit;
using Countersign.Server.Tests.Fixtures;
using Countersign.Server.Tests.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace Countersign.Server.Tests.Audit;

public sealed class CheckpointerTests : IAsyncLifetime
{
    private readonly LedgerFolder folder = new();
    private readonly FakeClock clock = new(LedgerFolder.Noon);
    private readonly CheckpointSigner signer;
    private readonly Checkpointer checkpointer;

    public CheckpointerTests()
    {
        signer = new(folder.Ledger, folder.Keys, clock);
        checkpointer = new(folder.Ledger, signer, clock, NullLogger<Checkpointer>.Instance);
    }

    public async ValueTask InitializeAsync() => await checkpointer.StartAsync(CancellationToken.None);

    [Fact]
    public void At_start_the_log_is_signed_and_nothing_waits()
    {
        Assert.Equal([0], Sizes());
        Assert.Equal(0, clock.Waiting);
    }

    [Fact]
    public async Task Ten_seconds_after_an_unsigned_record_it_is_signed_and_nothing_waits_any_more()
    {
        await folder.AppendAsync(3);
        await Until(() => clock.Waiting == 1);
        clock.Advance(TimeSpan.FromSeconds(9));
        Assert.Equal([0], Sizes());
        clock.Advance(TimeSpan.FromSeconds(1));
        await Until(() => Sizes() is [0, 3]);
        Assert.Equal(0, clock.Waiting);
    }

    [Fact]
    public async Task After_a_thousand_records_the_log_is_signed_at_once()
    {
        await Task.WhenAll(Enumerable.Range(0, 1000).Select(_ => folder.Ledger.WriteAsync(transaction => transaction.Append(LedgerFolder.Event()))));
        await Until(() => Sizes().Length > 1);
        Assert.True(folder.Verify().Ok);
    }

    [Fact]
    public async Task A_clean_stop_signs_the_end()
    {
        await folder.AppendAsync(2);
        await checkpointer.StopAsync(CancellationToken.None);
        Assert.Equal([0, 2], Sizes());
    }

    [Fact]
    public async Task What_was_signed_is_not_signed_again()
    {
        await folder.AppendAsync(2);
        var notes = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => signer.SignAsync()));
        Assert.Single(notes.Distinct());
        Assert.Equal([0, 2], Sizes());
        Assert.True(folder.Verify(notes[0]).Ok);
    }

    public async ValueTask DisposeAsync()
    {
        await checkpointer.DisposeAsync();
        signer.Dispose();
        await folder.DisposeAsync();
    }

    private long[] Sizes() => folder.Ledger.Read(connection => StoredCheckpoint.ReadAll(connection).Select(stored => stored.Size).ToArray());

    /// <summary>Signing runs on the thread pool; this waits for it, and fails by the test's time limit.</summary>
    private static async Task Until(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!condition())
        {
            limit.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }
}
