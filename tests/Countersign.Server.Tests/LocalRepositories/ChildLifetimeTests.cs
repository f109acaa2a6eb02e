using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Countersign.Core.Git;
using Countersign.Server.Enforcement;

namespace Countersign.Server.Tests.LocalRepositories;

/// <summary>A child never outlives its request, and a request that breaks changes nothing.</summary>
[Collection(nameof(ChildLifetimeTests))]
[Trait("Category", "slow")]
public sealed class ChildLifetimeTests : IAsyncLifetime
{
    private GitServer _server = null!;
    private RepositoryPath _core = null!;
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server = await GitServer.StartAsync(maxProcesses: 4);
        Assert.True(RepositoryPath.TryParse("ACME/core", out _core!));
        await _server.Store.CreateSampleAsync(_core, Cancellation);
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task A_fetch_that_is_cancelled_half_way_leaves_no_process()
    {
        await GrowAsync(20);
        using var leaving = new CancellationTokenSource();
        var (request, answer) = (PipeReader.Create(new MemoryStream(await FetchBodyAsync())), new Pipe());
        var forwarding = _server.Upstream.ForwardAsync(new(new(GitService.UploadPack, _core), 2), request, answer.Writer, leaving.Token);
        var first = await answer.Reader.ReadAsync(Cancellation); // nobody reads on: the child is stuck in the middle of its pack
        Assert.False(first.Buffer.IsEmpty);
        Assert.NotEmpty(Children());
        await leaving.CancelAsync();
        var outcome = await forwarding;
        Assert.Equal((false, "client left"), (outcome.Succeeded, outcome.Detail));
        await NoChildrenAsync();
    }

    [Fact]
    public async Task A_client_that_closes_the_answer_ends_the_child()
    {
        await GrowAsync(20);
        var (request, answer) = (PipeReader.Create(new MemoryStream(await FetchBodyAsync())), new Pipe());
        var forwarding = _server.Upstream.ForwardAsync(new(new(GitService.UploadPack, _core), 2), request, answer.Writer, Cancellation);
        await answer.Reader.ReadAsync(Cancellation);
        await answer.Reader.CompleteAsync();
        Assert.Equal("client left", (await forwarding).Detail);
        await NoChildrenAsync();
    }

    [Fact]
    public async Task A_client_that_vanishes_in_the_middle_of_a_push_changes_no_ref_and_leaves_no_process_nor_lock()
    {
        var before = await RefsAsync();
        var (body, _) = await PushBodyAsync(5);
        _server.Outcomes.Clear();
        using (var socket = new TcpClient())
        {
            var uri = new Uri(_server.Url);
            await socket.ConnectAsync(IPAddress.Loopback, uri.Port, Cancellation);
            var head = $"POST /scm/ACME/core.git/git-receive-pack HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-git-receive-pack-request\r\nContent-Length: {body.Length}\r\n\r\n";
            await socket.GetStream().WriteAsync(Encoding.ASCII.GetBytes(head), Cancellation);
            await socket.GetStream().WriteAsync(body.AsMemory(0, body.Length / 2), Cancellation);
        }

        await UntilAsync(() => !_server.Outcomes.IsEmpty);
        Assert.Equal("client left", _server.Outcomes.Single().Detail);
        Assert.Equal(before, await RefsAsync());
        await NoChildrenAsync();
        Assert.Empty(Directory.EnumerateFiles(_server.BareFolder(_core), "*.lock", SearchOption.AllDirectories));
        Assert.Empty(Directory.EnumerateDirectories(Path.Combine(_server.BareFolder(_core), "objects"), "*incoming*"));
    }

    [Fact]
    public async Task A_body_that_fails_at_any_point_is_never_taken_for_a_finished_one()
    {
        var (body, updates) = await PushBodyAsync(1);
        var before = await RefsAsync();
        foreach (var cut in new[] { 0, 4, 100, 180, body.Length / 2, body.Length - 1 })
        {
            var request = new Pipe();
            var forwarding = _server.Upstream.ForwardAsync(
                new(new(GitService.ReceivePack, _core) { Updates = updates }, 0), request.Reader, PipeWriter.Create(Stream.Null), Cancellation);
            await request.Writer.WriteAsync(body.AsMemory(0, cut), Cancellation);
            await request.Writer.CompleteAsync(new IOException("reset by peer"));
            Assert.False((await forwarding).Succeeded);
            Assert.Equal(before, await RefsAsync());
        }

        await NoChildrenAsync();
    }

