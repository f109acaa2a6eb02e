using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Countersign.Core.Challenges;
using Countersign.Core.Identities;
using Countersign.Core.WebAuthn;
using Countersign.Server.Enforcement;
using Countersign.Server.Tests.Fakes;

namespace Countersign.Server.Tests.Factors;

public sealed class WebAuthnFactorTests
{
    private static readonly ProofPurpose Purpose = PeopleFixture.Approve("WDJB-MJHT");

    [Fact]
    public async Task An_assertion_proves_and_leaves_evidence_that_anyone_can_verify()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        var ann = await gateway.AddPersonAsync("ann");
        using var key = await gateway.AddPasskeyAsync(ann);

        var result = await VerifyAsync(gateway, ann, Purpose, key.Assert(await gateway.OptionsAsync(ann, Purpose)));

        Assert.Equal(FactorFailure.None, result.Failure);
        Assert.Equal((FactorKind.WebAuthn, Strength.PhishingResistant, "key"), (result.Proven!.Kind, result.Proven.Strength, result.Proven.Authenticator));
        var evidence = JsonNode.Parse(result.Proven.Evidence!)!;
        var clientData = Decode(evidence["clientDataJSON"]!);
        var signedChallenge = Decode(JsonNode.Parse(clientData)!["challenge"]!);
        Assert.Equal(WebAuthnChallenge.For(Decode(evidence["nonce"]!), Purpose.Digest), signedChallenge);
        Assert.True(key.Verifies([.. Decode(evidence["authenticatorData"]!), .. SHA256.HashData(clientData)], Decode(evidence["signature"]!)));
    }

    [Fact]
    public async Task Options_name_only_the_passkeys_of_the_person()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        var ann = await gateway.AddPersonAsync("ann");
        var bob = await gateway.AddPersonAsync("bob");
        using var annsKey = await gateway.AddPasskeyAsync(ann);
        using var bobsKey = await gateway.AddPasskeyAsync(bob);

        var options = JsonNode.Parse(await gateway.OptionsAsync(ann, Purpose))!;

        var allowed = Assert.Single(options["allowCredentials"]!.AsArray());
        Assert.Equal(annsKey.CredentialId, Decode(allowed!["id"]!));
        Assert.Equal("required", options["userVerification"]!.GetValue<string>());
    }

    [Fact] // a synced passkey has no counter: single use alone refuses the replay
    public async Task A_replayed_assertion_is_refused_even_without_a_counter()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        var ann = await gateway.AddPersonAsync("ann");
        using var key = await gateway.AddPasskeyAsync(ann, new() { Counts = false, Flags = 0x1d });
        var assertion = key.Assert(await gateway.OptionsAsync(ann, Purpose));

        var results = await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => Task.Run(() => VerifyAsync(gateway, ann, Purpose, assertion))));

        Assert.Single(results, result => result.Failure is FactorFailure.None);
        await gateway.RestartAsync();
        Assert.Equal(FactorFailure.Refused, (await VerifyAsync(gateway, ann, Purpose, assertion)).Failure);
    }

    [Fact] // CVE-2025-26788: valid, but somebody else's
    public async Task A_valid_assertion_of_another_person_is_refused()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        var ann = await gateway.AddPersonAsync("ann");
        var eve = await gateway.AddPersonAsync("eve");
        using var annsKey = await gateway.AddPasskeyAsync(ann);
        using var evesKey = await gateway.AddPasskeyAsync(eve);

        var forAnn = await gateway.OptionsAsync(ann, Purpose);
        Assert.Equal(FactorFailure.Refused, (await VerifyAsync(gateway, ann, Purpose, evesKey.Assert(forAnn))).Failure);

        evesKey.UserHandle = annsKey.UserHandle;
        forAnn = await gateway.OptionsAsync(ann, Purpose);
        Assert.Equal(FactorFailure.Refused, (await VerifyAsync(gateway, ann, Purpose, evesKey.Assert(forAnn))).Failure);
        var forEve = await gateway.OptionsAsync(eve, Purpose);
        Assert.Equal(FactorFailure.Refused, (await VerifyAsync(gateway, ann, Purpose, annsKey.Assert(forEve))).Failure);
    }

    [Theory]
    [InlineData("approve", "ZZZZ-ZZZZ", 'a')]
    [InlineData("step-up", "WDJB-MJHT", 'a')]
    [InlineData("approve", "WDJB-MJHT", 'b')]
    public async Task An_assertion_for_something_else_is_refused(string purpose, string subject, char digest)
    {
        await using var gateway = await PeopleFixture.StartAsync();
        var ann = await gateway.AddPersonAsync("ann");
        using var key = await gateway.AddPasskeyAsync(ann);
        var other = new ProofPurpose(purpose, subject, new(digest, 64));

        var assertion = key.Assert(await gateway.OptionsAsync(ann, other));

        Assert.Equal(FactorFailure.Refused, (await VerifyAsync(gateway, ann, Purpose, assertion)).Failure);
    }

    [Fact]
    public async Task A_ceremony_ends_after_five_minutes()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        var ann = await gateway.AddPersonAsync("ann");
        using var key = await gateway.AddPasskeyAsync(ann);
        var assertion = key.Assert(await gateway.OptionsAsync(ann, Purpose));

        gateway.Clock.Advance(TimeSpan.FromMinutes(5));

        Assert.Equal(FactorFailure.Refused, (await VerifyAsync(gateway, ann, Purpose, assertion)).Failure);
    }

    [Fact]
    public async Task Two_tabs_can_ask_at_the_same_time()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        var ann = await gateway.AddPersonAsync("ann");
        using var key = await gateway.AddPasskeyAsync(ann);
        var first = await gateway.OptionsAsync(ann, Purpose);
        await gateway.OptionsAsync(ann, Purpose);

        Assert.Equal(FactorFailure.None, (await VerifyAsync(gateway, ann, Purpose, key.Assert(first))).Failure);
    }

    [Fact]
    public async Task A_counter_that_falls_or_stands_is_refused()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        var ann = await gateway.AddPersonAsync("ann");
        using var key = await gateway.AddPasskeyAsync(ann);
        key.Counter = 10;
        Assert.Equal(FactorFailure.None, (await VerifyAsync(gateway, ann, Purpose, key.Assert(await gateway.OptionsAsync(ann, Purpose)))).Failure);

        key.Counter = 10;
        Assert.Equal(FactorFailure.Refused, (await VerifyAsync(gateway, ann, Purpose, key.Assert(await gateway.OptionsAsync(ann, Purpose)))).Failure);
        key.Counter = uint.MaxValue;
        Assert.Equal(FactorFailure.Refused, (await VerifyAsync(gateway, ann, Purpose, key.Assert(await gateway.OptionsAsync(ann, Purpose)))).Failure);
    }

    [Fact]
    public async Task Of_assertions_that_race_over_one_counter_value_one_is_accepted()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        var ann = await gateway.AddPersonAsync("ann");
        using var key = await gateway.AddPasskeyAsync(ann);
        var assertions = new List<string>();
        for (var copy = 0; copy < 20; copy++)
        {
            key.Counter = 0; // twenty copies of one key, each about to count to one
            assertions.Add(key.Assert(await gateway.OptionsAsync(ann, Purpose)));
        }

        var results = await Task.WhenAll(assertions.Select(assertion => Task.Run(() => VerifyAsync(gateway, ann, Purpose, assertion))));

        Assert.Single(results, result => result.Failure is FactorFailure.None);
    }

    [Fact]
    public async Task Renaming_a_passkey_leaves_its_counter_alone()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        var ann = await gateway.AddPersonAsync("ann");
        using var key = await gateway.AddPasskeyAsync(ann);
        key.Counter = 7;
        await VerifyAsync(gateway, ann, Purpose, key.Assert(await gateway.OptionsAsync(ann, Purpose)));
        var factor = Assert.Single((await gateway.People.FindAsync(ann.Id, CancellationToken.None))!.Factors);

        var renamed = await gateway.Enrolment.RenameAsync(ann.Id, factor.Id, "desk 🔑", "ann", CancellationToken.None);

        Assert.Equal("desk 🔑", renamed.Value!.Name);
        Assert.Equal("Chromium virtual authenticator", factor.Model);
        key.Counter = 7;
        Assert.Equal(FactorFailure.Refused, (await VerifyAsync(gateway, ann, Purpose, key.Assert(await gateway.OptionsAsync(ann, Purpose)))).Failure);
        key.Counter = 8;
        Assert.Equal("desk 🔑", (await VerifyAsync(gateway, ann, Purpose, key.Assert(await gateway.OptionsAsync(ann, Purpose)))).Proven?.Authenticator);
    }

    [Theory]
    [InlineData("http://localhost:8081", 0x05)] // another port
    [InlineData("https://localhost:8080", 0x05)]
    [InlineData("http://localhost.evil.example:8080", 0x05)]
    [InlineData("http://localhost:8080", 0x01)] // touched, not verified
    [InlineData("http://localhost:8080", 0x00)]
    public async Task Another_origin_or_no_user_verification_is_refused(string origin, byte flags)
    {
        await using var gateway = await PeopleFixture.StartAsync();
        var ann = await gateway.AddPersonAsync("ann");
        using var key = await gateway.AddPasskeyAsync(ann);
        (key.Origin, key.Flags) = (origin, flags);

        Assert.Equal(FactorFailure.Refused, (await VerifyAsync(gateway, ann, Purpose, key.Assert(await gateway.OptionsAsync(ann, Purpose)))).Failure);
    }

    [Fact]
    public async Task A_credential_id_belongs_to_one_person_only()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        var ann = await gateway.AddPersonAsync("ann");
        var eve = await gateway.AddPersonAsync("eve");
        using var key = await gateway.AddPasskeyAsync(ann);
        using var thief = new SoftwareAuthenticator { CredentialId = key.CredentialId };

        var refused = await gateway.Enrolment.AddPasskeyAsync(
            eve.Id, thief.Register(await gateway.Enrolment.PasskeyOptionsAsync(eve.Id, CancellationToken.None)), "mine", "eve", CancellationToken.None);

        Assert.Equal("registered_already", refused.Refusal?.Code);
        Assert.Equal(FactorFailure.None, (await VerifyAsync(gateway, ann, Purpose, key.Assert(await gateway.OptionsAsync(ann, Purpose)))).Failure);
    }

    [Fact]
    public async Task A_registration_is_used_once_and_only_by_the_person_who_began_it()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        var ann = await gateway.AddPersonAsync("ann");
        var eve = await gateway.AddPersonAsync("eve");
        using var key = new SoftwareAuthenticator();
        var response = key.Register(await gateway.Enrolment.PasskeyOptionsAsync(ann.Id, CancellationToken.None));

        Assert.Equal("refused", (await gateway.Enrolment.AddPasskeyAsync(eve.Id, response, "mine", "eve", CancellationToken.None)).Refusal?.Code);
        Assert.Null((await gateway.Enrolment.AddPasskeyAsync(ann.Id, response, "key", "ann", CancellationToken.None)).Refusal);
        Assert.Equal("refused", (await gateway.Enrolment.AddPasskeyAsync(ann.Id, response, "again", "ann", CancellationToken.None)).Refusal?.Code);
    }

    [Fact]
    public async Task Synced_passkeys_and_revoked_models_can_be_refused()
    {
        await using var strict = await PeopleFixture.StartAsync(("WebAuthn:AllowBackupEligible", "false"));
        var ann = await strict.AddPersonAsync("ann");
        using var synced = new SoftwareAuthenticator { Flags = 0x1d };
        var options = await strict.Enrolment.PasskeyOptionsAsync(ann.Id, CancellationToken.None);
        Assert.Equal("synced_refused", (await strict.Enrolment.AddPasskeyAsync(ann.Id, synced.Register(options), "key", "ann", CancellationToken.None)).Refusal?.Code);

        await using var revoking = await PeopleFixture.StartAsync(("WebAuthn:RevokedModels:0", "01020304-0506-0708-0102-030405060708"));
        var bob = await revoking.AddPersonAsync("bob");
        using var key = new SoftwareAuthenticator();
        options = await revoking.Enrolment.PasskeyOptionsAsync(bob.Id, CancellationToken.None);
        Assert.Equal("model_refused", (await revoking.Enrolment.AddPasskeyAsync(bob.Id, key.Register(options), "key", "bob", CancellationToken.None)).Refusal?.Code);
    }

    [Theory]
    [InlineData("http://127.0.0.1:8080")]
    [InlineData("https://[::1]:8443")]
    [InlineData("http://git.example.org")]
    public async Task On_an_address_that_is_no_secure_domain_codes_work_and_passkeys_say_why_not(string url)
    {
        await using var gateway = await PeopleFixture.StartAsync(("Url", url));
        var ann = await gateway.AddPersonAsync("ann");
        var (secret, _) = await gateway.AddTotpAsync(ann);

        Assert.Equal(FactorFailure.None, (await gateway.TotpAsync(ann, gateway.CodeOf(secret))).Failure);
        var unavailable = await Assert.ThrowsAsync<Countersign.Server.Factors.WebAuthn.PasskeysUnavailableException>(
            () => gateway.Enrolment.PasskeyOptionsAsync(ann.Id, CancellationToken.None));
        Assert.Contains("--url", unavailable.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("[[[[[[[[[[[[[[[[[[[[")]
    [InlineData("""{"id":"AA","rawId":"AA","type":"public-key","response":{}}""")]
    public async Task Malformed_answers_are_refused(string json)
    {
        await using var gateway = await PeopleFixture.StartAsync();
        var ann = await gateway.AddPersonAsync("ann");
        using var key = await gateway.AddPasskeyAsync(ann);

        Assert.Equal(FactorFailure.Refused, (await VerifyAsync(gateway, ann, Purpose, json)).Failure);
        Assert.Equal("refused", (await gateway.Enrolment.AddPasskeyAsync(ann.Id, json, "key", "ann", CancellationToken.None)).Refusal?.Code);
    }

    private static Task<FactorResult> VerifyAsync(PeopleFixture gateway, Principal person, ProofPurpose purpose, string assertion) =>
        gateway.WebAuthn.VerifyAsync(person, purpose, new(null, assertion), CancellationToken.None);

    private static byte[] Decode(JsonNode text) => Base64Url.DecodeFromChars(text.GetValue<string>());
}
