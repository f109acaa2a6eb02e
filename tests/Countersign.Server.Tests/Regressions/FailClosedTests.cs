using System.Globalization;
using System.Runtime.Versioning;
using Countersign.Core.Challenges;
using Countersign.Server.Enforcement;
using Countersign.Server.People;
using Countersign.Server.Tests.Fixtures;
using Microsoft.Data.Sqlite;

namespace Countersign.Server.Tests.Regressions;

/// <summary>
/// What the gateway rests on is down, slow or wrong: the command is denied with one helpful line, nothing passes, and when it is
/// well again so is the gateway, without a restart. The table is in docs/when-things-fail.md.
/// </summary>
[SupportedOSPlatform("linux")]
[Trait("Category", "slow")]
public sealed class FailClosedTests
{
    private const string OpenReads = "version: 1\nmode: enforce\nrules:\n  - { name: reads, operations: [read], effect: allow }\n  - { name: writes, operations: [write] }\n";
    private const string Denied = "The gateway could not decide or serve this command, so it was denied.";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task While_the_ledger_takes_no_record_nothing_passes_over_HTTPS_or_SSH_and_afterwards_it_does()
    {
        await using var world = await World.PrepareAsync(OpenReads);
        using (Lock(world.Gateway.Options.LedgerFile))
        {
            await world.AssertAllDeniedAsync();
        }

        await world.AssertReadsPassAsync();
        await world.Gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task While_another_program_holds_the_database_what_needs_no_approval_goes_on_and_the_rest_waits_until_it_is_free()
    {
        await using var world = await World.PrepareAsync(OpenReads);
        var push = world.Start("push");
        var request = await world.Ann.NextRequestAsync();
        using (Lock(world.Gateway.Options.DatabaseFile))
        {
            var change = world.Gateway.Get<IAccessTokens>().AddAsync(world.Ann.Id, "another", 1, "test", Cancellation);
            var approval = world.Ann.ApproveAsync(request);
            await world.AssertReadsPassAsync();
            await Assert.ThrowsAnyAsync<Exception>(() => change);
            await Assert.ThrowsAnyAsync<Exception>(() => approval);
            Assert.False(push.Completion.IsCompleted);
        }

        world.Gateway.Clock.Advance(TimeSpan.FromSeconds(30)); // the code is spent
        Assert.Equal(ApprovalOutcome.Done, (await world.Ann.ApproveAsync(request)).Outcome);
        Assert.Equal(0, (await push.Completion).ExitCode);

        Assert.Single(await world.Gateway.Get<IAccessTokens>().ListAsync(world.Ann.Id, Cancellation));
        Assert.Null((await world.Gateway.Get<IAccessTokens>().AddAsync(world.Ann.Id, "another", 1, "test", Cancellation)).Refusal);
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

    [Fact]
    public async Task A_ledger_whose_file_is_garbage_denies_until_it_is_well_again()
    {
        await using var world = await World.PrepareAsync(OpenReads);
        using (Spoil(world.Gateway.Options.LedgerFile))
        {
            await world.AssertAllDeniedAsync();
        }

        await world.AssertReadsPassAsync();
        await world.Gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task A_database_whose_file_is_garbage_denies_until_it_is_well_again()
    {
        await using var world = await World.PrepareAsync(OpenReads);
        using (Spoil(world.Gateway.Options.DatabaseFile))
        {
            foreach (var (over, command, result) in await world.RunAllAsync())
            {
                Assert.NotEqual(0, result.ExitCode);
                Assert.Contains(over.Name == "ssh" ? "Permission denied (publickey)" : Denied, result.Shown, StringComparison.Ordinal); // whose key it is cannot be told
                Assert.DoesNotContain("refs/heads", result.Output, StringComparison.Ordinal);
                Assert.False(await over.HasHappenedAsync(command));
            }
        }

        await world.AssertReadsPassAsync();
        await world.Gateway.AssertInvariantsAsync();
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
    public async Task A_clock_that_is_a_day_ahead_ends_grants_and_codes()
    {
        await using var world = await World.PrepareAsync("version: 1\nmode: enforce\nrules:\n  - { name: asked, grant: { scope: workspace, idle: 1h, max: 12h } }\n");
        var first = world.Start("ls-remote");
        await world.Ann.ApproveNextAsync();
        Assert.Equal(0, (await first.Completion).ExitCode);
        Assert.Equal(0, (await world.RunAsync("fetch")).ExitCode); // nobody is asked while the grant lives
        world.Gateway.Clock.Advance(TimeSpan.FromSeconds(30));
        var code = world.Ann.FreshCode();

        world.Gateway.Clock.Advance(TimeSpan.FromDays(1));
        var git = world.Start("fetch");
        var request = await world.Ann.NextRequestAsync();
        var old = await world.Gateway.Get<Approvals>().ApproveAsync(world.Ann.Principal, request.Id, new(null, code, null, null), Cancellation);
        Assert.Equal(ApprovalOutcome.ProofRefused, old.Outcome);
        await world.Ann.DenyAsync(request);
        var result = await git.Completion;
        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains("Denied: this fetch was refused", result.Shown, StringComparison.Ordinal);
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

    /// <summary>What is on the disk turns to garbage under the open gateway, until it is disposed of.</summary>
    private static Spoilt Spoil(string file) => new(file);

    private static void Overwrite(string file, Func<long, byte[]> content)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        stream.Write(content(stream.Length));
        stream.SetLength(stream.Position);
    }

    private sealed class Spoilt : IDisposable
    {
        private readonly List<(string File, byte[] Content)> parts = [];

        public Spoilt(string file)
        {
            foreach (var part in new[] { file, file + "-wal", file + "-shm" }.Where(File.Exists))
            {
                using (var stream = new FileStream(part, FileMode.Open, FileAccess.Read, FileShare.ReadWrite))
                {
                    var content = new byte[stream.Length];
                    stream.ReadExactly(content);
                    parts.Add((part, content));
                }

                Overwrite(part, static length =>
                {
                    var garbage = new byte[length];
                    Array.Fill(garbage, (byte)0xA5);
                    return garbage;
                });
            }
        }

        public void Dispose() => parts.ForEach(part => Overwrite(part.File, _ => part.Content));
    }

    /// <summary>ann, ACME/core, and clones of it made before anything broke, one for each way in.</summary>
    private sealed class World : IAsyncDisposable
    {
        private static readonly string[] Commands = ["clone", "fetch", "ls-remote", "push"];

        private SshFixture ssh = null!;

        public GatewayFixture Gateway => ssh.Gateway;

        public TestPerson Ann { get; private set; } = null!;

        public Way Https { get; private set; } = null!;

        public Way Ssh { get; private set; } = null!;

        public static async Task<World> PrepareAsync(string? policy)
        {
            var ssh = await SshFixture.StartAsync(policy: policy);
            var world = new World { ssh = ssh, Ann = await ssh.Gateway.AddPersonAsync() };
            var core = await world.Gateway.AddRepositoryAsync();
            var (identity, _) = await ssh.AddKeyAsync(world.Ann);
            world.Https = await Way.PrepareAsync(world.Gateway, core, "https", world.Ann.UrlOf("ACME/core"), null);
            world.Ssh = await Way.PrepareAsync(world.Gateway, core, "ssh", $"ssh://git@127.0.0.1:{ssh.Port}/ACME/core.git", identity.GitEnvironment(ssh.Port));
            return world;
        }

        public GitClient.RunningGit Start(string command) => Https.Start(command);

        public Task<GitResult> RunAsync(string command) => Start(command).Completion;

        public Task<bool> HasHappenedAsync(string command) => Https.HasHappenedAsync(command);

        /// <summary>Every command over every way, all at once.</summary>
        public Task<(Way Over, string Command, GitResult Result)[]> RunAllAsync() => Task.WhenAll(
            from way in new[] { Https, Ssh } from command in Commands select RunAsync(way, command));

        public async Task AssertAllDeniedAsync()
        {
            foreach (var (over, command, result) in await RunAllAsync())
            {
                Assert.NotEqual(0, result.ExitCode);
                Assert.Contains(Denied, result.Shown, StringComparison.Ordinal);
                Assert.DoesNotContain("refs/heads", result.Output, StringComparison.Ordinal);
                Assert.False(await over.HasHappenedAsync(command), $"{command} over {over.Name}");
            }
        }

        public async Task AssertReadsPassAsync()
        {
            var again = await Task.WhenAll(from way in new[] { Https, Ssh } from command in Commands where command != "push" select RunAsync(way, command));
            Assert.All(again, ended => Assert.True(ended.Result.ExitCode == 0, $"{ended.Command} over {ended.Over.Name}: {ended.Result.Error}"));
        }

        public ValueTask DisposeAsync() => ssh.DisposeAsync();

        private static async Task<(Way Over, string Command, GitResult Result)> RunAsync(Way way, string command) => (way, command, await way.Start(command).Completion);
    }

    /// <summary>One way in.</summary>
    private sealed class Way(GatewayFixture gateway, GitClient git, string name, string url)
    {
        private int clones;

        public string Name => name;

        public static async Task<Way> PrepareAsync(
            GatewayFixture gateway, Countersign.Core.Git.RepositoryPath core, string name, string url, IReadOnlyDictionary<string, string>? environment)
        {
            var git = new GitClient(Path.Combine(gateway.Folder.FullName, "work-" + name), environment: environment);
            await new GitClient(gateway.Folder.FullName).SucceedAsync("-c", "safe.directory=*", "clone", "--quiet", gateway.BareFolder(core), git.Folder);
            await git.SucceedAsync("remote", "set-url", "origin", url);
            await git.CommitAsync("new.txt", "new");
            return new(gateway, git, name, url);
        }

        public GitClient.RunningGit Start(string command) => command switch
        {
            "clone" => git.StartAsync("clone", "--quiet", url, Target(++clones)),
            "fetch" => git.StartAsync("fetch", "--quiet", "origin"),
            "push" => git.StartAsync("push", "--quiet", "origin", $"HEAD:refs/heads/new-{name}"),
            _ => git.StartAsync("ls-remote", "origin"),
        };

        public async Task<bool> HasHappenedAsync(string command) => command switch
        {
            "clone" => Directory.Exists(Path.Combine(Target(clones), ".git", "refs")) && Directory.GetFiles(Target(clones)).Length > 0,
            "push" => await gateway.TipAsync(Story.Core, $"refs/heads/new-{name}") is not null,
            _ => false,
        };

        private string Target(int number) => Path.Combine(gateway.Folder.FullName, $"clone-{name}-{number.ToString(CultureInfo.InvariantCulture)}");
    }
}
