using System.Security.Cryptography;
using Countersign.Core.Git;
using Countersign.Server.Enforcement;
using Countersign.Server.Tests.Fixtures;

namespace Countersign.Server.Tests.Regressions;

/// <summary>Commands of unusual shape are held like all others, and are talked to where their protocol can listen.</summary>
[Trait("Category", "slow")]
public sealed class TalkTests
{
    private const string OpenReads = "version: 1\nmode: enforce\nrules:\n  - { name: reads, operations: [read], effect: allow }\n  - { name: writes, operations: [write] }\n";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(3, true)]
    [InlineData(20, false)]
    public async Task A_big_push_waits_with_its_link_and_number_and_ends_cleanly_either_way(int megabytes, bool approve)
    {
        await using var gateway = await GatewayFixture.StartAsync(OpenReads);
        var ann = await gateway.AddPersonAsync();
        var core = await gateway.AddRepositoryAsync();
        var tree = await CloneAsync(gateway, ann);
        await File.WriteAllBytesAsync(Path.Combine(tree.Folder, "big.bin"), RandomNumberGenerator.GetBytes(megabytes << 20), Cancellation);
        var tip = await tree.CommitAsync("small.txt", "x");
        var push = tree.StartAsync("push", "origin", "main");
        var request = approve ? await ann.ApproveNextAsync() : await ann.DenyNextAsync();

        var result = await push.Completion;
        Assert.Contains($"remote: waiting for your approval at {gateway.Url}/a/{request.Id}   number {request.Number}", result.Shown, StringComparison.Ordinal);
        Assert.True(approve == (result.ExitCode == 0), result.Error);
        Assert.Equal(approve, await gateway.TipAsync(core) == tip);
        Assert.True(approve || result.Error.Contains("! [remote rejected] main -> main (second factor denied)", StringComparison.Ordinal), result.Error);
        Assert.Equal(1, Assert.Single(request.Command.Updates).Commits);
        Assert.Empty(Directory.GetFileSystemEntries(gateway.Options.SpoolFolder));
        await gateway.AssertInvariantsAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_lazy_fetch_of_a_partial_clone_is_held_and_talks(bool approve)
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        var git = new GitClient(Path.Combine(gateway.Folder.FullName, "work"));
        var clone = git.StartAsync("clone", "--filter=blob:none", "--no-checkout", ann.UrlOf("ACME/core"), "c");
        await ann.ApproveNextAsync();
        Assert.Equal(0, (await clone.Completion).ExitCode);
        gateway.Clock.Advance(TimeSpan.FromMinutes(20));

        var told = gateway.Clock.WhenArmedAsync(TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(4)); // the first sign of life comes after the text
        var checkout = new GitClient(Path.Combine(git.Folder, "c")).StartAsync("checkout", "main");
        var request = await ann.NextRequestAsync();
        await told;
        Assert.Equal(ApprovalOutcome.Done, (approve ? await ann.ApproveAsync(request) : await ann.DenyAsync(request)).Outcome);
        var result = await checkout.Completion;
        Assert.True(result.Shown.Contains($"remote: waiting for your approval at {gateway.Url}/a/{request.Id}   number {request.Number}", StringComparison.Ordinal), result.Error);
        Assert.True(approve == (result.ExitCode == 0), result.Error);
        Assert.True(approve || result.Error.Contains("Denied: this fetch was refused", StringComparison.Ordinal), result.Error);
        Assert.Equal(approve, File.Exists(Path.Combine(git.Folder, "c", "file3.txt")));
        await gateway.AssertInvariantsAsync();
    }

    [Theory]
    [InlineData(2)]
    [InlineData(0)]
    public async Task A_fetch_that_negotiates_over_300_local_commits_takes_one_approval(int protocol)
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        var core = await gateway.AddRepositoryAsync();
        var tree = new GitClient(Path.Combine(gateway.Folder.FullName, "tree"), protocol);
        await tree.SucceedAsync("-c", "safe.directory=*", "clone", "-q", gateway.BareFolder(core), ".");
        await tree.SucceedAsync("remote", "set-url", "origin", ann.UrlOf("ACME/core"));
        var parent = (await tree.SucceedAsync("rev-parse", "HEAD")).Output.Trim();
        var import = string.Concat(Enumerable.Range(0, 300).Select(number =>
            $"commit refs/heads/main\ncommitter A <a@example.org> {1_800_000_000 + number} +0000\ndata 1\nx\n{(number == 0 ? $"from {parent}\n" : "")}\n"));
        var file = Path.Combine(gateway.Folder.FullName, "import");
        await File.WriteAllTextAsync(file, import, Cancellation);
        await tree.SucceedAsync("-c", $"alias.import=!git fast-import --quiet < {file}", "import");
        var other = await OtherCommitAsync(gateway, core);

        var fetch = tree.StartAsync("fetch", "origin");
        await ann.ApproveNextAsync();
        var result = await fetch.Completion;
        Assert.True(result.ExitCode == 0, result.Error);
        Assert.Equal(other, (await tree.SucceedAsync("rev-parse", "origin/main")).Output.Trim());
        Assert.Single(await gateway.AuditAsync(), record => record.Event.Type == Server.Audit.AuditTypes.ChallengeCreated);
        await gateway.AssertInvariantsAsync();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public async Task A_shallow_clone_is_deepened_and_completed_with_an_approval_each(int protocol)
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        var git = new GitClient(Path.Combine(gateway.Folder.FullName, "work"), protocol);
        var tree = new GitClient(Path.Combine(git.Folder, "c"), protocol);
        async Task<int> CommitsAsync() => (await tree.SucceedAsync("rev-list", "HEAD")).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length;
        foreach (var (client, arguments, commits) in new[]
        {
            (git, new[] { "clone", "--depth=1", ann.UrlOf("ACME/core"), "c" }, 1), (tree, ["fetch", "--deepen=1"], 2), (tree, ["fetch", "--unshallow"], 3),
        })
        {
            var running = client.StartAsync(arguments);
            await ann.ApproveNextAsync();
            var result = await running.Completion;
            Assert.True(result.ExitCode == 0, result.Error);
            Assert.Equal(commits, await CommitsAsync());
            gateway.Clock.Advance(TimeSpan.FromMinutes(20));
        }

        await gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task A_SHA256_repository_is_cloned_and_pushed_to_with_approval()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        var source = await GitClient.MakeSourceAsync(gateway.Folder.CreateSubdirectory("sha256").FullName, "sha256");
        var path = await gateway.AddRepositoryAsync("long", import: source);
        var git = new GitClient(Path.Combine(gateway.Folder.FullName, "work"));
        var clone = git.StartAsync("clone", ann.UrlOf("ACME/long"), "c");
        await ann.ApproveNextAsync();
        Assert.True((await clone.Completion).ExitCode == 0, (await clone.Completion).Error);
        var tree = new GitClient(Path.Combine(git.Folder, "c"));
        var tip = await tree.CommitAsync("x.txt", "x");
        var push = tree.StartAsync("push", "origin", "main");
        await ann.ApproveNextAsync();
        Assert.True((await push.Completion).ExitCode == 0, (await push.Completion).Error);
        Assert.Equal((64, tip), (tip.Length, await gateway.TipAsync(path)));
        await gateway.AssertInvariantsAsync();
    }

    private static async Task<GitClient> CloneAsync(GatewayFixture gateway, TestPerson person)
    {
        var tree = new GitClient(Path.Combine(gateway.Folder.FullName, "tree"));
        await tree.SucceedAsync("clone", "-q", person.UrlOf("ACME/core"), ".");
        return tree;
    }

    private static async Task<string> OtherCommitAsync(GatewayFixture gateway, RepositoryPath core)
    {
        var other = new GitClient(Path.Combine(gateway.Folder.FullName, "other"));
        await other.SucceedAsync("-c", "safe.directory=*", "clone", "-q", gateway.BareFolder(core), ".");
        var tip = await other.CommitAsync("news.txt", "news\n");
        await other.SucceedAsync("-c", "safe.directory=*", "push", "-q", "origin", "main");
        return tip;
    }
}
