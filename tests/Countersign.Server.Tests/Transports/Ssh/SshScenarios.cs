using System.Runtime.Versioning;
using Countersign.Server.People;
using Countersign.Server.Tests.Fixtures;
using Countersign.Server.Transports.Ssh;

namespace Countersign.Server.Tests.Transports.Ssh;

/// <summary>The real ssh through the real sshd to where commands are run.</summary>
[SupportedOSPlatform("linux")]
[Trait("Category", "slow")]
public sealed class SshScenarios
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

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
        var ann = await ssh.Gateway.AddPersonAsync();
        var (laptop, id) = await ssh.AddKeyAsync(ann);

        using var running = laptop.Start(ssh.Port, ["git-upload-pack 'ACME/it'\\''s.git'"], "version=2");
        await running.Input.WriteAsync(new string('x', 300_000));
        var result = await running.EndAsync();

        Assert.Equal((42, 300_000, "for people\n"), (result.ExitCode, result.Output.Length, result.Error));
        Assert.Equal(new(id, new(System.Net.IPAddress.Loopback), null), seen!.Login);
        Assert.Equal(("git-upload-pack 'ACME/it'\\''s.git'", 2), (seen.Command, seen.ProtocolVersion));
        Assert.Equal($"ssh=127.0.0.1:{ssh.Port}", ssh.State.Line);
    }

    [Fact]
    public async Task Whose_key_it_is_the_command_can_tell()
    {
        await using var ssh = await SshFixture.StartAsync((session, _) => throw new InvalidOperationException(session.Login.KeyId));
        var (laptop, id) = await ssh.AddKeyAsync(await ssh.Gateway.AddPersonAsync());

        var result = await laptop.RunAsync(ssh.Port, []);

        Assert.Equal((70, "countersign: something went wrong here; the gateway's log says what\n"), (result.ExitCode, result.Error));
        Assert.Equal("ann", ssh.Gateway.Get<ISshKeys>().Authenticate(id, new(System.Net.IPAddress.Loopback))?.Principal.Name);
    }
}
