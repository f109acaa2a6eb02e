using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Text;
using Countersign.Core.Challenges;
using Countersign.Core.Git;
using Countersign.Server.Enforcement;
using Countersign.Server.Tests.Fixtures;
using Countersign.Server.Tests.Regressions;
using Countersign.Server.Tests.Transports.Ssh;
using Countersign.Server.Tests.Upstreams.SmartHttp;
using Countersign.Server.Upstreams;
using Microsoft.AspNetCore.Hosting;

namespace Countersign.Server.Tests.Ssh;

/// <summary>The real ssh and git through the real sshd and shell to a repository.</summary>
[SupportedOSPlatform("linux")]
[Trait("Category", "slow")]
public sealed class RealSshTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public async Task A_clone_a_push_and_an_archive_are_held_and_go_on(int protocol)
    {
        await using var ssh = await SshFixture.StartAsync();
        var ann = await ssh.Gateway.AddPersonAsync();
        var core = await ssh.Gateway.AddRepositoryAsync();
        var (laptop, _) = await ssh.AddKeyAsync(ann);
        var url = $"ssh://git@127.0.0.1:{ssh.Port}/ACME/core.git";
        var work = Path.Combine(ssh.Gateway.Folder.FullName, "work");
        var outside = new GitClient(work, protocol, laptop.GitEnvironment(ssh.Port));
        var tree = new GitClient(Path.Combine(work, "clone"), protocol, laptop.GitEnvironment(ssh.Port));

        var clone = outside.StartAsync("clone", url, "clone");
        var request = await ann.ApproveNextAsync();
        var cloned = await clone.Completion;
        Assert.True(cloned.ExitCode == 0, cloned.Error);
        Assert.Contains($"countersign: approve at {ssh.Gateway.Url}/a/{request.Id}   number {request.Number}\n", cloned.Error, StringComparison.Ordinal);

        var tip = await tree.CommitAsync("big.bin", new string('x', 2_000_000));
        var push = tree.StartAsync("push", "origin", "main");
        await ann.ApproveNextAsync();
        var pushed = await push.Completion;
        Assert.True(pushed.ExitCode == 0, pushed.Error);
        Assert.Equal(tip, await ssh.Gateway.TipAsync(core));

        await outside.SucceedAsync("archive", $"--remote={url}", "-o", "out.tar", "main", "file1.txt"); // the clone's approval covers another read
        await ssh.Gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task A_denied_push_says_why_and_ends_with_a_status()
    {
        await using var ssh = await SshFixture.StartAsync(policy: LargeFiles.Policies.PushesAsked);
        var ann = await ssh.Gateway.AddPersonAsync();
        await ssh.Gateway.AddRepositoryAsync();
        var (laptop, _) = await ssh.AddKeyAsync(ann);
        var tree = new GitClient(Path.Combine(ssh.Gateway.Folder.FullName, "clone"), 2, laptop.GitEnvironment(ssh.Port));
        await new GitClient(ssh.Gateway.Folder.FullName, 2, laptop.GitEnvironment(ssh.Port)).SucceedAsync("clone", "-q", $"ssh://git@127.0.0.1:{ssh.Port}/ACME/core.git", "clone");
        await tree.CommitAsync("big.bin", new string('x', 5_000_000));
        var push = tree.StartAsync("push", "origin", "main");
        var request = await ann.DenyNextAsync();
        var result = await push.Completion;
        Assert.Equal(1, result.ExitCode);
        Assert.Contains($"remote: Denied: this push was refused (request {request.Id}).", result.Shown, StringComparison.Ordinal);
        Assert.Contains(" ! [remote rejected] main -> main (second factor denied)", result.Shown, StringComparison.Ordinal);
        Assert.DoesNotContain("fatal", result.Shown, StringComparison.Ordinal);
        await ssh.Gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task Whatever_is_denied_ends_with_the_reason_and_nothing_else()
    {
        await using var ssh = await SshFixture.StartAsync();
        var ann = await ssh.Gateway.AddPersonAsync();
        var core = await ssh.Gateway.AddRepositoryAsync();
        var (laptop, _) = await ssh.AddKeyAsync(ann);
        var url = $"ssh://git@127.0.0.1:{ssh.Port}/ACME/core.git";
        var tree = await TreeAsync(ssh, core, laptop.GitEnvironment(ssh.Port));
        var tip = await tree.CommitAsync("new.txt", "new\n");
        foreach (var (word, arguments) in new (string, string[])[]
        {
            ("fetch", ["clone", url, "clone"]), ("fetch", ["fetch", "origin"]), ("push", ["push", "origin", "main"]),
            ("fetch", ["ls-remote", "origin"]), ("archive", ["archive", $"--remote={url}", "main"]),
        })
        {
            var command = tree.StartAsync(arguments);
            var request = await ann.DenyNextAsync();
            var result = await command.Completion;
            Assert.Equal((128, ""), (result.ExitCode, result.Output));
            var said = result.Error.Split('\n').Where(line => line.Length > 0 && !line.StartsWith("countersign: ", StringComparison.Ordinal) && !line.StartsWith("Cloning into", StringComparison.Ordinal));
            Assert.Equal([$"fatal: remote error: Denied: this {word} was refused (request {request.Id}).", $"Not you? {ssh.Gateway.Url}/a/{request.Id}/report"], said);
            ssh.Gateway.Clock.Advance(TimeSpan.FromMinutes(16)); // what was denied before is refused unasked for so long
        }

        Assert.False(Directory.Exists(Path.Combine(tree.Folder, "clone")));
        Assert.NotEqual(tip, await ssh.Gateway.TipAsync(core));
        await ssh.Gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task A_clone_and_a_push_go_on_over_HTTPS_with_the_gateways_own_credential()
    {
        await using var ssh = await SshFixture.StartAsync();
        using var authority = new Authority(ssh.Gateway.Folder.FullName, "far");
        using var certificate = authority.Issue("127.0.0.1");
        await using var host = await GitHost.StartAsync(Path.Combine(ssh.Gateway.Folder.FullName, "host"), listen: listen => listen.UseHttps(certificate));
        var bare = await host.AddRepositoryAsync("core.git");
        host.Credential = "Basic Z2F0ZXdheTpvcGVuIHNlc2FtZQ=="; // gateway:open sesame
        var ann = await ssh.Gateway.AddPersonAsync();
        await FarStory.StandBeforeAsync(ssh.Gateway, new("far", "smart-http", host.Base)
        {
            Credentials = UpstreamCredentials.Service, ServiceUser = "gateway", ServiceSecret = "open sesame", CertificateAuthorities = authority.File,
        });
        var (laptop, _) = await ssh.AddKeyAsync(ann);
        var tree = new GitClient(Path.Combine(ssh.Gateway.Folder.FullName, "clone"), 2, laptop.GitEnvironment(ssh.Port));
        var clone = new GitClient(ssh.Gateway.Folder.FullName, 2, laptop.GitEnvironment(ssh.Port)).StartAsync("clone", $"ssh://git@127.0.0.1:{ssh.Port}/ACME/core.git", "clone");
        var request = await ann.NextRequestAsync();
        Assert.DoesNotContain(host.Seen, seen => seen.Method == "POST"); // what the host can do is no secret; its refs are
        await ann.ApproveAsync(request);
        var cloned = await clone.Completion;
        Assert.True(cloned.ExitCode == 0, cloned.Error);

        var tip = await tree.CommitAsync("new.txt", "new\n");
        var push = tree.StartAsync("push", "origin", "main");
        await ann.ApproveNextAsync();
        var pushed = await push.Completion;
        Assert.True(pushed.ExitCode == 0, pushed.Error);
        Assert.Equal(tip, (await GitClient.RunBareAsync(bare, "rev-parse", "main")).Output.Trim());
        Assert.All(host.Seen, seen => Assert.Equal(host.Credential, seen.Header("Authorization")));
        Assert.DoesNotContain("open sesame", cloned.Error + pushed.Error + string.Concat((await ssh.Gateway.AuditAsync()).SelectMany(record => record.Event.Facts.Values)), StringComparison.Ordinal);
        await ssh.Gateway.AssertInvariantsAsync();
    }

    [Theory]
    [InlineData("Ctrl-C")]
    [InlineData("killed shell")]
    public async Task A_clone_that_ends_while_it_is_held_takes_its_request_back_and_leaves_nothing(string end)
    {
        await using var ssh = await SshFixture.StartAsync();
        var ann = await ssh.Gateway.AddPersonAsync();
        await ssh.Gateway.AddRepositoryAsync();
        var (laptop, _) = await ssh.AddKeyAsync(ann);
        var outside = new GitClient(Path.Combine(ssh.Gateway.Folder.FullName, "work"), 2, laptop.GitEnvironment(ssh.Port));
        var clone = outside.StartInForeground("clone", $"ssh://git@127.0.0.1:{ssh.Port}/ACME/core.git", "clone");
        var request = await ann.NextRequestAsync();
        var shell = Assert.Single(ProcessTree.Shells(ssh.Keeper));

        await (end == "Ctrl-C" ? ProcessTree.KillAsync(-clone.Id, "INT") : ProcessTree.KillAsync(shell));

        var settled = await ann.NextAsync(challenge => challenge.Id == request.Id && challenge.State.IsFinal);
        Assert.Equal(new ChallengeState.Cancelled(CancelCause.ClientLeft), settled.State);
        Assert.NotEqual(0, (await clone.Completion).ExitCode);
        Assert.False(Directory.Exists(Path.Combine(outside.Folder, "clone")));
        Assert.True(SpinWait.SpinUntil(() => ssh.Sessions.Count == 0 && ProcessTree.Below(ssh.Keeper).Count == 1, TimeSpan.FromSeconds(30))); // the listener
        Assert.Empty(ProcessTree.Gits(ssh.Gateway.Options.Data));
        await ssh.Gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task Two_commands_on_one_connection_are_each_their_own()
    {
        await using var ssh = await SshFixture.StartAsync();
        var ann = await ssh.Gateway.AddPersonAsync();
        await ssh.Gateway.AddRepositoryAsync();
        await ssh.Gateway.AddRepositoryAsync("other");
        var (laptop, _) = await ssh.AddKeyAsync(ann);
        string[] shared = ["-o", "ControlMaster=auto", "-o", $"ControlPath={Path.Combine(ssh.Gateway.Folder.FullName, "master")}"];

        using var first = laptop.Start(ssh.Port, ["git-upload-pack '/ACME/core.git'"], "version=2", options: shared);
        var one = await ann.NextRequestAsync();
        using var second = laptop.Start(ssh.Port, ["git-upload-pack '/ACME/other.git'"], "version=2", options: shared);
        var two = await ann.NextRequestAsync();
        Assert.NotEqual(one.Id, two.Id);
        await ann.ApproveAsync(one);
        Assert.StartsWith("000eversion 2", await first.Output.ReadLineAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.IsType<ChallengeState.Pending>(ssh.Gateway.Get<ChallengeReader>().Find(two.Id)!.State);
        await ann.DenyAsync(two);
        Assert.Contains("ERR Denied", (await second.EndAsync()).Output, StringComparison.Ordinal);
        Assert.Equal(0, (await first.EndAsync()).ExitCode);
        await ssh.Gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task A_key_is_greeted_and_another_program_is_not_run()
    {
        await using var ssh = await SshFixture.StartAsync();
        var ann = await ssh.Gateway.AddPersonAsync();
        var (laptop, _) = await ssh.AddKeyAsync(ann);
        var greeted = await laptop.RunAsync(ssh.Port, []);
        Assert.Equal(0, greeted.ExitCode);
        Assert.StartsWith("Hi ann. This is Countersign at ", greeted.Output, StringComparison.Ordinal);
        var refused = await laptop.RunAsync(ssh.Port, ["rm -rf x"]);
        Assert.Equal((127, "", $"countersign: Only Git is served here. What else there is: ssh -p {ssh.Port} git@localhost help\n"), (refused.ExitCode, refused.Output, refused.Error));
    }

    [Fact]
    public async Task A_gateway_that_stops_tells_who_is_held()
    {
        var ssh = await SshFixture.StartAsync();
        var ann = await ssh.Gateway.AddPersonAsync();
        await ssh.Gateway.AddRepositoryAsync();
        var (laptop, _) = await ssh.AddKeyAsync(ann);
        using var held = laptop.Start(ssh.Port, ["git-upload-pack '/ACME/core.git'"], "version=2");
        await ann.NextRequestAsync();
        await ssh.DisposeAsync();
        var result = await held.EndAsync();
        Assert.NotEqual(0, result.ExitCode);
        Assert.Matches("ERR Not approved yet|countersign: ", result.Output + result.Error);
    }

    [Fact]
    public async Task A_push_of_twenty_megabytes_is_held_with_its_pack_and_goes_on()
    {
        await using var ssh = await SshFixture.StartAsync(policy: LargeFiles.Policies.PushesAsked);
        var ann = await ssh.Gateway.AddPersonAsync();
        var core = await ssh.Gateway.AddRepositoryAsync();
        var (laptop, _) = await ssh.AddKeyAsync(ann);
        var tree = await TreeAsync(ssh, core, laptop.GitEnvironment(ssh.Port));
        await File.WriteAllBytesAsync(Path.Combine(tree.Folder, "big.dat"), RandomNumberGenerator.GetBytes(20_000_000), TestContext.Current.CancellationToken);
        var tip = await tree.CommitAsync("beside.txt", "text\n");
        var push = tree.StartAsync("-c", "core.compression=0", "push", "origin", "main");
        var request = await ann.NextRequestAsync();
        Assert.Equal("refs/heads/main", Assert.Single(request.Command.Updates).Name.Value);
        Assert.NotEqual(tip, await ssh.Gateway.TipAsync(core));
        await ann.ApproveAsync(request);
        var pushed = await push.Completion;
        Assert.True(pushed.ExitCode == 0, pushed.Error);
        Assert.Equal(tip, await ssh.Gateway.TipAsync(core));
        await ssh.Gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task A_client_that_leaves_its_side_open_after_its_pack_gets_its_report_and_its_end()
    {
        await using var ssh = await SshFixture.StartAsync(policy: PushByHand.OpenReads);
        var ann = await ssh.Gateway.AddPersonAsync();
        var core = await ssh.Gateway.AddRepositoryAsync();
        var (laptop, _) = await ssh.AddKeyAsync(ann);
        using var push = laptop.Start(ssh.Port, ["git-receive-pack '/ACME/core.git'"]);
        await push.Input.BaseStream.WriteAsync(Encoding.Latin1.GetBytes(PushByHand.Head($"{PushByHand.Zero} {await ssh.Gateway.TipAsync(core)} refs/heads/side") + PushByHand.EmptyPack), TestContext.Current.CancellationToken);
        await push.Input.BaseStream.FlushAsync(TestContext.Current.CancellationToken);
        await ann.ApproveNextAsync();
        var report = await push.Output.ReadToEndAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
        Assert.Contains("ok refs/heads/side", report, StringComparison.Ordinal);
        Assert.Equal(0, (await push.EndAsync()).ExitCode);
    }

    [Fact]
    public async Task Large_files_follow_a_push_and_a_clone_under_their_approval()
    {
        await using var ssh = await SshFixture.StartAsync();
        var ann = await ssh.Gateway.AddPersonAsync();
        var core = await ssh.Gateway.AddRepositoryAsync();
        var (laptop, _) = await ssh.AddKeyAsync(ann);
        var environment = LargeFiles.LfsClient.Environment.Concat(laptop.GitEnvironment(ssh.Port)).ToDictionary();
        var tree = await TreeAsync(ssh, core, environment);
        await tree.SucceedAsync("lfs", "install", "--local");
        await tree.SucceedAsync("lfs", "track", "*.bin");
        var (oid, content) = await LargeFiles.LfsClient.CommitAsync(tree, "model.bin", 300_000);
        var push = tree.StartAsync("push", "origin", "main");
        await ann.ApproveNextAsync();
        var pushed = await push.Completion;
        Assert.True(pushed.ExitCode == 0, pushed.Error);
        Assert.Equal(content, await File.ReadAllBytesAsync(LargeFiles.LfsClient.StoredAt(ssh.Gateway, oid), TestContext.Current.CancellationToken));

        ssh.Gateway.Clock.Advance(TimeSpan.FromMinutes(11));
        var clone = new GitClient(Path.Combine(ssh.Gateway.Folder.FullName, "outside"), 2, environment).StartAsync("clone", "-q", $"ssh://git@127.0.0.1:{ssh.Port}/ACME/core.git", "clone");
        await ann.ApproveNextAsync();
        var cloned = await clone.Completion;
        Assert.True(cloned.ExitCode == 0, cloned.Error);
        Assert.Equal(content, await File.ReadAllBytesAsync(Path.Combine(ssh.Gateway.Folder.FullName, "outside", "clone", "model.bin"), TestContext.Current.CancellationToken));
        Assert.Equal(2, ssh.Gateway.Get<ChallengeReader>().List(ann.Id, 10).Count);
    }

    [Fact]
    public async Task What_git_runs_as_knows_nothing_of_the_gateway_or_the_client()
    {
        await using var ssh = await SshFixture.StartAsync(policy: LargeFiles.Policies.EverythingFree);
        await ssh.Gateway.AddRepositoryAsync();
        var (laptop, _) = await ssh.AddKeyAsync(await ssh.Gateway.AddPersonAsync());
        using var fetch = laptop.Start(ssh.Port, ["git-upload-pack '/ACME/core.git'"], "version=2");
        Assert.StartsWith("000eversion 2", await fetch.Output.ReadLineAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        var git = Assert.Single(ProcessTree.Below(Environment.ProcessId), process =>
            process.Command.Contains("upload-pack --strict", StringComparison.Ordinal) && process.Command.Contains(ssh.Gateway.Options.Data, StringComparison.Ordinal));
        var names = ProcessTree.Read(git.Id, "environ").Split('\0', StringSplitOptions.RemoveEmptyEntries).Select(entry => entry.Split('=')[0]).ToList();
        Assert.DoesNotContain(names, name => name.StartsWith("SSH_", StringComparison.Ordinal) || name.StartsWith("Countersign", StringComparison.OrdinalIgnoreCase) || name.StartsWith("LD_", StringComparison.Ordinal));
        Assert.Subset(
            new HashSet<string>(["PATH", "HOME", "GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_GLOBAL", "GIT_TERMINAL_PROMPT", "GIT_ALLOW_PROTOCOL", "GIT_NO_LAZY_FETCH", "LC_ALL", "GIT_PROTOCOL", "GIT_EXEC_PATH", "PWD", "GIT_DIR"]),
            names.ToHashSet());
        if (!OperatingSystem.IsWindows())
        {
            var open = Directory.EnumerateFileSystemEntries($"/proc/{git.Id}/fd").Select(entry => int.Parse(Path.GetFileName(entry), System.Globalization.CultureInfo.InvariantCulture)).Order().ToList();
            Assert.Equal([0, 1, 2], open.Where(number => number < 3));
            Assert.All(open.Skip(3), number => Assert.DoesNotContain("socket", new FileInfo($"/proc/{git.Id}/fd/{number}").LinkTarget ?? "", StringComparison.Ordinal));
        }

        await fetch.EndAsync();
    }

    private static async Task<GitClient> TreeAsync(SshFixture ssh, RepositoryPath core, IReadOnlyDictionary<string, string> environment)
    {
        var tree = new GitClient(Path.Combine(ssh.Gateway.Folder.FullName, "tree"), 2, environment);
        await new GitClient(ssh.Gateway.Folder.FullName).SucceedAsync("-c", "safe.directory=*", "clone", "-q", ssh.Gateway.BareFolder(core), tree.Folder);
        await tree.SucceedAsync("remote", "set-url", "origin", $"ssh://git@127.0.0.1:{ssh.Port}/ACME/core.git");
        return tree;
    }
}
