using System.Text;
using Countersign.Core.SshKeys;
using Countersign.Server.Enforcement;
using Countersign.Server.Factors.SecurityKeySsh;
using Countersign.Server.People;
using Countersign.Server.Tests.Fixtures;
using Countersign.Server.Tests.SoftwareSecurityKeys;

namespace Countersign.Server.Tests.SshKeys;

/// <summary>What the real ssh-keygen writes with -O write-attestation, and the ways in which it is not what it should be.</summary>
[Trait("Category", "slow")]
public sealed class AttestationAttacks
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("ed25519-sk")]
    [InlineData("ecdsa-sk")]
    public async Task An_attested_key_is_hardware_attested_and_satisfies_a_rule_that_asks_for_it(string type)
    {
        await using var story = await BeginAsync("version: 1\nrules: [{ name: attested, require: { strength: hardware-attested } }]\n");
        var device = await story.MakeAsync("sk", type, await story.ChallengeAsync(story.Ann));
        var added = await story.AddAsync(story.Ann, device.PublicLine, device.Attestation);
        Assert.Equal("YubiKey 5", added.Value?.AttestedModel);
        Assert.Contains(await story.Gateway.AuditAsync(), record => record.Event.Facts.GetValueOrDefault("aaguid") == SecurityKeyMaker.Model.ToString());

        var run = SshExchange.Of(story.Ann, added.Value!, new("connection", story.Gateway.Clock.GetUtcNow(), UserVerified: true));
        await story.Gateway.Get<GitEnforcementPoint>().HandleAsync(run, Cancellation);
        Assert.True(run.Forwarded);

        // The same key without its attestation is a key like any other.
        await story.Keys.RemoveAsync(story.Ann.Id, added.Value!.Id, "ann", Cancellation);
        var plain = await SshKeysTests.AddAsync(story.Gateway, story.Ann, device.PublicLine);
        run = SshExchange.Of(story.Ann, plain, new("connection-2", story.Gateway.Clock.GetUtcNow(), UserVerified: true));
        await story.Gateway.Get<GitEnforcementPoint>().HandleAsync(run, Cancellation);
        Assert.False(run.Forwarded);
    }

    [Fact]
    public async Task A_challenge_is_for_one_person_one_key_and_one_hour()
    {
        await using var story = await BeginAsync();
        var bob = await story.Gateway.AddPersonAsync("bob");
        var bobs = await story.MakeAsync("bobs", "ed25519-sk", await story.ChallengeAsync(bob));
        Assert.Contains("no open challenge of yours", await story.RefusalAsync(story.Ann, bobs.PublicLine, bobs.Attestation), StringComparison.Ordinal);
        var own = await story.MakeAsync("own", "ed25519-sk", Encoding.ASCII.GetBytes("made up by the attacker\n"));
        Assert.Contains("no open challenge of yours", await story.RefusalAsync(story.Ann, own.PublicLine, own.Attestation), StringComparison.Ordinal);
        var none = await story.MakeAsync("none", "ed25519-sk", null);
        Assert.Contains("no open challenge of yours", await story.RefusalAsync(story.Ann, none.PublicLine, none.Attestation), StringComparison.Ordinal);

        var used = await story.MakeAsync("used", "ed25519-sk", await story.ChallengeAsync(story.Ann));
        var added = (await story.AddAsync(story.Ann, used.PublicLine, used.Attestation)).Value!;
        await story.Keys.RemoveAsync(story.Ann.Id, added.Id, "ann", Cancellation);
        Assert.Contains("no open challenge of yours", await story.RefusalAsync(story.Ann, used.PublicLine, used.Attestation), StringComparison.Ordinal);

        var late = await story.MakeAsync("late", "ed25519-sk", await story.ChallengeAsync(story.Ann));
        story.Gateway.Clock.Advance(AttestationChallenges.Lifetime);
        Assert.Contains("no open challenge of yours", await story.RefusalAsync(story.Ann, late.PublicLine, late.Attestation), StringComparison.Ordinal);

        // Of many that somebody asks for, the newest are open.
        var first = await story.ChallengeAsync(story.Ann);
        for (var more = 0; more < AttestationChallenges.MaxOpen; more++)
        {
            story.Gateway.Clock.Advance(TimeSpan.FromSeconds(1));
            await story.ChallengeAsync(story.Ann);
        }

        Assert.DoesNotContain(story.Gateway.Get<AttestationChallenges>().OpenOf(story.Ann.Id), open => open.File.AsSpan().SequenceEqual(first));
        Assert.Equal(AttestationChallenges.MaxOpen, story.Gateway.Get<AttestationChallenges>().OpenOf(story.Ann.Id).Count);
    }

    [Fact]
    public async Task An_attestation_of_another_key_or_application_is_refused()
    {
        await using var story = await BeginAsync();
        var one = await story.MakeAsync("one", "ed25519-sk", await story.ChallengeAsync(story.Ann));
        var other = await story.MakeAsync("other", "ed25519-sk", null);
        var ecdsa = await story.MakeAsync("ecdsa", "ecdsa-sk", null);
        Assert.Contains("of another key", await story.RefusalAsync(story.Ann, other.PublicLine, one.Attestation), StringComparison.Ordinal);
        Assert.Contains("of another key", await story.RefusalAsync(story.Ann, ecdsa.PublicLine, one.Attestation), StringComparison.Ordinal);

        // The same point, said to be for another application: to sshd another key.
        var blob = SshKeysTests.Blob(one.PublicLine);
        byte[] moved = [.. blob[..^8], 0, 0, 0, 8, .. "ssh:work"u8];
        Assert.True(SshPublicKey.TryRead(moved, out _, out _));
        Assert.Contains("of another key", await story.RefusalAsync(story.Ann, $"sk-ssh-ed25519@openssh.com {Convert.ToBase64String(moved)}", one.Attestation), StringComparison.Ordinal);

        const string Plain = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGWr4X0xE5kadfBgkwIfxChtQjcq5WMh2RMAhYGIPFId";
        Assert.Contains("Only keys in a security key", await story.RefusalAsync(story.Ann, Plain, one.Attestation), StringComparison.Ordinal);
        Assert.NotNull((await story.AddAsync(story.Ann, one.PublicLine, one.Attestation)).Value); // none of that has used it up
    }

    [Fact]
    public async Task A_maker_or_model_that_is_not_trusted_and_a_wrong_signature_are_refused()
    {
        await using var story = await BeginAsync();
        var stranger = SecurityKeyMaker.Make(Path.Combine(story.Gateway.Folder.FullName, "stranger"), story.Gateway.Clock.GetUtcNow());
        var foreign = await story.MakeAsync("foreign", "ed25519-sk", await story.ChallengeAsync(story.Ann), stranger);
        Assert.Contains("does not know that model", await story.RefusalAsync(story.Ann, foreign.PublicLine, foreign.Attestation), StringComparison.Ordinal);

        var silent = await SoftwareSecurityKey.MakeAsync(Path.Combine(story.Gateway.Folder.FullName, "silent"), challenge: await story.ChallengeAsync(story.Ann));
        Assert.Contains("attests nothing", await story.RefusalAsync(story.Ann, silent.PublicLine, silent.Attestation), StringComparison.Ordinal);

        var wrong = await SoftwareSecurityKey.MakeAsync(
            Path.Combine(story.Gateway.Folder.FullName, "wrong"), challenge: await story.ChallengeAsync(story.Ann), maker: story.Maker, badAttestation: true);
        Assert.Contains("no open challenge of yours", await story.RefusalAsync(story.Ann, wrong.PublicLine, wrong.Attestation), StringComparison.Ordinal);

        var good = await story.MakeAsync("good", "ed25519-sk", await story.ChallengeAsync(story.Ann));
        var model = good.Attestation.AsSpan().IndexOf(SecurityKeyMaker.Model.ToByteArray(bigEndian: true));
        Assert.All(Enumerable.Range(0, good.Attestation.Length).Where(at => at % 37 == 0 || at == good.Attestation.AsSpan().LastIndexOf(SecurityKeyMaker.Model.ToByteArray(bigEndian: true))), at =>
        {
            var changed = good.Attestation;
            changed[at] ^= 1;
            Assert.Equal("bad_attestation", story.AddAsync(story.Ann, good.PublicLine, changed).GetAwaiter().GetResult().Refusal?.Code);
        });
        Assert.True(model > 0);
        foreach (var garbage in (byte[][])[[], [0], good.Attestation[..^1], [.. good.Attestation, 0], new byte[SshAttestation.MaxLength + 1]])
        {
            Assert.Contains("That is no attestation", await story.RefusalAsync(story.Ann, good.PublicLine, garbage), StringComparison.Ordinal);
        }

        Assert.NotNull((await story.AddAsync(story.Ann, good.PublicLine, good.Attestation)).Value);
    }

    [Fact]
    public async Task A_model_that_is_revoked_today_proves_nothing_from_today()
    {
        await using var before = await BeginAsync();
        var device = await before.MakeAsync("sk", "ed25519-sk", await before.ChallengeAsync(before.Ann));
        var key = (await before.AddAsync(before.Ann, device.PublicLine, device.Attestation)).Value!;
        before.Settings["WebAuthn:RevokedModels:0"] = SecurityKeyMaker.Model.ToString();
        await before.Gateway.RestartAsync();

        var run = SshExchange.Of(before.Ann, key, new("connection", before.Gateway.Clock.GetUtcNow(), UserVerified: true));
        await before.Gateway.Get<GitEnforcementPoint>().HandleAsync(run, Cancellation);
        Assert.False(run.Forwarded);
    }

    private static async Task<Story> BeginAsync(string? policy = null)
    {
        var folder = Directory.CreateTempSubdirectory("countersign-maker-");
        var maker = SecurityKeyMaker.Make(Path.Combine(folder.FullName, "maker"), TimeProvider.System.GetUtcNow());
        var roots = folder.CreateSubdirectory("roots");
        await File.WriteAllTextAsync(Path.Combine(roots.FullName, "maker.pem"), maker.RootPem, Cancellation);
        var settings = new Dictionary<string, string?> { ["WebAuthn:AttestationRoots"] = roots.FullName, ["WebAuthn:AllowedModels:0"] = maker.Aaguid.ToString() };
        var gateway = await GatewayFixture.StartAsync(policy, settings);
        await gateway.AddRepositoryAsync();
        return new(gateway, await gateway.AddPersonAsync(factor: false), maker, folder, settings);
    }

    private sealed class Story(GatewayFixture gateway, TestPerson ann, SecurityKeyMaker maker, DirectoryInfo folder, Dictionary<string, string?> settings) : IAsyncDisposable
    {
        public GatewayFixture Gateway => gateway;

        public TestPerson Ann => ann;

        public SecurityKeyMaker Maker => maker;

        public Dictionary<string, string?> Settings => settings;

        public ISshKeys Keys => gateway.Get<ISshKeys>();

        public async Task<byte[]> ChallengeAsync(TestPerson person) => (await Keys.MakeChallengeAsync(person.Id, Cancellation)).File;

        public Task<SoftwareSecurityKey> MakeAsync(string name, string type, byte[]? challenge, SecurityKeyMaker? by = null) =>
            SoftwareSecurityKey.MakeAsync(Path.Combine(gateway.Folder.FullName, name), type, challenge: challenge, maker: by ?? maker);

        public Task<Result<SshKeySummary>> AddAsync(TestPerson owner, string line, byte[] attestation) =>
            Keys.AddAttestedAsync(owner.Id, line, attestation, null, null, owner.Name, Cancellation);

        public async Task<string> RefusalAsync(TestPerson owner, string line, byte[] attestation)
        {
            var result = await AddAsync(owner, line, attestation);
            Assert.Equal("bad_attestation", result.Refusal?.Code);
            return result.Refusal!.Message;
        }

        public async ValueTask DisposeAsync()
        {
            await gateway.DisposeAsync();
            folder.Delete(recursive: true);
        }
    }
}
