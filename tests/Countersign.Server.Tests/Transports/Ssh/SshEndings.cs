using System.Runtime.Versioning;
using Countersign.Server.Audit;
using Countersign.Server.Tests.Fixtures;
using Countersign.Server.Tests.Regressions;
using Countersign.Server.Transports.Ssh;

namespace Countersign.Server.Tests.Transports.Ssh;

/// <summary>Whoever goes first, client, shell, sshd or gateway: the command ends on every side, and nothing stays.</summary>
[SupportedOSPlatform("linux")]
[Trait("Category", "slow")]
public sealed class SshEndings
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("INT")]
    [InlineData("KILL")]
    public async Task A_client_that_leaves_ends_its_command_and_its_shell(string signal)
    {
        var held = new HeldSessions();
        await using var ssh = await SshFixture.StartAsync(held.RunAsync);
        var (laptop, _) = await ssh.AddKeyAsync(await ssh.Gateway.AddPersonAsync());
        using var client = laptop.Start(ssh.Port, ["x"]);
        var session = await held.NextAsync();
        var shells = ProcessTree.Shells(ssh.Keeper);
        Assert.Single(shells);

        await ProcessTree.KillAsync(client.Id, signal);

        await session.Ended;
        Assert.True(ProcessTree.HaveEnded(shells));
        Assert.True(SpinWait.SpinUntil(() => ssh.Sessions.Count == 0, TimeSpan.FromSeconds(20)));
    }

    [Fact]
    public async Task A_client_that_only_has_nothing_more_to_send_has_not_left()
    {
        var held = new HeldSessions();
        await using var ssh = await SshFixture.StartAsync(held.RunAsync);
        var (laptop, _) = await ssh.AddKeyAsync(await ssh.Gateway.AddPersonAsync());
        using var client = laptop.Start(ssh.Port, ["x"]);
        var session = await held.NextAsync();

        client.Input.Close(); // as git does after a push's pack
        Assert.True((await session.Session.Input.ReadAsync(Cancellation)).IsCompleted);

        Assert.False(session.Gone.IsCancellationRequested);
        session.Status.SetResult(9);
        Assert.Equal(9, (await client.EndAsync()).ExitCode);
    }

    [Fact]
    public async Task A_shell_that_is_killed_ends_its_command_and_no_other()
    {
        var held = new HeldSessions();
        await using var ssh = await SshFixture.StartAsync(held.RunAsync);
        var (laptop, _) = await ssh.AddKeyAsync(await ssh.Gateway.AddPersonAsync());
        using var client = laptop.Start(ssh.Port, ["x"]);
        var session = await held.NextAsync();
        var shell = Assert.Single(ProcessTree.Shells(ssh.Keeper));
        using var other = laptop.Start(ssh.Port, ["y"]);
        var stays = await held.NextAsync();

        await ProcessTree.KillAsync(shell);

        await session.Ended;
        Assert.NotEqual(0, (await client.EndAsync()).ExitCode);
        Assert.False(stays.Gone.IsCancellationRequested);
        stays.Status.SetResult(0);
        Assert.Equal(0, (await other.EndAsync()).ExitCode);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Sshd_that_ends_takes_its_commands_with_it_and_is_started_again(bool keeper)
    {
        var held = new HeldSessions();
        await using var ssh = await SshFixture.StartAsync(held.RunAsync);
        var (laptop, _) = await ssh.AddKeyAsync(await ssh.Gateway.AddPersonAsync());
        using var client = laptop.Start(ssh.Port, ["x"]);
        var session = await held.NextAsync();
        var (first, all) = (ssh.Keeper, ProcessTree.Below(ssh.Keeper).Select(process => process.Id).ToList());
        var pause = ssh.Gateway.Clock.WhenArmedAsync(TimeSpan.Zero, SshServer.FirstPause);

        await ProcessTree.KillAsync(keeper ? first : ProcessTree.Sshd(first));

        await pause;
        if (!keeper)
        {
            await session.Ended;
            Assert.True(ProcessTree.HaveEnded(all));
            Assert.NotEqual(0, (await client.EndAsync()).ExitCode);
        }

        Assert.Equal(255, (await laptop.RunAsync(ssh.Port, ["y"])).ExitCode);
        ssh.Gateway.Clock.Advance(SshServer.FirstPause);
        Assert.True(SpinWait.SpinUntil(() => ssh.Keeper != first, TimeSpan.FromSeconds(20)));
        var run = laptop.RunAsync(ssh.Port, ["z"]);
        (await held.NextAsync()).Status.SetResult(3);
        Assert.Equal(3, (await run).ExitCode);
        Assert.Equal(
            [AuditTypes.SshStarted, AuditTypes.SshStopped, AuditTypes.SshStarted],
            (await ssh.Gateway.AuditAsync()).Select(record => record.Event.Type).Where(type => type.StartsWith("ssh.", StringComparison.Ordinal)));
        session.Status.TrySetResult(0);
    }

    [Fact]
    public async Task A_gateway_that_stops_says_so_and_leaves_nothing()
    {
        var held = new HeldSessions();
        var ssh = await SshFixture.StartAsync(held.RunAsync);
        SshIdentity laptop;
        IEnumerable<int> all;
        Task<GitResult> end;
        await using (ssh)
        {
            (laptop, _) = await ssh.AddKeyAsync(await ssh.Gateway.AddPersonAsync());
            end = laptop.RunAsync(ssh.Port, ["x"]);
            await held.NextAsync();
            all = [ssh.Keeper, .. ProcessTree.Below(ssh.Keeper).Select(process => process.Id)];
            await ssh.Gateway.App.StopAsync(Cancellation);
        }

        Assert.True(ProcessTree.HaveEnded(all));
        var result = await end;
        Assert.Equal((75, "countersign: the gateway is stopping; run the same command again in a minute\n"), (result.ExitCode, result.Error));
    }

    [Fact]
    public async Task A_gateway_that_is_killed_leaves_nothing_and_its_clients_hear_of_it()
    {
        var data = Directory.CreateTempSubdirectory("countersign-killed-");
        try
        {
            int port;
            SshIdentity laptop;
            var keys = Directory.CreateTempSubdirectory("countersign-laptop-").FullName;
            await using (var before = await SshFixture.StartAsync(options: options => options with { Data = Path.Combine(data.FullName, "data") }))
            {
                port = before.Port;
                await before.Gateway.AddRepositoryAsync();
                var (made, _) = await before.AddKeyAsync(await before.Gateway.AddPersonAsync());
                Directory.Delete(keys);
                Directory.Move(Path.GetDirectoryName(made.KeyFile)!, keys);
                laptop = SshIdentity.At(keys);
            }

            await using var gateway = await GatewayProcess.ServeAsync(Path.Combine(data.FullName, "data"), GatewayFixture.FreePort(), ssh: port);
            using var client = laptop.Start(port, ["git-upload-pack 'ACME/core.git'"]);
            Assert.Contains("waiting for your approval", await client.Error.ReadLineAsync(Cancellation), StringComparison.Ordinal);
            var all = ProcessTree.Below(gateway.Id).Select(process => process.Id).ToList();
            Assert.True(all.Count >= 5, "keeper, listener, two for the connection, shell");

            await gateway.KillAsync();

            Assert.True(ProcessTree.HaveEnded(all));
            var result = await client.EndAsync();
            Assert.Equal(75, result.ExitCode);
            Assert.EndsWith("countersign: the gateway ended; run the same command again in a minute\n", result.Error, StringComparison.Ordinal);

            // The address is free for the next one, however soon it comes.
            await using var next = await GatewayProcess.ServeAsync(Path.Combine(data.FullName, "data"), GatewayFixture.FreePort(), ssh: port);
            Assert.Contains($"ssh=127.0.0.1:{port}", next.ReadyLine, StringComparison.Ordinal);
            Directory.Delete(keys, recursive: true);
        }
        finally
        {
            data.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task Sshd_that_ends_again_and_again_is_started_after_longer_and_longer_pauses()
    {
        await using var ssh = await SshFixture.StartAsync(new HeldSessions().RunAsync);
        var clock = ssh.Gateway.Clock;
        int[] expected = [1, 2, 4, 8, 16, 32, 60, 60, 1];
        foreach (var (round, seconds) in expected.Index())
        {
            if (round == expected.Length - 1)
            {
                clock.Advance(SshServer.LongestPause + TimeSpan.FromSeconds(1)); // this time it has run for a while
            }

            var (keeper, pause) = (ssh.Keeper, TimeSpan.FromSeconds(seconds));
            var waiting = clock.WhenArmedAsync(pause - TimeSpan.FromMilliseconds(1), pause);
            await ProcessTree.KillAsync(ProcessTree.Sshd(keeper));
            await waiting;
            clock.Advance(pause - TimeSpan.FromMilliseconds(1));
            Assert.Equal(keeper, ssh.Keeper);
            clock.Advance(TimeSpan.FromMilliseconds(1));
            Assert.True(SpinWait.SpinUntil(() => ssh.Keeper != keeper, TimeSpan.FromSeconds(20)));
        }

        Assert.Equal(
            expected.Select(seconds => seconds.ToString(System.Globalization.CultureInfo.InvariantCulture)),
            (await ssh.Gateway.AuditAsync()).Where(record => record.Event.Type == AuditTypes.SshStopped).Select(record => record.Event.Facts["retry_seconds"]));
    }
}
