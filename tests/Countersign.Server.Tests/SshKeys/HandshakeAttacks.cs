using Countersign.Core.Policies;
using Countersign.Server.Audit;
using Countersign.Server.Enforcement;
using Countersign.Server.People;
using Countersign.Server.Tests.Fixtures;
using Countersign.Server.Tests.SoftwareSecurityKeys;

namespace Countersign.Server.Tests.SshKeys;

/// <summary>Signing in with a security key as second factor, and the ways in which somebody would like it to count for more.</summary>
[Trait("Category", "slow")]
public sealed class HandshakeAttacks
{
    private const string Ed25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGWr4X0xE5kadfBgkwIfxChtQjcq5WMh2RMAhYGIPFId old";
    private const string Touching = "version: 1\nssh_security_keys: { verify: optional, touch_only: basic }\nrules: [{ name: basic, require: { strength: basic } }]\n";
    private static int connections;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Signing_in_with_a_security_key_is_the_second_factor_without_prompt_or_hold_and_all_of_it_is_recorded()
    {
        await using var story = await BeginAsync();
        var handshake = story.SignIn();
        var fetch = await story.RunAsync(handshake);

        Assert.True(fetch.Forwarded);
        Assert.Null(fetch.Asked);
        var records = (await story.Gateway.AuditAsync()).Select(record => record.Event).ToList();
        string[] told = [AuditTypes.ChallengeCreated, AuditTypes.ChallengeApproved, AuditTypes.ChallengeSpent, AuditTypes.SshKeyProofSpent];
        Assert.All(told, type => Assert.Single(records, record => record.Type == type));
        var approved = records.Single(record => record.Type == AuditTypes.ChallengeApproved).Facts;
        Assert.Equal(("SecurityKeySsh", "PhishingResistant", story.Key.Id, story.Key.Id), (approved["factor"], approved["strength"], approved["authenticator_id"], approved["credential"]));
        var spent = records.Single(record => record.Type == AuditTypes.SshKeyProofSpent).Facts;
        Assert.Equal((handshake.Connection, story.Key.Id, approved["challenge"]), (spent["connection"], spent["key_id"], spent["challenge"]));
        var decided = records.Single(record => record.Type == AuditTypes.CommandDecided).Facts;
        Assert.Equal(("allow", "CoveredByGrant", approved["challenge"]), (decided["outcome"], decided["reason"], decided["challenge"]));
        await story.Gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task The_second_command_of_a_shared_connection_is_held_like_any_other()
    {
        await using var story = await BeginAsync(factor: true);
        var handshake = story.SignIn();
        Assert.True((await story.RunAsync(handshake, "one")).Forwarded);

        var second = story.RunAsync(handshake, "two");
        await story.Ann.DenyNextAsync();
        Assert.Equal((false, ReasonCode.PersonDeclined), ((await second).Forwarded, (await second).Refused));
        Assert.NotNull((await second).Asked);
        Assert.True((await story.RunAsync(story.SignIn(), "three")).Forwarded);
    }

    [Fact]
    public async Task A_fetch_after_a_fetch_goes_on_under_the_ordinary_grant_and_spends_nothing()
    {
        await using var story = await BeginAsync();
        Assert.True((await story.RunAsync(story.SignIn())).Forwarded);
        var again = story.SignIn();
        Assert.True((await story.RunAsync(again)).Forwarded); // covered
        Assert.True((await story.RunAsync(again, "push")).Forwarded); // and so this one's is still there
    }

    [Fact]
    public async Task Hundreds_of_commands_at_once_on_one_connection_get_one_approval()
    {
        await using var story = await BeginAsync();
        var handshake = story.SignIn();
        var all = await Task.WhenAll(Enumerable.Range(0, 300).Select(number => story.RunAsync(handshake, $"branch-{number}")));

        Assert.Single(all, exchange => exchange.Forwarded);
        Assert.Equal(299, all.Count(exchange => exchange.Refused == ReasonCode.SecurityKeyUsed));
        Assert.Single(await story.Gateway.AuditAsync(), record => record.Event.Type == AuditTypes.SshKeyProofSpent);
        await story.Gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task A_spent_proof_stays_spent_after_a_restart_and_when_the_clock_is_set_back()
    {
        await using var story = await BeginAsync();
        var handshake = story.SignIn();
        Assert.True((await story.RunAsync(handshake, "one")).Forwarded);
        await story.Gateway.RestartAsync();
        Assert.Equal(ReasonCode.SecurityKeyUsed, (await story.RunAsync(handshake, "two")).Refused);

        story.Gateway.Clock.Advance(TimeSpan.FromMinutes(10));
        var late = story.SignIn();
        story.Gateway.Clock.Advance(TimeSpan.FromMinutes(-5));
        Assert.Equal(ReasonCode.SecurityKeyUsed, (await story.RunAsync(late, "three")).Refused); // from the future
    }

    [Fact]
    public async Task A_sign_in_of_long_ago_proves_nothing()
    {
        await using var story = await BeginAsync();
        var handshake = story.SignIn();
        story.Gateway.Clock.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(ReasonCode.SecurityKeyUsed, (await story.RunAsync(handshake)).Refused);
    }

    [Fact]
    public async Task A_removed_key_proves_nothing_with_what_it_proved_before()
    {
        await using var story = await BeginAsync();
        var handshake = story.SignIn();
        await story.Keys.RemoveAsync(story.Ann.Id, story.Key.Id, "ann", Cancellation);
        Assert.Equal(ReasonCode.AccessEnded, (await story.RunAsync(handshake)).Refused);
    }

    [Fact]
    public async Task A_held_command_ends_when_its_key_is_removed()
    {
        await using var story = await BeginAsync(factor: true);
        var handshake = story.SignIn();
        await story.RunAsync(handshake, "one");
        var held = story.RunAsync(handshake, "two");
        await story.Ann.NextRequestAsync();
        await story.Keys.RemoveAsync(story.Ann.Id, story.Key.Id, "ann", Cancellation);
        try
        {
            Assert.Equal(ReasonCode.AccessEnded, (await held.WaitAsync(TimeSpan.FromSeconds(10), Cancellation)).Refused);
        }
        catch (OperationCanceledException)
        {
            // The command itself was cut: it is as much over.
        }
    }

    [Fact]
    public async Task A_policy_that_was_tightened_between_sign_in_and_command_counts()
    {
        await using var story = await BeginAsync(Touching);
        var touch = story.SignIn(verified: false);
        await story.Gateway.ApplyPolicyAsync(Touching.Replace("verify: optional, touch_only: basic", "verify: required", StringComparison.Ordinal));
        Assert.Equal(ReasonCode.NoFactorSetUp, (await story.RunAsync(touch)).Refused);

        await story.Gateway.ApplyPolicyAsync(Touching);
        Assert.True((await story.RunAsync(touch)).Forwarded);
        await story.Gateway.ApplyPolicyAsync("version: 1\nssh_security_keys: { counts: false }\nrules: [{ name: all }]\n");
        Assert.Equal(ReasonCode.NoFactorSetUp, (await story.RunAsync(story.SignIn(), "one")).Refused);
    }

    [Fact]
    public async Task A_touch_is_not_verification_and_a_stronger_rule_is_not_met_by_it()
    {
        await using var story = await BeginAsync();
        Assert.Equal(ReasonCode.NoFactorSetUp, (await story.RunAsync(story.SignIn(verified: false))).Refused);
        await story.Gateway.ApplyPolicyAsync(Touching.Replace("strength: basic", "strength: strong", StringComparison.Ordinal));
        Assert.Equal(ReasonCode.NoFactorStrongEnough, (await story.RunAsync(story.SignIn(verified: false))).Refused);
    }

    [Fact]
    public async Task Another_kind_of_key_does_not_pose_as_a_security_key()
    {
        await using var story = await BeginAsync();
        var plain = await SshKeysTests.AddAsync(story.Gateway, story.Ann, Ed25519);
        var run = SshExchange.Of(story.Ann, plain, story.SignIn());
        await story.Gateway.Get<GitEnforcementPoint>().HandleAsync(run, Cancellation);
        Assert.False(run.Forwarded);

        var bob = await story.Gateway.AddPersonAsync("bob", factor: false); // nor does it prove anything for somebody else
        var foreign = SshExchange.Of(bob, story.Key, story.SignIn());
        await story.Gateway.Get<GitEnforcementPoint>().HandleAsync(foreign, Cancellation);
        Assert.Equal(ReasonCode.AccessEnded, foreign.Refused);
    }

    [Fact]
    public async Task Where_the_number_is_to_be_typed_the_touch_is_not_enough()
    {
        await using var story = await BeginAsync("version: 1\nrules: [{ name: number, require: { number: true } }]\n", factor: true);
        var held = story.RunAsync(story.SignIn());
        var challenge = await story.Ann.NextRequestAsync();
        Assert.Equal(ApprovalOutcome.NumberOwed, (await story.Ann.ApproveAsync(challenge)).Outcome);
        Assert.Equal(ApprovalOutcome.Done, (await story.Ann.ApproveAsync(challenge, challenge.Number)).Outcome);
        Assert.True((await held).Forwarded);
    }

    [Fact]
    public async Task Who_has_only_a_security_key_is_told_over_https_to_use_ssh()
    {
        await using var story = await BeginAsync();
        var git = new GitClient(Path.Combine(story.Gateway.Folder.FullName, "work"));
        var refused = await git.RunAsync("clone", "-q", story.Ann.UrlOf("ACME/core"), ".");
        Assert.NotEqual(0, refused.ExitCode);
        Assert.Contains("Use SSH and that key", refused.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Signing_in_with_a_security_key_asks_nobody_so_a_flood_of_requests_does_not_stop_it()
    {
        await using var story = await BeginAsync(factor: true, prompts: 1);
        var handshake = story.SignIn();
        Assert.True((await story.RunAsync(handshake, "one")).Forwarded);
        var held = story.RunAsync(handshake, "two"); // by the same connection: this one is asked about
        var asked = await story.Ann.NextRequestAsync();
        Assert.Equal(ReasonCode.TooManyPrompts, (await story.RunAsync(handshake, "three")).Refused);

        Assert.True((await story.RunAsync(story.SignIn(), "four")).Forwarded);
        await story.Ann.DenyAsync(asked);
        Assert.False((await held).Forwarded);
    }

    [Fact]
    public async Task This_was_not_me_removes_the_key_for_ever_and_says_so_of_an_ssh_key()
    {
        await using var story = await BeginAsync(factor: true);
        var handshake = story.SignIn();
        await story.RunAsync(handshake, "one");
        var held = story.RunAsync(handshake, "two");
        await story.Ann.DenyAsync(await story.Ann.NextRequestAsync(), reported: true);
        Assert.False((await held).Forwarded);

        Assert.False(story.Keys.IsLive(story.Ann.Id, story.Key.Id));
        Assert.Equal("key_reported", (await story.Keys.AddAsync(story.Ann.Id, story.Device.PublicLine, null, null, "ann", Cancellation)).Refusal?.Code);
        var notices = await story.Gateway.Get<INotices>().ListAsync(story.Ann.Id, Cancellation);
        Assert.Contains(notices, notice => notice.Text.Contains("The SSH key", StringComparison.Ordinal) && notice.Text.Contains("cannot come back", StringComparison.Ordinal));
    }

    private static async Task<Story> BeginAsync(string? policy = null, bool factor = false, int prompts = 1000)
    {
        var gateway = await GatewayFixture.StartAsync(policy, new() { ["Holds:PromptsPerMinute"] = $"{prompts}" });
        await gateway.AddRepositoryAsync();
        var ann = await gateway.AddPersonAsync(factor: factor);
        var device = await SoftwareSecurityKey.MakeAsync(Path.Combine(gateway.Folder.FullName, "sk"));
        return new(gateway, ann, device, await SshKeysTests.AddAsync(gateway, ann, device.PublicLine));
    }

    private sealed class Story(GatewayFixture gateway, TestPerson ann, SoftwareSecurityKey device, SshKeySummary key) : IAsyncDisposable
    {
        public GatewayFixture Gateway => gateway;

        public TestPerson Ann => ann;

        public SoftwareSecurityKey Device => device;

        public SshKeySummary Key => key;

        public ISshKeys Keys => gateway.Get<ISshKeys>();

        public SshHandshake SignIn(bool verified = true) => new($"connection-{Interlocked.Increment(ref connections)}", gateway.Clock.GetUtcNow(), verified);

        public async Task<SshExchange> RunAsync(SshHandshake handshake, string? branch = null)
        {
            var exchange = SshExchange.Of(ann, key, handshake, branch);
            await gateway.Get<GitEnforcementPoint>().HandleAsync(exchange, Cancellation);
            return exchange;
        }

        public ValueTask DisposeAsync() => gateway.DisposeAsync();
    }
}