    [Fact]
    public async Task A_whole_body_is_taken_and_its_bytes_are_counted()
    {
        var (body, updates) = await PushBodyAsync(1);
        var outcome = await _server.Upstream.ForwardAsync(
            new(new(GitService.ReceivePack, _core) { Updates = updates }, 0), PipeReader.Create(new MemoryStream(body)), PipeWriter.Create(Stream.Null), Cancellation);
        Assert.Equal((true, "ok", (long)body.Length), (outcome.Succeeded, outcome.Detail, outcome.BytesIn));
        Assert.True(outcome.BytesOut > 20);
    }

    [Fact]
    public async Task A_request_that_is_no_pack_protocol_fails_with_one_line_that_shows_no_path()
    {
        var outcome = await _server.Upstream.ForwardAsync(new(new(GitService.ReceivePack, _core), 0), PipeReader.Create(new MemoryStream("zzzz"u8.ToArray())), PipeWriter.Create(Stream.Null), Cancellation);
        Assert.False(outcome.Succeeded);
        Assert.StartsWith("exit 128: fatal:", outcome.Detail, StringComparison.Ordinal);
        Assert.DoesNotContain('/', outcome.Detail);
    }

    [Fact]
    public async Task Waiting_for_a_free_process_ends_by_cancellation()
    {
        var (pipes, held) = (new List<Pipe>(), new List<Task<ForwardOutcome>>());
        using var leaving = new CancellationTokenSource();
        for (var number = 0; number < 4; number++)
        {
            pipes.Add(new());
            held.Add(_server.Upstream.ForwardAsync(new(new(GitService.UploadPack, _core), 2), pipes[^1].Reader, PipeWriter.Create(Stream.Null), leaving.Token));
        }

        using var giving = new CancellationTokenSource();
        var waiting = _server.Upstream.AdvertiseAsync(new(new(GitService.UploadPack, _core), 2), PipeWriter.Create(Stream.Null), giving.Token);
        Assert.False(waiting.IsCompleted);
        await giving.CancelAsync();
        Assert.Equal("client left", (await waiting).Detail);
        await leaving.CancelAsync();
        await Task.WhenAll(held);
        Assert.True((await _server.Upstream.AdvertiseAsync(new(new(GitService.UploadPack, _core), 2), PipeWriter.Create(Stream.Null), Cancellation)).Succeeded);
    }

