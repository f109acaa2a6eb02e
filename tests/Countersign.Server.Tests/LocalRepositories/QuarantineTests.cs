using Countersign.Core.Git;
using Countersign.Server.Enforcement;

namespace Countersign.Server.Tests.LocalRepositories;

/// <summary>What the approval page will say about a push, found out without letting the push in.</summary>
public sealed class QuarantineTests : IAsyncLifetime
{
    private GitServer _server = null!;
    private RepositoryPath _core = null!;
    private GitClient _git = null!;
    private string _ann = null!;
    private string _base = null!;
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server = await GitServer.StartAsync();
        Assert.True(RepositoryPath.TryParse("ACME/core", out _core!));
        await _server.Store.CreateSampleAsync(_core, Cancellation);
        _git = _server.Client();
        _ann = await _git.CloneAsync(_server.AddressOf(_core));
        _base = await _git.RunAsync(_ann, "rev-parse", "HEAD");
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task Commits_are_counted_and_a_fast_forward_is_not_forced()
    {
        await _git.CommitAsync(_ann, "a.txt", "a");
        var tip = await _git.CommitAsync(_ann, "b.txt", "b");
        var seen = await InspectAsync([Update(_base, tip, "refs/heads/main"), Update(null, tip, "refs/heads/new")], tip, $"^{_base}");
        Assert.Equal([(false, 2), (false, 2)], seen.Select(update => (update.Forced!.Value, update.Commits!.Value)));
        Assert.Equal(_base, await _git.RunAsync(_server.BareFolder(_core), "rev-parse", "refs/heads/main"));
        Assert.Equal(_base, await _git.RunAsync(_server.BareFolder(_core), "rev-list", "--all"));
        Assert.NotEqual(0, (await _git.TryAsync(_server.BareFolder(_core), "cat-file", "-e", tip)).ExitCode);
    }

    [Fact]
    public async Task History_that_is_thrown_away_is_forced()
    {
        await _git.RunAsync(_ann, "commit", "--quiet", "--amend", "-m", "Another beginning");
        var tip = await _git.RunAsync(_ann, "rev-parse", "HEAD");
        var seen = Assert.Single(await InspectAsync([Update(_base, tip, "refs/heads/main")], tip));
        Assert.Equal((true, 1), (seen.Forced!.Value, seen.Commits!.Value));
    }

    [Fact]
    public async Task A_tag_that_moves_is_forced_even_forwards()
    {
        var tip = await _git.CommitAsync(_ann, "a.txt", "a");
        var seen = Assert.Single(await InspectAsync([Update(_base, tip, "refs/tags/v1")], tip, $"^{_base}"));
        Assert.Equal((true, 1), (seen.Forced!.Value, seen.Commits!.Value));
    }

    [Fact]
    public async Task A_delete_needs_no_pack()
    {
        var seen = Assert.Single(await _server.Upstream.InspectAsync(new(new(GitService.ReceivePack, _core) { Updates = [Update(_base, null, "refs/heads/main")] }, 0), null, Cancellation));
        Assert.Equal((null, 0), (seen.Forced, seen.Commits));
    }

    [Fact]
    public async Task What_cannot_be_told_stays_unknown_and_is_never_called_harmless()
    {
        var stranger = new string('a', 40);
        var tip = await _git.CommitAsync(_ann, "a.txt", "a");
        var seen = Assert.Single(await InspectAsync([Update(stranger, tip, "refs/heads/main")], tip, $"^{_base}"));
        Assert.Null(seen.Forced);
        Assert.Null(seen.Commits);
        var broken = await _server.Upstream.InspectAsync(
            new(new(GitService.ReceivePack, _core) { Updates = [Update(_base, tip, "refs/heads/main")] }, 0), new MemoryStream("PACK garbage"u8.ToArray()), Cancellation);
        Assert.Null(Assert.Single(broken).Forced);
    }

    [Fact]
    public async Task The_quarantine_is_gone_afterwards_whatever_happened()
    {
        var tip = await _git.CommitAsync(_ann, "a.txt", "a");
        await InspectAsync([Update(_base, tip, "refs/heads/main")], tip, $"^{_base}");
        using var leaving = new CancellationTokenSource();
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _server.Upstream.InspectAsync(
            new(new(GitService.ReceivePack, _core) { Updates = [Update(_base, tip, "refs/heads/main")] }, 0), new MemoryStream(new byte[100]), leaving.Token));
        Assert.Empty(Directory.EnumerateFileSystemEntries(_server.Options.SpoolFolder));
    }

    [Fact]
    public async Task A_repository_that_is_not_there_cannot_be_looked_at()
    {
        Assert.True(RepositoryPath.TryParse("ACME/none", out var none));
        await Assert.ThrowsAsync<UpstreamUnavailableException>(() => _server.Upstream.InspectAsync(new(new(GitService.ReceivePack, none), 0), null, Cancellation));
    }

    private async Task<IReadOnlyList<RefUpdate>> InspectAsync(RefUpdate[] updates, params string[] revisions)
    {
        using var packing = _git.Start(_ann, "pack-objects", "--revs", "--stdout", "-q", "--thin", "--delta-base-offset");
        await packing.StandardInput.WriteAsync(string.Join('\n', revisions) + "\n");
        packing.StandardInput.Close();
        return await _server.Upstream.InspectAsync(new(new(GitService.ReceivePack, _core) { Updates = updates }, 0), packing.StandardOutput.BaseStream, Cancellation);
    }

    private static RefUpdate Update(string? old, string? @new, string name)
    {
        var zero = new string('0', 40);
        Assert.True(ObjectId.TryParse(old ?? zero, out var from) & ObjectId.TryParse(@new ?? zero, out var to) & RefName.TryParse(name, out var parsed));
        return new(from!, to!, parsed!);
    }
}
