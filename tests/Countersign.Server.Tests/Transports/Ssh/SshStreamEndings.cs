using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Text;
using Countersign.Core.Git;
using Countersign.Server.Tests.Fixtures;
using Countersign.Server.Tests.Regressions;

namespace Countersign.Server.Tests.Transports.Ssh;

/// <summary>Somebody is killed while 30 MB stream to a client that has stopped reading, or a push from one that has stopped in its pack.</summary>
[SupportedOSPlatform("linux")]
[Trait("Category", "slow")]
public sealed class SshStreamEndings
{
    private const int Bytes = 30_000_000;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_gateway_that_is_killed_leaves_no_git_and_an_audit_log_that_is_whole()
    {
        var folder = Directory.CreateTempSubdirectory("countersign-streaming-");
        var data = Path.Combine(folder.FullName, "data");
        try
        {
            int port;
            SshIdentity laptop;
            string tip;
            var keys = Path.Combine(folder.FullName, "laptop");
            await using (var before = await SshFixture.StartAsync(policy: LargeFiles.Policies.EverythingFree, options: options => options with { Data = data }))
            {
                port = before.Port;
                (var core, tip) = await AddLargeAsync(before.Gateway);
                var (made, _) = await before.AddKeyAsync(await before.Gateway.AddPersonAsync());
                Directory.Move(Path.GetDirectoryName(made.KeyFile)!, keys);
                laptop = SshIdentity.At(keys);
            }

            await using (var gateway = await GatewayProcess.ServeAsync(data, GatewayFixture.FreePort(), ssh: port))
            {
                using var client = await StreamAsync(laptop, port, tip);
                var all = ProcessTree.Below(gateway.Id);
                Assert.Contains(all, process => process.Command.Contains("upload-pack", StringComparison.Ordinal) && process.Command.Contains(data, StringComparison.Ordinal));

                await gateway.KillAsync();

                Assert.True(ProcessTree.HaveEnded(all.Select(process => process.Id)));
                Assert.NotEqual(0, (await client.EndAsync()).ExitCode);
            }

            await using (var next = await GatewayProcess.ServeAsync(data, GatewayFixture.FreePort(), ssh: port))
            {
                Assert.Contains($"ssh=127.0.0.1:{port}", next.ReadyLine, StringComparison.Ordinal);
            }

            var verified = await GatewayProcess.RunAsync(["audit", "verify", "--data", data]);
            Assert.True(verified.Exit == 0, verified.Output + verified.Error);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData("shell")]
    [InlineData("client")]
    [InlineData("sshd")]
    public async Task A_shell_a_client_or_an_sshd_that_is_killed_leaves_no_git(string who)
    {
        await using var ssh = await SshFixture.StartAsync(policy: LargeFiles.Policies.EverythingFree);
        var (_, tip) = await AddLargeAsync(ssh.Gateway);
        var (laptop, _) = await ssh.AddKeyAsync(await ssh.Gateway.AddPersonAsync());
        using var client = await StreamAsync(laptop, ssh.Port, tip);
        var git = ProcessTree.Gits(ssh.Gateway.Options.Data);
        Assert.NotEmpty(git);

        await ProcessTree.KillAsync(who switch
        {
            "shell" => Assert.Single(ProcessTree.Shells(ssh.Keeper)),
            "client" => client.Id,
            _ => ProcessTree.Sshd(ssh.Keeper),
        });

        Assert.True(ProcessTree.HaveEnded(git));
        Assert.True(SpinWait.SpinUntil(() => ssh.Sessions.Count == 0, TimeSpan.FromSeconds(20)));
        Assert.NotEqual(0, (await client.EndAsync()).ExitCode);
        await ssh.Gateway.AssertInvariantsAsync();
    }

    [Theory]
    [InlineData("shell")]
    [InlineData("client")]
    public async Task A_shell_or_a_client_that_is_killed_in_the_middle_of_a_push_leaves_no_git_and_nothing_of_the_push(string who)
    {
        await using var ssh = await SshFixture.StartAsync(policy: LargeFiles.Policies.EverythingFree);
        var core = await ssh.Gateway.AddRepositoryAsync();
        var (laptop, _) = await ssh.AddKeyAsync(await ssh.Gateway.AddPersonAsync());
        using var client = laptop.Start(ssh.Port, ["git-receive-pack 'ACME/core.git'"]);
        const string Pack = "PACK\0\0\0\x02\0\0\x10\0" + "\x3fx\u009c"; // of 4096 objects the beginning of the first, a blob of 15 bytes
        await client.Input.BaseStream.WriteAsync(Encoding.Latin1.GetBytes(PushByHand.Head($"{PushByHand.Zero} {new string('1', 40)} refs/heads/new") + Pack), Cancellation);
        await client.Input.BaseStream.FlushAsync(Cancellation);
        var objects = Path.Combine(ssh.Gateway.BareFolder(core), "objects");
        string[] Arriving() => Directory.GetDirectories(objects, "*incoming-*");
        Assert.True(SpinWait.SpinUntil(() => Arriving().Length == 1, TimeSpan.FromSeconds(30)));
        var git = ProcessTree.Gits(ssh.Gateway.Options.Data);
        Assert.NotEmpty(git);

        await ProcessTree.KillAsync(who == "shell" ? Assert.Single(ProcessTree.Shells(ssh.Keeper)) : client.Id);

        Assert.True(ProcessTree.HaveEnded(git));
        Assert.True(SpinWait.SpinUntil(() => ssh.Sessions.Count == 0, TimeSpan.FromSeconds(20)));
        Assert.NotEqual(0, (await client.EndAsync()).ExitCode);
        Assert.Empty(Arriving());
        Assert.Null(await ssh.Gateway.TipAsync(core, "refs/heads/new"));
        await ssh.Gateway.AssertInvariantsAsync();
    }

    private static async Task<(RepositoryPath Path, string Tip)> AddLargeAsync(GatewayFixture gateway)
    {
        var source = await GitClient.MakeSourceAsync(Path.Combine(gateway.Folder.FullName, "large"));
        await File.WriteAllBytesAsync(Path.Combine(source, "large.bin"), RandomNumberGenerator.GetBytes(Bytes), Cancellation);
        var git = new GitClient(source);
        await git.SucceedAsync("add", "-A");
        await git.SucceedAsync("-c", "core.compression=0", "commit", "-q", "-m", "Large");
        var tip = (await git.SucceedAsync("rev-parse", "HEAD")).Output.Trim();
        return (await gateway.AddRepositoryAsync(import: source), tip);
    }

    /// <summary>A fetch of all, up to the first bytes of its pack; nobody reads on.</summary>
    private static async Task<SshIdentity.RunningSsh> StreamAsync(SshIdentity laptop, int port, string tip)
    {
        var client = laptop.Start(port, ["git-upload-pack 'ACME/core.git'"]);
        await client.Input.WriteAsync($"0032want {tip}\n00000009done\n".AsMemory(), Cancellation);
        await client.Input.FlushAsync(Cancellation);
        var (seen, buffer) = ("", new char[4096]);
        while (!seen.Contains("PACK", StringComparison.Ordinal))
        {
            var count = await client.Output.ReadAsync(buffer, Cancellation).AsTask().WaitAsync(TimeSpan.FromMinutes(1), Cancellation);
            Assert.True(count > 0, seen);
            seen += new string(buffer, 0, count);
        }

        return client;
    }
}
