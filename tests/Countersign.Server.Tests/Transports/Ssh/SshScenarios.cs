using System.Net;
using System.Runtime.Versioning;
using Countersign.Server.Audit;
using Countersign.Server.People;
using Countersign.Server.Tests.Fixtures;
using Countersign.Server.Transports.Ssh;
using Microsoft.Extensions.DependencyInjection;

namespace Countersign.Server.Tests.Transports.Ssh;

/// <summary>The real ssh through the real sshd to where commands are run.</summary>
[SupportedOSPlatform("linux")]
[Trait("Category", "slow")]
public sealed class SshScenarios
{
    [Fact]
    public async Task A_command_arrives_with_who_signed_from_where_and_its_streams_and_its_status_goes_back()
    {
        SshSession? seen = null;
        await using var ssh = await SshFixture.StartAsync(async (session, gone) =>
        {
            seen = session;
            await session.Error.WriteAsync("for people\n"u8.ToArray(), gone);
            await session.Input.CopyToAsync(session.Output, gone);
            return 42;
        });
        var (laptop, id) = await ssh.AddKeyAsync(await ssh.Gateway.AddPersonAsync());

        using var running = laptop.Start(ssh.Port, ["git-upload-pack 'ACME/it'\\''s.git'"], "version=2");
        await running.Input.WriteAsync(new string('x', 300_000));
        var result = await running.EndAsync();

        Assert.Equal((42, 300_000, "for people\n"), (result.ExitCode, result.Output.Length, result.Error));
        Assert.Equal(new(id, new(IPAddress.Loopback), null), seen!.Login);
        Assert.Equal(("git-upload-pack 'ACME/it'\\''s.git'", 2), (seen.Command, seen.ProtocolVersion));
        Assert.Equal($"ssh=127.0.0.1:{ssh.Port}", ssh.State.Line);
        Assert.Contains(await ssh.Gateway.AuditAsync(), record => record.Event.Type == AuditTypes.SshStarted && record.Event.Facts["address"] == $"127.0.0.1:{ssh.Port}");
    }

    [Fact]
    public async Task The_end_of_what_the_client_sends_arrives_while_what_it_receives_goes_on()
    {
        await using var ssh = await SshFixture.StartAsync(async (session, gone) =>
        {
            while (await session.Input.ReadAsync(gone) is { IsCompleted: false } read)
            {
                session.Input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            }

            await session.Output.WriteAsync("after the end"u8.ToArray(), gone);
            return 0;
        });
        var (laptop, _) = await ssh.AddKeyAsync(await ssh.Gateway.AddPersonAsync());

        var result = await laptop.RunAsync(ssh.Port, ["anything"]);

        Assert.Equal((0, "after the end"), (result.ExitCode, result.Output));
    }

    [Fact]
    public async Task A_login_without_a_command_arrives_as_such()
    {
        SshSession? seen = null;
        await using var ssh = await SshFixture.StartAsync((session, _) => Task.FromResult((seen = session).Command.Length));
        var (laptop, _) = await ssh.AddKeyAsync(await ssh.Gateway.AddPersonAsync());

        Assert.Equal(0, (await laptop.RunAsync(ssh.Port, [], options: ["-T"])).ExitCode);
        Assert.Equal(("", 0), (seen!.Command, seen.ProtocolVersion));
    }

    [Theory]
    [InlineData("version=1", 1)]
    [InlineData("version=2", 2)]
    [InlineData("version=0", 0)]
    [InlineData("version=3", 0)]
    [InlineData("version=2:x=1", 0)]
    [InlineData("2", 0)]
    [InlineData("version=2\nLD_PRELOAD=/tmp/x", 0)]
    public async Task Of_the_protocol_only_a_known_version_passes(string said, int version)
    {
        SshSession? seen = null;
        await using var ssh = await SshFixture.StartAsync((session, _) => Task.FromResult((seen = session).ProtocolVersion));
        var (laptop, _) = await ssh.AddKeyAsync(await ssh.Gateway.AddPersonAsync());

        Assert.Equal(version, (await laptop.RunAsync(ssh.Port, ["x"], said)).ExitCode);
        Assert.Equal(version, seen!.ProtocolVersion);
    }

    [Fact]
    public async Task Each_command_on_a_shared_connection_is_its_own_and_what_the_key_proved_is_the_connections()
    {
        var held = new HeldSessions();
        await using var ssh = await SshFixture.StartAsync(held.RunAsync, replace: services =>
            services.AddSingleton<ISshKeys>(provider => new MarkedKeys(ActivatorUtilities.CreateInstance<Countersign.Server.People.SshKeys>(provider))));
        var (laptop, _) = await ssh.AddKeyAsync(await ssh.Gateway.AddPersonAsync());
        string[] shared = ["-o", "ControlMaster=auto", "-o", $"ControlPath={Path.GetDirectoryName(laptop.KeyFile)}/mux", "-o", "ControlPersist=no"];

        using var first = laptop.Start(ssh.Port, ["one"], options: shared);
        var one = await held.NextAsync();
        using var second = laptop.Start(ssh.Port, ["two"], options: shared);
        var two = await held.NextAsync();
        using var third = laptop.Start(ssh.Port, ["three"]);
        var three = await held.NextAsync();

        Assert.Equal(["one", "two", "three"], [one.Session.Command, two.Session.Command, three.Session.Command]);
        Assert.True(one.Session.Login.Handshake!.UserVerified);
        Assert.Equal(one.Session.Login.Handshake.Connection, two.Session.Login.Handshake!.Connection);
        Assert.NotEqual(one.Session.Login.Handshake.Connection, three.Session.Login.Handshake!.Connection);
        two.Status.SetResult(2);
        Assert.Equal(2, (await second.EndAsync()).ExitCode);
        Assert.False(one.Gone.IsCancellationRequested);
        one.Status.SetResult(1);
        three.Status.SetResult(3);
        Assert.Equal(1, (await first.EndAsync()).ExitCode);
        Assert.Equal(3, (await third.EndAsync()).ExitCode);
    }

    [Fact]
    public async Task Any_folder_will_do_whatever_is_in_its_name()
    {
        await using var ssh = await SshFixture.StartAsync(
            (session, _) => Task.FromResult(session.Command.Length), options: options => options with { Data = Path.Combine(Path.GetDirectoryName(options.Data)!, "a 'b' \"c\" %u\\ ä") });
        var (laptop, _) = await ssh.AddKeyAsync(await ssh.Gateway.AddPersonAsync());

        Assert.Equal(3, (await laptop.RunAsync(ssh.Port, ["abc"])).ExitCode);
    }

    [Fact]
    public async Task More_commands_than_configured_are_told_to_come_again()
    {
        var held = new HeldSessions();
        await using var ssh = await SshFixture.StartAsync(held.RunAsync, settings: new() { ["Ssh:MaxSessions"] = "1" });
        var (laptop, _) = await ssh.AddKeyAsync(await ssh.Gateway.AddPersonAsync());
        using var first = laptop.Start(ssh.Port, ["one"]);
        var one = await held.NextAsync();

        var second = await laptop.RunAsync(ssh.Port, ["two"]);
        Assert.Equal((75, "countersign: too many commands are waiting; run the same command again in a minute\n"), (second.ExitCode, second.Error));

        one.Status.SetResult(0);
        Assert.Equal(0, (await first.EndAsync()).ExitCode);
    }
}
