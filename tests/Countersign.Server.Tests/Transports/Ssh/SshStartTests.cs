using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using Countersign.Server.People;
using Countersign.Server.Tests.Fixtures;
using Countersign.Server.Transports.Ssh;

namespace Countersign.Server.Tests.Transports.Ssh;

/// <summary>With sshd, without it, and with what can be wrong with either.</summary>
[SupportedOSPlatform("linux")]
[Trait("Category", "slow")]
public sealed class SshStartTests
{
    private static readonly UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    [Fact]
    public async Task Without_sshd_HTTPS_is_served_and_the_reason_said()
    {
        await using var ssh = await SshFixture.StartAsync(settings: new() { ["Ssh:Sshd"] = "/nowhere/sshd" });

        Assert.Equal("ssh=off (Ssh:Sshd /nowhere/sshd is not there)", ssh.State.Line);
        Assert.Null(ssh.State.Facts);
    }

    [Fact]
    public async Task What_is_no_sshd_is_not_taken_for_one()
    {
        await using var ssh = await SshFixture.StartAsync(settings: new() { ["Ssh:Sshd"] = "/bin/true" });

        Assert.Equal("ssh=off (/bin/true is no OpenSSH that runs here; OpenSSH 8.5 or later is needed)", ssh.State.Line);
    }

    [Fact]
    public async Task An_address_that_was_asked_for_and_is_taken_ends_the_start_as_HTTPs_does()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var address = (IPEndPoint)other.LocalEndpoint;

        var failure = await Assert.ThrowsAsync<StartupException>(() => SshFixture.StartAsync(options: options => options with { Ssh = address }));
        Assert.Equal($"{address} is in use by another program; stop it, or choose another address with --ssh.", failure.Message);

