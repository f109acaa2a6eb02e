using System.Net;
using Countersign.Core.SshKeys;
using Countersign.Server.Audit;
using Countersign.Server.People;
using Countersign.Server.Tests.Fixtures;
using Countersign.Server.Tests.SoftwareSecurityKeys;

namespace Countersign.Server.Tests.SshKeys;

[Trait("Category", "slow")]
public sealed class SshKeysTests
{
    private const string Ed25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJnNMgbOkwdqRW5k22EwSaApdw9vRcf5D7sHML5XwpQd ann@laptop";
    private static readonly Core.Identities.ClientAddress Home = new(IPAddress.Parse("192.0.2.7"));

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_key_is_its_owner_from_the_moment_that_it_is_added_until_it_expires()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        var keys = gateway.Get<ISshKeys>();
        var key = await AddAsync(gateway, ann, Ed25519, days: 1);

        Assert.Equal(("ann@laptop", "ssh-ed25519"), (key.Label, key.Type));
        var offered = keys.Find(Blob(Ed25519));
        Assert.Equal(new(key.Id, IsSecurityKey: false, VerifyRequired: false, NoTouchRequired: false), offered);
        var who = keys.Authenticate(key.Id, Home);
        Assert.Equal((ann.Id, key.Id, "ann@laptop"), (who!.Principal.Id, who.Credential.Id, who.Credential.Label));
        Assert.True(keys.IsLive(ann.Id, key.Id));

