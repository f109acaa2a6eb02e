using System.Globalization;
using Countersign.Core.Challenges;
using Countersign.Server.Enforcement;
using Countersign.Server.Tests.Fixtures;
using Microsoft.Data.Sqlite;

namespace Countersign.Server.Tests.Regressions;

/// <summary>
/// What the gateway rests on is down, slow or wrong: the command is denied with one helpful line, nothing passes, and when it is
/// well again so is the gateway, without a restart. The table is in docs/when-things-fail.md.
/// </summary>
[Trait("Category", "slow")]
public sealed class FailClosedTests
{
    private const string OpenReads = "version: 1\nmode: enforce\nrules:\n  - { name: reads, operations: [read], effect: allow }\n  - { name: writes, operations: [write] }\n";
    private const string Denied = "The gateway could not decide or serve this command, so it was denied.";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("clone")]
    [InlineData("fetch")]
    [InlineData("ls-remote")]
    [InlineData("push")]
    public async Task While_the_ledger_takes_no_record_nothing_passes_and_afterwards_it_does(string command)
    {
        await using var world = await World.PrepareAsync(OpenReads);
        using (Lock(world.Gateway.Options.LedgerFile))
        {
            await world.AssertDeniedAsync(command);
        }

        if (command != "push")
        {
            var again = await world.RunAsync(command);
            Assert.True(again.ExitCode == 0, again.Error);
        }

        await world.Gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task A_verdict_that_cannot_be_recorded_is_none_and_can_be_given_again()
    {
        await using var world = await World.PrepareAsync(policy: null);
        var git = world.Start("ls-remote");
        var request = await world.Ann.NextRequestAsync();
        using (Lock(world.Gateway.Options.LedgerFile))
        {
            await Assert.ThrowsAnyAsync<Exception>(() => world.Ann.ApproveAsync(request));
            Assert.False(git.Completion.IsCompleted);
        }

        world.Gateway.Clock.Advance(TimeSpan.FromSeconds(30)); // the code may be spent: the next one is fresh
        Assert.Equal(ApprovalOutcome.Done, (await world.Ann.ApproveAsync(request)).Outcome);
        Assert.Equal(0, (await git.Completion).ExitCode);
        await world.Gateway.AssertInvariantsAsync();
    }

    [Theory]
    [InlineData("clone")]
    [InlineData("push")]
    public async Task A_ledger_whose_file_is_garbage_denies(string command)
    {
        await using var world = await World.PrepareAsync(policy: null);
        Spoil(world.Gateway.Options.LedgerFile);
        await world.AssertDeniedAsync(command);
    }

    [Theory]
    [InlineData("clone")]
    [InlineData("push")]
    public async Task A_database_whose_file_is_garbage_denies_or_knows_nobody(string command)
    {
        await using var world = await World.PrepareAsync(OpenReads);
        Spoil(world.Gateway.Options.DatabaseFile);
        var result = await world.RunAsync(command);
        Assert.NotEqual(0, result.ExitCode);
        Assert.False(await world.HasHappenedAsync(command));
    }

    [Fact]
    public async Task A_clock_that_jumps_ahead_ends_what_waits_and_is_told_so()
    {
        await using var world = await World.PrepareAsync(policy: null);
        var waiting = world.Gateway.Clock.WhenArmedAsync(TimeSpan.FromSeconds(40), TimeSpan.FromSeconds(50));
        var git = world.Start("ls-remote");
        var request = await world.Ann.NextRequestAsync();
        await waiting;
        world.Gateway.Clock.Advance(TimeSpan.FromHours(2));

        var result = await git.Completion;
        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains("again", result.Shown, StringComparison.Ordinal); // not approved in time, whichever timer saw it first
        Assert.NotEqual(ApprovalOutcome.Done, (await world.Ann.ApproveAsync(request)).Outcome);
        await world.Gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task A_clock_that_jumps_back_makes_nothing_spent_count_again_and_holds_nobody_for_longer_than_it_says()
    {
        await using var world = await World.PrepareAsync(policy: null);
        var git = world.Start("ls-remote");
        var first = await world.Ann.NextRequestAsync();
        var code = world.Ann.FreshCode();
        Assert.Equal(ApprovalOutcome.Done, (await ApproveAsync(first)).Outcome);
        Assert.Equal(0, (await git.Completion).ExitCode);

        world.Gateway.Clock.Advance(-TimeSpan.FromHours(2));
        var again = world.Start("clone");
        var second = await world.Ann.NextRequestAsync();
        Assert.NotEqual(first.Id, second.Id);
        Assert.Equal(ApprovalOutcome.ProofRefused, (await ApproveAsync(second)).Outcome);
        await world.Ann.DenyAsync(second);
        Assert.NotEqual(0, (await again.Completion).ExitCode);
        Assert.False(await world.HasHappenedAsync("clone"));
        await world.Gateway.AssertInvariantsAsync();

        Task<ApprovalResult> ApproveAsync(Challenge request) =>
            world.Gateway.Get<Approvals>().ApproveAsync(world.Ann.Principal, request.Id, new(null, code, null, null), Cancellation);
    }

    /// <summary>Another program holds the file: every write waits for it, and gives up.</summary>
    private static SqliteConnection Lock(string file)
    {
        var other = new SqliteConnection($"Data Source={file};Pooling=False");
        other.Open();
        using var command = other.CreateCommand();
        command.CommandText = "BEGIN IMMEDIATE";
        command.ExecuteNonQuery();
        return other;
    }

    /// <summary>What is on the disk turns to garbage under the open gateway.</summary>
    private static void Spoil(string file)
    {
        foreach (var part in new[] { file, file + "-wal", file + "-shm" }.Where(File.Exists))
        {
            using var stream = new FileStream(part, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
            var garbage = new byte[stream.Length];
            Array.Fill(garbage, (byte)0xA5);
            stream.Write(garbage);
        }
    }

    /// <summary>ann, ACME/core, and a clone of it made before anything broke.</summary>
    private sealed class World : IAsyncDisposable
    {
        private int clones;

        public required GatewayFixture Gateway { get; init; }

        public required TestPerson Ann { get; init; }

        public required GitClient Git { get; init; }

        public static async Task<World> PrepareAsync(string? policy)
        {
            var gateway = await GatewayFixture.StartAsync(policy);
            var ann = await gateway.AddPersonAsync();
            var core = await gateway.AddRepositoryAsync();
            var git = new GitClient(Path.Combine(gateway.Folder.FullName, "work"));
            await git.SucceedAsync("clone", "--quiet", gateway.BareFolder(core), git.Folder);
            await git.SucceedAsync("remote", "set-url", "origin", ann.UrlOf("ACME/core"));
            await git.CommitAsync("new.txt", "new");
            return new() { Gateway = gateway, Ann = ann, Git = git };
        }

        public GitClient.RunningGit Start(string command) => command switch
        {
            "clone" => Git.StartAsync("clone", "--quiet", Ann.UrlOf("ACME/core"), Target(++clones)),
            "fetch" => Git.StartAsync("fetch", "--quiet", "origin"),
            "push" => Git.StartAsync("push", "--quiet", "origin", "HEAD:refs/heads/new"),
            _ => Git.StartAsync("ls-remote", "origin"),
        };

        public Task<GitResult> RunAsync(string command) => Start(command).Completion;

        public async Task<bool> HasHappenedAsync(string command) => command switch
        {
            "clone" => Directory.Exists(Path.Combine(Target(clones), ".git", "refs")) && Directory.GetFiles(Target(clones)).Length > 0,
            "push" => await Gateway.TipAsync(Story.Core, "refs/heads/new") is not null,
            _ => false,
        };

        public async Task AssertDeniedAsync(string command)
        {
            var result = await RunAsync(command);
            Assert.NotEqual(0, result.ExitCode);
            Assert.Contains(Denied, result.Shown, StringComparison.Ordinal);
            Assert.DoesNotContain("refs/heads", result.Output, StringComparison.Ordinal);
            Assert.False(await HasHappenedAsync(command));
        }

        public ValueTask DisposeAsync() => Gateway.DisposeAsync();

        private string Target(int number) => Path.Combine(Gateway.Folder.FullName, "clone" + number.ToString(CultureInfo.InvariantCulture));
    }
}
