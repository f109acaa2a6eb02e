using System.Net.Sockets;
using System.Runtime.Versioning;
using Countersign.Server.People;
using Countersign.Server.Tests.Fixtures;
using Countersign.Server.Tests.Transports.Ssh;
using Countersign.Server.Transports.Ssh;

namespace Countersign.Server.Tests.Regressions;

/// <summary>What an attacker tries at sshd, with the real ssh.</summary>
[SupportedOSPlatform("linux")]
[Trait("Category", "slow")]
public sealed class SshAttacks
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_key_that_nobody_has_added_gets_nowhere()
    {
        await using var ssh = await SshFixture.StartAsync(Unreachable);
        var stranger = await ssh.StrangerAsync();

        var result = await stranger.RunAsync(ssh.Port, ["x"]);

        Assert.Equal((255, true), (result.ExitCode, result.Error.Contains("Permission denied (publickey)", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_key_that_was_removed_or_whose_owner_is_disabled_gets_nowhere()
    {
        await using var ssh = await SshFixture.StartAsync((_, _) => Task.FromResult(7));
        var (ann, ben) = (await ssh.Gateway.AddPersonAsync(), await ssh.Gateway.AddPersonAsync("ben"));
        var ((laptop, id), (other, _)) = (await ssh.AddKeyAsync(ann), await ssh.AddKeyAsync(ben));
        Assert.Equal(7, (await laptop.RunAsync(ssh.Port, ["x"])).ExitCode);
        Assert.Equal(7, (await other.RunAsync(ssh.Port, ["x"])).ExitCode);

        await ssh.Gateway.Get<ISshKeys>().RemoveAsync(ann.Id, id, "test", Cancellation);
        await ssh.Gateway.Get<IPeople>().DisableAsync("ben", "test", Cancellation);

        Assert.Equal(255, (await laptop.RunAsync(ssh.Port, ["x"])).ExitCode);
        Assert.Equal(255, (await other.RunAsync(ssh.Port, ["x"])).ExitCode);
    }

    /// <summary>CVE-2024-45337: the key that was offered last, or first, is not who it is; the one that signed is.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Offering_another_persons_key_gives_nothing_of_that_person(bool offeredFirst)
    {
        SshSession? seen = null;
        await using var ssh = await SshFixture.StartAsync((session, _) => Task.FromResult((seen = session).Command.Length));
        var (mallory, malloryId) = await ssh.AddKeyAsync(await ssh.Gateway.AddPersonAsync("mallory"));
        var (victim, victimId) = await ssh.AddKeyAsync(await ssh.Gateway.AddPersonAsync("victim"));
        var offered = Path.Combine(Path.GetDirectoryName(mallory.KeyFile)!, "offered"); // a public half, such as anybody can get
        await File.WriteAllTextAsync(offered + ".pub", victim.PublicLine + "\n", Cancellation);
        File.Copy(offered + ".pub", offered);
        File.SetUnixFileMode(offered, UnixFileMode.UserRead | UnixFileMode.UserWrite);

        string[] options = offeredFirst ? ["-i", offered, "-i", mallory.KeyFile] : ["-i", mallory.KeyFile, "-i", offered];
        var result = await mallory.RunAsync(ssh.Port, ["abc"], options: options);

        Assert.Equal(3, result.ExitCode);
        Assert.Equal(malloryId, seen!.Login.KeyId);
        Assert.NotEqual(victimId, seen.Login.KeyId);
    }

    [Fact]
    public async Task A_key_that_is_only_offered_asks_nobody_anything_and_leaves_no_trace_of_use()
    {
        await using var ssh = await SshFixture.StartAsync(Unreachable);
        var ann = await ssh.Gateway.AddPersonAsync();
        var (laptop, _) = await ssh.AddKeyAsync(ann);
        var before = (await ssh.Gateway.AuditAsync()).Count;
        File.Delete(laptop.KeyFile); // what is left can be offered, not signed with
        File.Copy(laptop.KeyFile + ".pub", laptop.KeyFile);
        File.SetUnixFileMode(laptop.KeyFile, UnixFileMode.UserRead | UnixFileMode.UserWrite);

        Assert.Equal(255, (await laptop.RunAsync(ssh.Port, ["x"])).ExitCode);

        Assert.Equal(before, (await ssh.Gateway.AuditAsync()).Count);
        Assert.Null(Assert.Single(await ssh.Gateway.Get<ISshKeys>().ListAsync(ann.Id, Cancellation)).LastUsedAt);
    }

    [Theory]
    [InlineData("root")]
    [InlineData("ann")]
    [InlineData("sshd")]
    [InlineData("git ")]
    [InlineData("-oProxyCommand=x")]
    public async Task There_is_one_login_name(string login)
    {
        await using var ssh = await SshFixture.StartAsync(Unreachable);
        var (laptop, _) = await ssh.AddKeyAsync(await ssh.Gateway.AddPersonAsync());

        Assert.Equal(255, (await laptop.RunAsync(ssh.Port, ["x"], login: login)).ExitCode);
    }

    [Theory]
    [InlineData("password")]
    [InlineData("keyboard-interactive")]
    [InlineData("hostbased")]
    [InlineData("gssapi-with-mic")]
    public async Task There_is_no_way_in_but_by_key(string method)
    {
        await using var ssh = await SshFixture.StartAsync(Unreachable);
        var (laptop, _) = await ssh.AddKeyAsync(await ssh.Gateway.AddPersonAsync());

        var result = await laptop.RunAsync(ssh.Port, ["x"], options: ["-o", $"PreferredAuthentications={method}"]);

        Assert.Equal((255, true), (result.ExitCode, result.Error.Contains("Permission denied (publickey).", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_signature_with_SHA_1_is_no_signature()
    {
        await using var ssh = await SshFixture.StartAsync((_, _) => Task.FromResult(7));
        var (laptop, _) = await ssh.AddKeyAsync(await ssh.Gateway.AddPersonAsync(), "-t", "rsa", "-b", "3072");

        Assert.Equal(7, (await laptop.RunAsync(ssh.Port, ["x"])).ExitCode);
        Assert.Equal(255, (await laptop.RunAsync(ssh.Port, ["x"], options: ["-o", "PubkeyAcceptedAlgorithms=ssh-rsa"])).ExitCode);
    }

    [Fact]
    public async Task A_certificate_does_not_pose_as_a_key()
    {
        await using var ssh = await SshFixture.StartAsync(Unreachable);
        var (authority, _) = await ssh.AddKeyAsync(await ssh.Gateway.AddPersonAsync());
        var laptop = await ssh.StrangerAsync();
        using (var sign = System.Diagnostics.Process.Start("ssh-keygen", ["-q", "-s", authority.KeyFile, "-I", "ann", "-n", "git", laptop.KeyFile + ".pub"]))
        {
            await sign.WaitForExitAsync(Cancellation);
            Assert.Equal(0, sign.ExitCode);
        }

        Assert.True(File.Exists(laptop.KeyFile + "-cert.pub"));
        Assert.Equal(255, (await laptop.RunAsync(ssh.Port, ["x"])).ExitCode);
    }

    [Fact]
    public async Task Nothing_is_forwarded_no_terminal_is_given_and_no_subsystem_started()
    {
        await using var ssh = await SshFixture.StartAsync(async (_, gone) =>
        {
            await Task.Delay(TimeSpan.FromMilliseconds(200), gone); // time for what comes beside the command
            return 7;
        });
        var (laptop, _) = await ssh.AddKeyAsync(await ssh.Gateway.AddPersonAsync());
        using var inside = new TcpListener(System.Net.IPAddress.Loopback, 0);
        inside.Start();
        var target = $"127.0.0.1:{((System.Net.IPEndPoint)inside.LocalEndpoint).Port}";

        async Task RefusedAsync(string complaint, string[] options, params string[] words)
        {
            var result = await laptop.RunAsync(ssh.Port, words, options: ["-o", "LogLevel=INFO", .. options]);
            Assert.True(result.Error.Contains(complaint, StringComparison.Ordinal) && result.ExitCode != 0, $"{complaint}: {result.ExitCode} {result.Error}");
        }

        await RefusedAsync("stdio forwarding failed", ["-W", target]);
        await RefusedAsync("remote port forwarding failed", ["-o", "ExitOnForwardFailure=yes", "-R", $"0:{target}"], "x");
        await RefusedAsync("remote port forwarding failed", ["-o", "ExitOnForwardFailure=yes", "-R", $"/tmp/{Path.GetRandomFileName()}:{target}"], "x");
        await RefusedAsync("PTY allocation request failed", ["-tt"], "x");
        await RefusedAsync("subsystem request failed", ["-s"], "sftp");
        await RefusedAsync("unnel ", ["-w", "any:any", "-o", "ExitOnForwardFailure=yes"], "x"); // who is no root fails at its own device already
        Assert.False(inside.Pending());
    }

    [Fact]
    public async Task Nothing_of_the_clients_environment_reaches_the_shell_but_the_protocol()
    {
        var held = new HeldSessions();
        await using var ssh = await SshFixture.StartAsync(held.RunAsync);
        var (laptop, _) = await ssh.AddKeyAsync(await ssh.Gateway.AddPersonAsync());

        using var running = laptop.Start(ssh.Port, ["x"], "version=2", options: ["-A", "-o", "SetEnv=LD_PRELOAD=/tmp/x LANG=de_DE GIT_SSH_COMMAND=x PATH=/tmp"]);
        var session = await held.NextAsync();

        var names = ProcessTree.Read(Assert.Single(ProcessTree.Shells(ssh.Keeper)), "environ").Split('\0', StringSplitOptions.RemoveEmptyEntries).Select(entry => entry.Split('=')[0]);
        Assert.Equal(
            ["GIT_PROTOCOL", "HOME", "LOGNAME", "PATH", "PWD", "SHELL", "SSH_CLIENT", "SSH_CONNECTION", "SSH_ORIGINAL_COMMAND", "USER"],
            names.Except(["MOTD_SHOWN", "OLDPWD", "_", "SHLVL", "MAIL"]).Order(StringComparer.Ordinal));
        session.Status.SetResult(0);
    }

    [Fact]
    public async Task Sshd_and_what_it_starts_run_without_root_and_without_a_way_to_it()
    {
        var held = new HeldSessions();
        await using var ssh = await SshFixture.StartAsync(held.RunAsync);
        var (laptop, _) = await ssh.AddKeyAsync(await ssh.Gateway.AddPersonAsync());
        using var running = laptop.Start(ssh.Port, ["x"]);
        var session = await held.NextAsync();

        var processes = ProcessTree.Below(ssh.Keeper).Select(process => process.Id).Append(ssh.Keeper).ToList();
        Assert.True(processes.Count >= 4);
        Assert.All(processes, process =>
        {
            var status = ProcessTree.Read(process, "status");
            Assert.DoesNotMatch("(?m)^Uid:.*\\b0\\b", status);
            Assert.Contains("NoNewPrivs:\t1", status, StringComparison.Ordinal);
        });
        session.Status.SetResult(0);
    }

    private static Task<int> Unreachable(SshSession session, CancellationToken gone) => throw new InvalidOperationException("nobody may come so far");
}