        gateway.Clock.Advance(TimeSpan.FromDays(1));
        Assert.Null(keys.Find(Blob(Ed25519)));
        Assert.Null(keys.Authenticate(key.Id, Home));
        Assert.False(keys.IsLive(ann.Id, key.Id));
        Assert.Single(await keys.ListAsync(ann.Id, Cancellation)); // it says that it has expired
    }

    [Fact]
    public async Task What_is_added_and_removed_is_recorded_and_told_to_its_owner()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        var key = await AddAsync(gateway, ann, Ed25519);
        Assert.Null((await gateway.Get<ISshKeys>().RemoveAsync(ann.Id, key.Id, "ann", Cancellation)).Refusal);

        var records = (await gateway.AuditAsync()).Select(record => record.Event).ToList();
        var added = records.Single(record => record.Type == AuditTypes.SshKeyAdded);
        Assert.Equal((key.Id, key.Fingerprint, "ssh-ed25519", ""), (added.Facts["key_id"], added.Facts["fingerprint"], added.Facts["type"], added.Facts["aaguid"]));
        Assert.Equal("false", records.Single(record => record.Type == AuditTypes.SshKeyRemoved).Facts["reported"]);
        var told = (await gateway.Get<INotices>().ListAsync(ann.Id, Cancellation)).Select(notice => notice.Text).ToList();
        Assert.Contains(told, text => text.Contains("ann@laptop", StringComparison.Ordinal) && text.Contains(key.Fingerprint, StringComparison.Ordinal));
        Assert.Contains(told, text => text.Contains("was removed", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Removing_a_key_ends_it_at_once_and_nobody_elses_is_removed()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        var bob = await gateway.AddPersonAsync("bob");
        var keys = gateway.Get<ISshKeys>();
        var key = await AddAsync(gateway, ann, Ed25519);
        var ended = new List<AccessEnded>();
        using var subscription = gateway.Get<AccessEndings>().Subscribe(ended.Add);

        Assert.Equal("no_such_key", (await keys.RemoveAsync(bob.Id, key.Id, "bob", Cancellation)).Refusal?.Code);
        Assert.Equal("no_such_key", (await keys.RemoveAsync(ann.Id, key.Id.ToUpperInvariant(), "ann", Cancellation)).Refusal?.Code);
        Assert.NotNull(keys.Find(Blob(Ed25519)));
        Assert.Null((await keys.RemoveAsync(ann.Id, key.Id, "ann", Cancellation)).Refusal);

        Assert.Null(keys.Find(Blob(Ed25519)));
        Assert.Null(keys.Authenticate(key.Id, Home));
        Assert.False(keys.IsLive(ann.Id, key.Id));
        Assert.Equal([new AccessEnded(ann.Id, key.Id)], ended);
        Assert.Empty(await keys.ListAsync(ann.Id, Cancellation));
    }

    [Fact]
    public async Task A_removed_key_comes_back_only_to_its_owner_and_under_a_new_id()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        var bob = await gateway.AddPersonAsync("bob");
        var keys = gateway.Get<ISshKeys>();
        var first = await AddAsync(gateway, ann, Ed25519);
        await keys.RemoveAsync(ann.Id, first.Id, "ann", Cancellation);

        Assert.Equal("key_taken", await RefusalAsync(gateway, bob, Ed25519));
        var second = await AddAsync(gateway, ann, Ed25519);
        Assert.NotEqual(first.Id, second.Id);
        Assert.Null(keys.Authenticate(first.Id, Home));
        Assert.Equal(second.Id, keys.Find(Blob(Ed25519))?.Id);
    }

    [Fact]
    public async Task Disabling_somebody_ends_their_keys_for_good()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        var key = await AddAsync(gateway, ann, Ed25519);
        await gateway.Get<IPeople>().DisableAsync("ann", "root", Cancellation);
        Assert.Null(gateway.Get<ISshKeys>().Find(Blob(Ed25519)));

        await gateway.Get<IPeople>().EnableAsync("ann", "root", Cancellation);
        Assert.Null(gateway.Get<ISshKeys>().Find(Blob(Ed25519)));
        Assert.Null(gateway.Get<ISshKeys>().Authenticate(key.Id, Home));
    }

    [Fact]
    public async Task Resetting_the_factors_of_who_lost_a_security_key_takes_its_ssh_keys_too()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        var plain = await AddAsync(gateway, ann, Ed25519);
        var lost = await SoftwareSecurityKey.MakeAsync(Path.Combine(gateway.Folder.FullName, "sk"));
        var key = await AddAsync(gateway, ann, lost.PublicLine);

        await gateway.Get<IFactorEnrolment>().ResetAsync("ann", "root", Cancellation);

        Assert.False(gateway.Get<ISshKeys>().IsLive(ann.Id, key.Id));
        Assert.True(gateway.Get<ISshKeys>().IsLive(ann.Id, plain.Id));
    }

    [Fact]
    public async Task Last_use_is_written_off_the_path()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        var key = await AddAsync(gateway, ann, Ed25519);
        gateway.Get<ISshKeys>().Authenticate(key.Id, Home);
        await gateway.Get<LastUses>().DrainAsync(Cancellation);

        var used = Assert.Single(await gateway.Get<ISshKeys>().ListAsync(ann.Id, Cancellation));
        Assert.Equal((gateway.Clock.GetUtcNow(), "192.0.2.7"), (used.LastUsedAt, used.LastUsedFrom));
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("ssh_security_keys: { verify: required }", true)]
    [InlineData("ssh_security_keys: { verify: optional }", false)]
    [InlineData("ssh_security_keys: { counts: false }", false)]
    [InlineData("ssh_security_keys: { counts: false, verify: required }", true)]
    public async Task Whether_sshd_insists_on_verification_is_what_the_policy_in_force_says(string block, bool required)
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        var key = await SoftwareSecurityKey.MakeAsync(Path.Combine(gateway.Folder.FullName, "sk"));
        await AddAsync(gateway, ann, key.PublicLine);
        await gateway.ApplyPolicyAsync($"version: 1\n{block}\nrules: [{{ name: all }}]\n");

        var offered = gateway.Get<ISshKeys>().Find(Blob(key.PublicLine));
        Assert.Equal((true, required, false), (offered!.IsSecurityKey, offered.VerifyRequired, offered.NoTouchRequired));
    }

    [Fact]
    public async Task Looking_a_key_up_takes_far_less_than_ten_milliseconds_and_writes_nothing()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        await AddAsync(gateway, ann, Ed25519);
        var (keys, blob) = (gateway.Get<ISshKeys>(), Blob(Ed25519));
        keys.Find(blob);
        var before = (await gateway.AuditAsync()).Count;

        var watch = System.Diagnostics.Stopwatch.StartNew();
        for (var time = 0; time < 200; time++)
        {
            Assert.NotNull(keys.Find(blob));
        }

        Assert.InRange(watch.Elapsed.TotalMilliseconds / 200, 0, 10);
        Assert.Equal(before, (await gateway.AuditAsync()).Count);
    }

    internal static byte[] Blob(string line) =>
        SshPublicKey.TryParse(line, out var key, out var fault) ? key.Blob.ToArray() : throw new ArgumentException(fault.ToString(), nameof(line));

    internal static async Task<SshKeySummary> AddAsync(GatewayFixture gateway, TestPerson owner, string line, string? label = null, int? days = null)
    {
        var added = await gateway.Get<ISshKeys>().AddAsync(owner.Id, line, label, days, owner.Name, Cancellation);
        Assert.Null(added.Refusal);
        return added.Value!;
    }

    internal static async Task<string?> RefusalAsync(GatewayFixture gateway, TestPerson owner, string line, string? label = null, int? days = null) =>
        (await gateway.Get<ISshKeys>().AddAsync(owner.Id, line, label, days, owner.Name, Cancellation)).Refusal?.Code;
}