        await using var ssh = await SshFixture.StartAsync(options: options => options with { Ssh = address, IsSshAsked = false });
        Assert.Equal($"ssh=off ({address} is in use by another program; choose another address with --ssh)", ssh.State.Line);
    }

    [Fact]
    public async Task Host_keys_are_made_once_for_the_gateway_alone_and_told()
    {
        await using var ssh = await SshFixture.StartAsync();
        var folder = SshPlaces.KeysFolder(ssh.Gateway.Options);
        var files = HostKeys.FilesIn(folder).ToList();
        files.ForEach(File.Delete);
        await ssh.Gateway.RestartAsync();
        var (facts, private1) = (ssh.State.Facts!, File.ReadAllText(files[2]));

        Assert.All(files, file => Assert.Equal(Private, File.GetUnixFileMode(file)));
        Assert.Equal(["ED25519", "ECDSA", "RSA"], facts.HostKeys.Select(key => key.Type));
        Assert.All(facts.HostKeys, key => Assert.Matches("^SHA256:[A-Za-z0-9+/]{43}$", key.Fingerprint));
        Assert.Equal($"ssh://git@localhost:{ssh.Port}", facts.Url);

        await ssh.Gateway.RestartAsync();
        Assert.Equal(private1, File.ReadAllText(files[2]));
        Assert.Equal(facts.HostKeys, ssh.State.Facts!.HostKeys);
        using var scan = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("ssh-keygen", ["-lf", files[2] + ".pub"]) { RedirectStandardOutput = true })!;
        Assert.StartsWith($"3072 {facts.HostKeys[2].Fingerprint} ", await scan.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_host_key_that_others_may_read_is_not_used()
    {
        await using var ssh = await SshFixture.StartAsync();
        var file = HostKeys.FilesIn(SshPlaces.KeysFolder(ssh.Gateway.Options)).First();
        File.SetUnixFileMode(file, Private | UnixFileMode.GroupRead);

        await ssh.Gateway.RestartAsync();

        Assert.Contains($"others may read the host key {file}", ssh.State.Line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Switched_off_it_makes_nothing()
    {
        await using var gateway = await GatewayFixture.StartAsync();

        Assert.Equal("ssh=off (switched off)", gateway.Get<SshState>().Line);
        Assert.False(Directory.Exists(SshPlaces.KeysFolder(gateway.Options)));
    }

    [Theory]
    [InlineData(null, null, "ssh://git@localhost:{0}")]
    [InlineData("git.example.org", 22, "ssh://git@git.example.org")]
    [InlineData("git.example.org", null, "ssh://git@git.example.org:{0}")]
    public async Task People_are_told_the_address_that_they_see(string? host, int? port, string url)
    {
        await using var ssh = await SshFixture.StartAsync(settings: new() { ["Ssh:PublicHost"] = host, ["Ssh:PublicPort"] = port?.ToString(System.Globalization.CultureInfo.InvariantCulture) });

        Assert.Equal(url.Replace("{0}", $"{ssh.Port}", StringComparison.Ordinal), ssh.State.Facts!.Url);
    }

    [Fact]
    public async Task A_key_is_looked_up_within_milliseconds()
    {
        await using var ssh = await SshFixture.StartAsync();
        var (laptop, id) = await ssh.AddKeyAsync(await ssh.Gateway.AddPersonAsync());
        var (keys, blob) = (ssh.Gateway.Get<ISshKeys>(), laptop.Blob);
        Assert.Equal(id, keys.Find(blob)?.Id);

        var times = Enumerable.Range(0, 200).Select(_ =>
        {
            var start = System.Diagnostics.Stopwatch.GetTimestamp();
            keys.Find(blob);
            return System.Diagnostics.Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }).Order().ToList();

        TestContext.Current.TestOutputHelper?.WriteLine($"p50 {times[100]:0.000} ms, p95 {times[190]:0.000} ms");
        Assert.InRange(times[100], 0, 10);
    }

    [Fact]
    public async Task Sshd_takes_its_configuration_as_it_is_meant()
    {
        await using var ssh = await SshFixture.StartAsync();
        var words = ProcessTree.Read(ssh.Keeper, "cmdline").Split('\0');
        var preload = ProcessTree.Read(ssh.Keeper, "environ").Split('\0').Single(entry => entry.StartsWith("LD_PRELOAD=", StringComparison.Ordinal))["LD_PRELOAD=".Length..];
        var (user, sshd, config) = (words[2], words[3], words[Array.IndexOf(words, "-f") + 1]);
        var programs = new SshPrograms(sshd, "", "");
        string[] test = [sshd, "-T", "-f", config]; // what is in effect, by its own account (sshd(8)), as the user that it runs as
        test = user == "-" ? test : ["setpriv", "--reuid", user, "--regid", user, "--clear-groups", .. test];
        var (exit, said) = await SshPrograms.RunAsync(programs, "/usr/bin/env", test, TestContext.Current.CancellationToken, preload);

        Assert.True(exit == 0, said);
        var effective = said.Split('\n').ToHashSet();
        string[] meant =
        [
            "usepam no", "strictmodes yes", "pubkeyauthentication yes", "passwordauthentication no", "kbdinteractiveauthentication no", "hostbasedauthentication no",
            "authenticationmethods publickey", "allowusers git", "authorizedkeysfile none", "authorizedkeyscommanduser git",
            "disableforwarding yes", "allowtcpforwarding no", "allowagentforwarding no", "allowstreamlocalforwarding no", "x11forwarding no", "permittunnel no",
            "permittty no", "permituserrc no", "permituserenvironment no", "acceptenv GIT_PROTOCOL",
            "logingracetime 30", "maxstartups 100:30:300", "persourcemaxstartups 60", "maxauthtries 20", "maxsessions 20", "clientaliveinterval 15", "clientalivecountmax 4",
        ];
        Assert.Empty(meant.Except(effective));
        Assert.Single(effective, line => line.StartsWith("acceptenv ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_is_made_for_sshd_is_for_the_gateway_and_for_sshd_and_for_nobody_else_to_change()
    {
        await using var ssh = await SshFixture.StartAsync((_, _) => Task.FromResult(0));
        var words = ProcessTree.Read(ssh.Keeper, "cmdline").Split('\0');
        var folder = Path.GetDirectoryName(words[Array.IndexOf(words, "-f") + 1])!;
        const UnixFileMode Others = UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;
        string[] all = [folder, .. Directory.EnumerateFileSystemEntries(folder), .. Directory.EnumerateFileSystemEntries(SshPlaces.KeysFolder(ssh.Gateway.Options)), ssh.Gateway.Options.Data + "/sshd.lock"];
        Assert.True(all.Length >= 9, string.Join(' ', all));
        Assert.All(all.Where(path => !path.EndsWith(".pub", StringComparison.Ordinal)), path =>
        {
            var mode = File.GetUnixFileMode(path);
            Assert.Equal(UnixFileMode.None, mode & Others);
            Assert.True((mode & UnixFileMode.GroupWrite) == 0 || path.EndsWith(".sock", StringComparison.Ordinal), path);
        });
    }
}
