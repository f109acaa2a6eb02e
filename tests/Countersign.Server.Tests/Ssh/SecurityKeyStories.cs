using System.Diagnostics;
using System.Runtime.Versioning;
using Countersign.Core.Git;
using Countersign.Server.Audit;
using Countersign.Server.Enforcement;
using Countersign.Server.People;
using Countersign.Server.Tests.Fixtures;
using Countersign.Server.Tests.SoftwareSecurityKeys;
using Countersign.Server.Transports.Ssh;

namespace Countersign.Server.Tests.Ssh;

/// <summary>FIDO2 keys from the touch to the repository: a security key of software, the real ssh, sshd and git.</summary>
[SupportedOSPlatform("linux")]
[Trait("Category", "slow")]
public sealed class SecurityKeyStories
{
    private const string Fetch = "git-upload-pack '/ACME/core.git'";
    private const string Optional = "version: 1\nssh_security_keys: { verify: optional, touch_only: WORTH }\nrules: [{ name: asked, require: { strength: basic } }]\n";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("ed25519-sk", 2)]
    [InlineData("ecdsa-sk", 0)]
    public async Task A_push_with_PIN_and_touch_asks_nobody_and_is_recorded_as_proven_by_that_key(string type, int protocol)
    {
        await using var story = await StartAsync(type: type);
        var tree = await story.WorkTreeAsync(protocol);
        var tip = await tree.CommitAsync("new.txt", "new\n");

        var pushed = await tree.RunAsync("push", "origin", "main");

        Assert.True(pushed.ExitCode == 0, pushed.Error);
        Assert.DoesNotContain("countersign:", pushed.Error, StringComparison.Ordinal);
        Assert.Equal(tip, await story.Gateway.TipAsync(story.Core));
        var records = (await story.Gateway.AuditAsync()).Select(record => record.Event).ToList();
        Assert.Equal(story.KeyId, Assert.Single(records, record => record.Type == AuditTypes.SshKeyProofSpent).Facts["key_id"]);
        var approved = Assert.Single(records, record => record.Type == AuditTypes.ChallengeApproved).Facts;
        Assert.Equal(("SecurityKeySsh", "PhishingResistant", story.KeyId), (approved["factor"], approved["strength"], approved["authenticator_id"]));
        await story.Gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task Without_PIN_sshd_lets_nobody_in()
    {
        await using var story = await StartAsync(verifyRequired: false);
        var plain = await story.Laptop.RunAsync(story.Port, ["help"]);
        story.Device.UserVerified = false;
        var denied = await story.Laptop.RunAsync(story.Port, ["help"]);
        story.Device.UserVerified = true; // as one with a fingerprint does unasked; the flag is within the signature
        var verified = await story.Laptop.RunAsync(story.Port, ["help"]);

        Assert.Equal((255, 255, 0), (plain.ExitCode, denied.ExitCode, verified.ExitCode));
        Assert.Contains("Permission denied (publickey).", denied.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("touch")]
    [InlineData("signature")]
    [InlineData("device")]
    public async Task What_no_finger_has_touched_and_no_key_has_signed_is_let_in_nowhere(string missing)
    {
        await using var story = await StartAsync(Optional.Replace("WORTH", "basic", StringComparison.Ordinal), verifyRequired: false);
        (story.Device.UserPresent, story.Device.BadSignature, story.Device.Fails) = (missing == "touch" ? false : null, missing == "signature", missing == "device");
        Assert.Equal(255, (await story.Laptop.RunAsync(story.Port, ["help"])).ExitCode);
        Assert.Equal(255, (await story.Laptop.RunAsync(story.Port, [Fetch], "version=2")).ExitCode);
        Assert.DoesNotContain(await story.Gateway.AuditAsync(), record => record.Event.Type == AuditTypes.SshKeyProofSpent);
    }

    [Fact]
    public async Task The_counter_is_signed_and_not_compared()
    {
        await using var story = await StartAsync();
        foreach (var counter in new uint[] { 9, 3, 0 }) // as docs/ssh.md says: sshd looks at no counter and tells us none
        {
            story.Device.Counter = counter;
            var fetched = await story.Laptop.RunAsync(story.Port, [Fetch], "version=2");
            Assert.Equal((0, ""), (fetched.ExitCode, fetched.Error));
            story.Gateway.Clock.Advance(TimeSpan.FromMinutes(2)); // the next one is not covered by this one's approval
        }

        Assert.Equal(3, (await story.Gateway.AuditAsync()).Count(record => record.Event.Type == AuditTypes.SshKeyProofSpent));
        story.Device.BadSignature = true;
        Assert.Equal(255, (await story.Laptop.RunAsync(story.Port, [Fetch], "version=2")).ExitCode);
    }

    [Theory]
    [InlineData("basic", true)]
    [InlineData("nothing", false)]
    public async Task A_touch_alone_is_worth_what_the_policy_says(string worth, bool passes)
    {
        await using var story = await StartAsync(Optional.Replace("WORTH", worth, StringComparison.Ordinal), verifyRequired: false);
        using var fetch = story.Laptop.Start(story.Port, [Fetch], "version=2");
        if (passes)
        {
            Assert.StartsWith("000eversion 2", await fetch.Output.ReadLineAsync(Cancellation), StringComparison.Ordinal);
            var end = await fetch.EndAsync();
            Assert.Equal((0, ""), (end.ExitCode, end.Error));
            return;
        }

        Assert.Contains("waiting for your approval", await fetch.Error.ReadLineAsync(Cancellation), StringComparison.Ordinal);
        await story.Ann.DenyNextAsync();
        Assert.Contains("ERR Denied", (await fetch.EndAsync()).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_second_command_of_a_connection_is_held_once_the_first_ones_grant_is_over()
    {
        await using var story = await StartAsync();
        using var first = story.Laptop.Start(story.Port, [Fetch], "version=2", options: story.Shared);
        Assert.StartsWith("000eversion 2", await first.Output.ReadLineAsync(Cancellation), StringComparison.Ordinal);
        story.Gateway.Clock.Advance(TimeSpan.FromMinutes(2));

        using var second = story.Laptop.Start(story.Port, [Fetch], "version=2", options: story.Shared);
        Assert.Contains("countersign: waiting for your approval of this fetch: ACME/core", await second.Error.ReadLineAsync(Cancellation), StringComparison.Ordinal);
        await story.Ann.DenyNextAsync();

        Assert.Contains("ERR Denied", (await second.EndAsync()).Output, StringComparison.Ordinal);
        Assert.Equal(0, (await first.EndAsync()).ExitCode);
        await story.Gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task A_connection_that_was_opened_long_ago_proves_nothing_of_who_types_now()
    {
        await using var story = await StartAsync("version: 1\nssh_security_keys: { use_within: 10s }\nrules: [{ name: asked, require: { strength: basic } }]\n");
        var since = Stopwatch.StartNew();
        using var master = await story.OpenAsync();
        Assert.Equal(0, (await story.Laptop.RunAsync(story.Port, ["help"], options: story.Shared)).ExitCode); // spends nothing
        SpinWait.SpinUntil(() => since.Elapsed > TimeSpan.FromSeconds(11)); // sshd's age is the machine's time, not the test's

        using var late = story.Laptop.Start(story.Port, [Fetch], "version=2", options: story.Shared);
        Assert.Contains("waiting for your approval", await late.Error.ReadLineAsync(Cancellation), StringComparison.Ordinal);
        await story.Ann.DenyNextAsync();
        Assert.Contains("ERR Denied", (await late.EndAsync()).Output, StringComparison.Ordinal);
        Assert.DoesNotContain(await story.Gateway.AuditAsync(), record => record.Event.Type == AuditTypes.SshKeyProofSpent);
    }

    [Fact]
    public async Task The_open_connection_of_a_key_that_is_removed_carries_nothing_more()
    {
        await using var story = await StartAsync();
        using var master = await story.OpenAsync();
        Assert.Equal(0, (await story.Laptop.RunAsync(story.Port, ["help"], options: story.Shared)).ExitCode);
        Assert.Null((await story.Gateway.Get<ISshKeys>().RemoveAsync(story.Ann.Id, story.KeyId, "ann", Cancellation)).Refusal);

        foreach (var command in new[] { Fetch, "git-receive-pack '/ACME/core.git'", "requests", "git-lfs-authenticate ACME/core.git download", "" })
        {
            var result = await story.Laptop.RunAsync(story.Port, command.Length == 0 ? [] : [command], "version=2", options: story.Shared);
            Assert.Equal((1, ""), (result.ExitCode, result.Output));
            Assert.StartsWith("countersign: This SSH key has been removed", result.Error, StringComparison.Ordinal);
        }

        Assert.Empty(story.Gateway.Get<ChallengeReader>().List(story.Ann.Id, 10));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_rule_that_asks_for_attested_hardware_is_met_by_a_key_whose_maker_vouches_for_it(bool attested)
    {
        await using var story = await StartAsync("version: 1\nrules: [{ name: attested, require: { strength: hardware-attested } }]\n", attested: attested);
        var fetched = await story.Laptop.RunAsync(story.Port, [Fetch], "version=2");
        Assert.Equal(attested, fetched.Output.StartsWith("000eversion 2", StringComparison.Ordinal));
        Assert.Equal(attested ? 0 : 1, fetched.ExitCode);
        Assert.Equal(attested, (await story.Gateway.AuditAsync()).Any(record => record.Event.Facts.GetValueOrDefault("strength") == "HardwareAttested"));
        await story.Gateway.AssertInvariantsAsync();
    }

    private static async Task<Story> StartAsync(string? policy = null, string type = "ed25519-sk", bool verifyRequired = true, bool attested = false)
    {
        var folder = Directory.CreateTempSubdirectory("countersign-security-key-");
        var maker = SecurityKeyMaker.Make(Path.Combine(folder.FullName, "maker"), TimeProvider.System.GetUtcNow());
        var roots = folder.CreateSubdirectory("roots");
        await File.WriteAllTextAsync(Path.Combine(roots.FullName, "maker.pem"), maker.RootPem, Cancellation);
        var settings = new Dictionary<string, string?> { ["WebAuthn:AttestationRoots"] = roots.FullName, ["WebAuthn:AllowedModels:0"] = maker.Aaguid.ToString() };
        var ssh = await SshFixture.StartAsync(policy: policy, settings: settings);
        var ann = await ssh.Gateway.AddPersonAsync();
        var core = await ssh.Gateway.AddRepositoryAsync();
        var keys = ssh.Gateway.Get<ISshKeys>();
        var challenge = attested ? (await keys.MakeChallengeAsync(ann.Id, Cancellation)).File : null;
        var device = await SoftwareSecurityKey.MakeAsync(Path.Combine(folder.FullName, "id"), type, verifyRequired, challenge: challenge, maker: maker);
        var added = attested
            ? await keys.AddAttestedAsync(ann.Id, device.PublicLine, device.Attestation, "key ring", null, "ann", Cancellation)
            : await keys.AddAsync(ann.Id, device.PublicLine, "key ring", null, "ann", Cancellation);
        Assert.Null(added.Refusal);

        // ssh asks for the PIN of the security key by a program, where there is no terminal.
        var laptop = SshIdentity.Of(folder.FullName, () => new Dictionary<string, string>(device.Environment) { ["SSH_ASKPASS"] = "/bin/echo", ["SSH_ASKPASS_REQUIRE"] = "force" });
        laptop.Know(ssh.Port, SshPlaces.KeysFolder(ssh.Gateway.Options));
        return new(ssh, ann, core, device, laptop, added.Value!.Id, folder);
    }

    private sealed record Story(SshFixture Ssh, TestPerson Ann, RepositoryPath Core, SoftwareSecurityKey Device, SshIdentity Laptop, string KeyId, DirectoryInfo Folder) : IAsyncDisposable
    {
        public GatewayFixture Gateway => Ssh.Gateway;

        public int Port => Ssh.Port;

        public string[] Shared => ["-o", "ControlMaster=auto", "-o", $"ControlPath={Folder.FullName}/mux"];

        /// <summary>A connection that carries nothing yet.</summary>
        public async Task<SshIdentity.RunningSsh> OpenAsync()
        {
            var master = Laptop.Start(Port, [], options: [.. Shared, "-v", "-N"]);
            while (await master.Error.ReadLineAsync(Cancellation) is { } line)
            {
                if (line.Contains("Entering interactive session", StringComparison.Ordinal))
                {
                    return master;
                }
            }

            throw new InvalidOperationException("ssh did not connect");
        }

        public async Task<GitClient> WorkTreeAsync(int protocol)
        {
            var tree = new GitClient(Path.Combine(Folder.FullName, "tree"), protocol, Laptop.GitEnvironment(Port));
            await new GitClient(Folder.FullName).SucceedAsync("-c", "safe.directory=*", "clone", "-q", Gateway.BareFolder(Core), tree.Folder);
            await tree.SucceedAsync("remote", "set-url", "origin", $"ssh://git@127.0.0.1:{Port}/ACME/core.git");
            return tree;
        }

        public async ValueTask DisposeAsync()
        {
            await Ssh.DisposeAsync();
            Folder.Delete(recursive: true);
        }
    }
}
