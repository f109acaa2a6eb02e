using System.Runtime.Versioning;
using Countersign.Server.Cli;
using Countersign.Server.Tests.Fixtures;

namespace Countersign.Server.Tests.Transports.Ssh;

/// <summary>What people and operators are told about Git over SSH.</summary>
[SupportedOSPlatform("linux")]
[Trait("Category", "slow")]
public sealed class SshFactsTests
{
    [Fact]
    public async Task The_commands_of_the_program_tell_the_address_and_the_fingerprints_and_that_the_port_answers()
    {
        await using var ssh = await SshFixture.StartAsync();
        var facts = ssh.State.Facts!;

        var (exit, shown) = await RunAsync("ssh", "show", "--data", ssh.Gateway.Options.Data);
        Assert.Equal(0, exit);
        Assert.Contains($"ssh://git@localhost:{ssh.Port}/KEY/REPO.git", shown, StringComparison.Ordinal);
        Assert.All(facts.HostKeys, key => Assert.Contains(key.Fingerprint, shown, StringComparison.Ordinal));
        var (_, doctor) = await RunAsync("doctor", "--data", ssh.Gateway.Options.Data);
        Assert.Matches($"SSH +ok +{facts.Version} at 127.0.0.1:{ssh.Port}", doctor);
    }

    [Fact]
    public async Task Where_SSH_is_off_the_commands_say_so_and_doctor_says_why()
    {
        await using var ssh = await SshFixture.StartAsync(settings: new() { ["Ssh:Sshd"] = "/nowhere/sshd" });

        var (exit, shown) = await RunAsync("ssh", "show", "--data", ssh.Gateway.Options.Data);
        Assert.Equal((0, "Git over SSH is off; countersign doctor says why"), (exit, shown.Trim()));
        var (failed, doctor) = await RunAsync("doctor", "--data", ssh.Gateway.Options.Data);
        Assert.Equal(1, failed);
        Assert.Matches("SSH +wrong +off: Ssh:Sshd /nowhere/sshd is not there", doctor);
    }

    private static async Task<(int Exit, string Output)> RunAsync(params string[] words)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        return (await CommandLine.RunAsync(words, new Terminal(TextReader.Null, output, error, TimeProvider.System), TestContext.Current.CancellationToken), output.ToString());
    }
}
