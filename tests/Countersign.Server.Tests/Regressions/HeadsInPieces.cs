using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using Countersign.Core.Git;
using Countersign.Server.Tests.Fixtures;
using Countersign.Server.Tests.Ssh;
using Countersign.Server.Transports.Https;

namespace Countersign.Server.Tests.Regressions;

/// <summary>
/// Found by attack: a deletion, whose client sends no pack and leaves its side open, was waited behind for ever when its head came in two
/// pieces, as sshd cuts a long one.
/// </summary>
[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class HeadsInPieces
{
    private static readonly string Old = new('1', 40);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1)]
    [InlineData(300)]
    public async Task A_head_is_read_when_it_is_whole_however_it_came_and_though_nothing_follows(int refs)
    {
        var text = PushByHand.Head([.. Enumerable.Range(0, refs).Select(number => $"{Old} {PushByHand.Zero} refs/heads/r{number}")]);
        var bytes = Encoding.Latin1.GetBytes(text);
        foreach (var cut in new[] { 1, 3, 4, 50, bytes.Length / 2, bytes.Length - 4, bytes.Length - 1 })
        {
            var pipe = new Pipe(new(readerScheduler: PipeScheduler.Inline, useSynchronizationContext: false));
            var reading = BodyHead.ReadAsync<ReceivePackRequest>(
                pipe.Reader, (in ReadOnlySequence<byte> all, out ReceivePackRequest? head, out string error) => ReceivePackRequest.TryParse(all, out head, out _, out error), Cancellation);
            await pipe.Writer.WriteAsync(bytes.AsMemory(0, cut), Cancellation);
            Assert.False(reading.IsCompleted);
            await pipe.Writer.WriteAsync(bytes.AsMemory(cut), Cancellation);
            var (read, wrong) = await reading.WaitAsync(TimeSpan.FromSeconds(20), Cancellation);
            Assert.True(read is not null, wrong);
            Assert.Equal(refs, read.Updates.Count);
        }
    }

    [Fact]
    public async Task A_long_head_byte_by_byte_is_parsed_a_few_times_only()
    {
        var bytes = Encoding.Latin1.GetBytes(PushByHand.Head([.. Enumerable.Range(0, 300).Select(number => $"{Old} {PushByHand.Zero} refs/heads/r{number}")]));
        var parsed = 0;
        var pipe = new Pipe(new(readerScheduler: PipeScheduler.Inline, useSynchronizationContext: false));
        var reading = BodyHead.ReadAsync<ReceivePackRequest>(
            pipe.Reader,
            (in ReadOnlySequence<byte> all, out ReceivePackRequest? head, out string error) =>
            {
                parsed++;
                return ReceivePackRequest.TryParse(all, out head, out _, out error);
            },
            Cancellation);
        foreach (var each in bytes)
        {
            await pipe.Writer.WriteAsync(new[] { each }, Cancellation);
        }

        Assert.Equal(300, (await reading).Head!.Updates.Count);
        Assert.InRange(parsed, 1, 20);
    }

    [Fact]
    public async Task A_deletion_in_two_pieces_goes_through_over_ssh()
    {
        await using var story = await SshStory.StartAsync(LargeFiles.Policies.EverythingFree);
        await GitClient.RunBareAsync(story.Bare, "branch", "side", "main");
        using var delete = story.Relay.Begin(story.Key, "git-receive-pack '/ACME/core.git'");
        await delete.ReadUntilAsync("refs/heads/side");
        var head = PushByHand.Head($"{await story.TipAsync("refs/heads/side")} {PushByHand.Zero} refs/heads/side");
        await delete.WriteAsync(head[..60]);
        await delete.WriteAsync(head[60..]);
        Assert.Equal(0, await delete.EndAsync());
        Assert.Null(await story.TipAsync("refs/heads/side"));
    }

    [Fact]
    [Trait("Category", "slow")]
    public async Task Git_deletes_six_hundred_branches_in_one_push_over_ssh()
    {
        await using var ssh = await SshFixture.StartAsync(policy: LargeFiles.Policies.EverythingFree);
        var core = await ssh.Gateway.AddRepositoryAsync();
        var bare = ssh.Gateway.BareFolder(core);
        var packed = new StringBuilder("# pack-refs with: peeled fully-peeled sorted \n");
        var tip = await ssh.Gateway.TipAsync(core);
        var names = Enumerable.Range(0, 600).Select(number => $"{new string('b', 100)}{number:000}").ToList();
        names.ForEach(name => packed.Append(System.Globalization.CultureInfo.InvariantCulture, $"{tip} refs/heads/{name}\n"));
        packed.Append(System.Globalization.CultureInfo.InvariantCulture, $"{tip} refs/heads/main\n");
        await File.WriteAllTextAsync(Path.Combine(bare, "packed-refs"), packed.ToString(), Cancellation);
        var (laptop, _) = await ssh.AddKeyAsync(await ssh.Gateway.AddPersonAsync());
        var tree = new GitClient(Path.Combine(ssh.Gateway.Folder.FullName, "tree"), 2, laptop.GitEnvironment(ssh.Port));
        await tree.SucceedAsync("init", "-q");
        await tree.SucceedAsync(["push", "-q", $"ssh://git@127.0.0.1:{ssh.Port}/ACME/core.git", .. names.Select(name => $":refs/heads/{name}")]);
        Assert.Equal("1", (await GitClient.RunBareAsync(bare, "for-each-ref", "--count=5", "--format=1", "refs/heads")).Output.Trim());
    }
}