    [Fact]
    public async Task Two_hundred_clones_at_once_finish_with_four_processes()
    {
        using var http = new HttpClient();
        var body = await FetchBodyAsync();
        async Task<int> CloneAsync()
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, _server.AddressOf(_core) + "/git-upload-pack") { Content = new ByteArrayContent(body) };
            request.Content.Headers.ContentType = new("application/x-git-upload-pack-request");
            request.Headers.Add("Git-Protocol", "version=2");
            using var response = await http.SendAsync(request, Cancellation);
            return (await response.Content.ReadAsByteArrayAsync(Cancellation)).AsSpan().IndexOf("PACK"u8);
        }

        Assert.All(await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => CloneAsync())), at => Assert.True(at > 0));
        Assert.Equal(200, _server.Outcomes.Count(outcome => outcome.Succeeded));
        await NoChildrenAsync();
    }

    [Fact]
    public async Task A_big_push_streams_through_and_memory_stays()
    {
        var git = _server.Client();
        var ann = await git.CloneAsync(_server.AddressOf(_core));
        await git.CommitAsync(ann, "warm.bin", RandomNumberGenerator.GetBytes(2_000_000));
        await git.RunAsync(ann, "push", "--quiet", "origin", "main");
        await git.CommitAsync(ann, "big.bin", RandomNumberGenerator.GetBytes(20_000_000));
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var allocated = GC.GetTotalAllocatedBytes(precise: true);
        await git.RunAsync(ann, "push", "--quiet", "origin", "main");
        Assert.True(_server.Outcomes.Last() is { Succeeded: true, BytesIn: > 20_000_000 });
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, 4_000_000);
        Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - allocated, 0, 19_000_000); // less than the pack: it is nowhere held whole
    }

    private async Task GrowAsync(int megabytes)
    {
        var git = _server.Client();
        var ann = await git.CloneAsync(_server.AddressOf(_core));
        await git.CommitAsync(ann, "big.bin", RandomNumberGenerator.GetBytes(megabytes * 1_000_000));
        await git.RunAsync(ann, "push", "--quiet", "origin", "main");
        _server.Outcomes.Clear();
    }

    private async Task<byte[]> FetchBodyAsync()
    {
        var tip = await _server.Client().RunAsync(_server.BareFolder(_core), "rev-parse", "refs/heads/main");
        static string Pkt(string text) => $"{text.Length + 4:x4}{text}";
        return Encoding.ASCII.GetBytes(Pkt("command=fetch") + "0001" + Pkt("no-progress") + Pkt($"want {tip}\n") + Pkt("done\n") + "0000");
    }

    private async Task<(byte[] Body, IReadOnlyList<RefUpdate> Updates)> PushBodyAsync(int megabytes)
    {
        var git = _server.Client();
        var ann = await git.CloneAsync(_server.AddressOf(_core));
        var old = await git.RunAsync(ann, "rev-parse", "HEAD");
        var commit = await git.CommitAsync(ann, "big.bin", RandomNumberGenerator.GetBytes(megabytes * 1_000_000));
        using var packing = git.Start(ann, "pack-objects", "--revs", "--stdout", "-q");
        await packing.StandardInput.WriteAsync($"{commit}\n^{old}\n");
        packing.StandardInput.Close();
        var command = $"{old} {commit} refs/heads/main\0 report-status side-band-64k";
        var body = new MemoryStream();
        body.Write(Encoding.ASCII.GetBytes($"{command.Length + 4:x4}{command}0000"));
        await packing.StandardOutput.BaseStream.CopyToAsync(body, Cancellation);
        Assert.True(ObjectId.TryParse(old, out var oldId) & ObjectId.TryParse(commit, out var newId) & RefName.TryParse("refs/heads/main", out var name));
        return (body.ToArray(), [new(oldId!, newId!, name!)]);
    }

    private Task<string> RefsAsync() => _server.Client().RunAsync(_server.BareFolder(_core), "for-each-ref");

    /// <summary>Every process on this machine that works on this test's repository.</summary>
    private List<string> Children()
    {
        var found = new List<string>();
        foreach (var process in Directory.EnumerateDirectories("/proc").Where(path => char.IsAsciiDigit(Path.GetFileName(path)[0])))
        {
            try
            {
                var command = File.ReadAllText(Path.Combine(process, "cmdline")).Replace('\0', ' ');
                if (command.Length == 0)
                {
                    continue; // dead, and not yet collected by whoever collects orphans here
                }

                var folder = File.ResolveLinkTarget(Path.Combine(process, "cwd"), returnFinalTarget: false)?.FullName ?? "";
                if ((command + folder).Contains(_server.Options.RepositoriesFolder, StringComparison.Ordinal))
                {
                    found.Add(command);
                }
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // Ended while we looked.
            }
        }

        return found;
    }

    // What was killed is dying when the outcome is told; the kernel takes a moment over it.
    private Task NoChildrenAsync() => UntilAsync(() => Children().Count == 0);

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        for (var turn = 0; turn < 1000 && !condition(); turn++)
        {
            await timer.WaitForNextTickAsync(Cancellation);
        }

        Assert.True(condition());
    }
}

/// <summary>Alone on the machine: memory is counted for the whole process.</summary>
[CollectionDefinition(nameof(ChildLifetimeTests), DisableParallelization = true)]
public sealed class ChildLifetimeCollection;
