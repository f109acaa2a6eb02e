using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Countersign.Core.Challenges;
using Countersign.Core.Git;
using Countersign.Core.Identities;
using Countersign.Core.WebAuthn;
using Countersign.Server.Audit;
using Countersign.Server.Tests.Api;
using Countersign.Server.Tests.Fakes;
using Countersign.Server.Tests.Fixtures;

namespace Countersign.Server.Tests.Regressions;

/// <summary>Attacks on WebAuthn ceremonies, over the API as an attacker reaches it.</summary>
[Trait("Category", "slow")]
public sealed class PasskeyAttacks
{
    [Fact]
    public async Task An_assertion_approves_the_request_that_it_was_made_for_once_and_no_other()
    {
        await using var story = await Story.StartAsync();
        var (first, firstFetch) = await story.HoldAsync("ACME/core");
        var (second, secondFetch) = await story.HoldAsync("ACME/web");
        var assertion = await story.Owner.AssertForAsync(story.Key, first.Id.Value);

        (await story.Owner.ApproveAsync(second.Id.Value, new { assertion })).IsProblem(403, "proof_refused"); // another operation
        (await story.Owner.PostAsync("step-up", new { assertion })).IsProblem(403, "refused"); // another purpose
        (await story.Owner.PostAsync("sign-in/passkey", new { ceremony = "x", assertion })).IsProblem(401, "refused");
        Assert.Equal(200, (await story.Owner.ApproveAsync(first.Id.Value, new { assertion })).Status);
        Assert.True(Visitor.Released(await firstFetch));
        (await story.Owner.ApproveAsync(second.Id.Value, new { assertion })).IsProblem(403, "proof_refused"); // replayed
        await story.Ann.DenyAsync(second);
        await secondFetch;
        await story.Gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task What_was_signed_for_signing_in_stepping_up_or_registering_approves_nothing()
    {
        await using var story = await Story.StartAsync();
        var (request, fetch) = await story.HoldAsync("ACME/core");

        var signIn = (await story.Owner.PostAsync("sign-in/passkey/options", new { })).Json;
        var stepUp = await story.Owner.PostAsync("step-up/options", new { });
        var register = await story.Owner.PostAsync("passkeys/options", new { });
        using var other = new SoftwareAuthenticator { Origin = story.Gateway.Url };
        foreach (var lie in new[]
        {
            story.Key.Assert(signIn.GetProperty("options").GetRawText()),
            story.Key.Assert(stepUp.Body),
            other.Register(register.Body),
        })
        {
            (await story.Owner.ApproveAsync(request.Id.Value, new { assertion = JsonElement.Parse(lie) })).IsProblem(403, "proof_refused");
        }

        await story.Ann.DenyAsync(request);
        await fetch;
        await story.Gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task A_ceremony_that_is_too_old_or_of_somebody_else_proves_nothing()
    {
        await using var story = await Story.StartAsync();
        var eve = await story.Gateway.AddPersonAsync("eve");
        var (thief, evesKey) = await Visitor.WithPasskeyAsync(story.Gateway, eve);
        using var visitor = thief;
        using var authenticator = evesKey;
        var (request, fetch) = await story.HoldAsync("ACME/core");
        var options = (await story.Owner.PostAsync($"requests/{request.Id}/options", new { })).Body;

        // Eve's key over Ann's ceremony: a valid signature of the wrong person (CVE-2025-26788).
        (await story.Owner.ApproveAsync(request.Id.Value, new { assertion = JsonElement.Parse(evesKey.Assert(options)) })).IsProblem(403, "proof_refused");

        // Ann's key over Ann's ceremony, sent by Eve.
        var anns = await story.Owner.AssertForAsync(story.Key, request.Id.Value);
        (await thief.ApproveAsync(request.Id.Value, new { assertion = anns })).IsProblem(404, "not_found");
        (await thief.PostAsync("step-up", new { assertion = anns })).IsProblem(403, "refused");
        await story.Ann.DenyAsync(request);
        await fetch;

        var old = (await story.Owner.PostAsync("step-up/options", new { })).Body;
        story.Gateway.Clock.Advance(TimeSpan.FromMinutes(5));
        (await story.Owner.PostAsync("step-up", new { assertion = JsonElement.Parse(story.Key.Assert(old)) })).IsProblem(403, "refused");
        await story.Gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task A_page_at_another_port_scheme_or_inside_a_frame_cannot_have_the_key_sign_for_us()
    {
        await using var story = await Story.StartAsync();
        var own = story.Gateway.Url;
        foreach (var origin in new[] { own.Replace("http:", "https:", StringComparison.Ordinal), "http://localhost", "http://localhost:1", $"{own}/", $"{own}.evil.example", own.ToUpperInvariant() })
        {
            story.Key.Origin = origin;
            await RefusedAsync(story, story.Key.Assert);
        }

        story.Key.Origin = own;
        story.Key.Flags = 0x01; // present, but not verified
        await RefusedAsync(story, story.Key.Assert);
        story.Key.Flags = 0x04; // verified, but not present
        await RefusedAsync(story, story.Key.Assert);
        story.Key.Flags = 0x05;
        await RefusedAsync(story, options => Bend(story.Key.Assert(options), "clientDataJSON", text => text.Replace("\"crossOrigin\":false", "\"crossOrigin\":true", StringComparison.Ordinal)));
        await RefusedAsync(story, options => Bend(story.Key.Assert(options), "clientDataJSON", text => text.Replace("webauthn.get", "webauthn.create", StringComparison.Ordinal)));
        Assert.Equal(200, (await StepUpAsync(story, story.Key.Assert)).Status);
        await story.Gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task A_copied_key_is_noticed_when_its_counter_falls_or_is_used_twice_at_once()
    {
        await using var story = await Story.StartAsync();
        Assert.Equal(200, (await StepUpAsync(story, story.Key.Assert, rotate: true)).Status);
        story.Key.Counter -= 1; // the copy has seen one use less
        await RefusedAsync(story, story.Key.Assert);

        var options = new List<string>();
        for (var copy = 0; copy < 6; copy++)
        {
            options.Add((await story.Owner.PostAsync("step-up/options", new { })).Body);
        }

        var counter = story.Key.Counter + 5;
        var assertions = options.Select(text =>
        {
            story.Key.Counter = counter;
            return JsonElement.Parse(story.Key.Assert(text));
        }).ToList();
        var answers = await Task.WhenAll(assertions.Select(assertion => Task.Run(() => story.Owner.PostAsync("step-up", new { assertion }))));
        Assert.Equal(1, answers.Count(answer => answer.Status == 200));
        await story.Gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task The_same_credential_id_is_registered_for_one_person_only()
    {
        await using var story = await Story.StartAsync();
        var eve = await story.Gateway.AddPersonAsync("eve");
        using var thief = await Visitor.SignedInAsync(story.Gateway, eve);
        using var copy = new SoftwareAuthenticator { Origin = story.Gateway.Url, CredentialId = story.Key.CredentialId };

        (await thief.AddPasskeyAsync(copy, "mine")).IsProblem(409, "registered_already");
        var replayed = await story.Owner.PostAsync("passkeys", new { name = "again", attestation = JsonElement.Parse(copy.Register((await thief.PostAsync("passkeys/options", new { })).Body)) });
        replayed.IsProblem(403, "refused");
        Assert.Equal(200, (await StepUpAsync(story, story.Key.Assert)).Status);
        await story.Gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task Huge_deep_doubled_and_senseless_answers_are_refused_and_nothing_breaks()
    {
        await using var story = await Story.StartAsync();
        var (request, fetch) = await story.HoldAsync("ACME/core");
        var good = (await story.Owner.AssertForAsync(story.Key, request.Id.Value)).GetRawText();
        string[] bodies =
        [
            """{"assertion":{}}""", """{"assertion":null}""", """{"assertion":[]}""", """{"assertion":"x"}""", """{"assertion":5}""", "[]", "null", "\"\"", "{",
            Around(new string('[', 200) + new string(']', 200)) + "}",
            Around("{\"a\":\"" + new string('x', 60_000) + "\"}") + "}",
            Around(good) + ",\"assertion\":" + good + "}",
            Around(good.Replace("\"type\":", "\"type\":\"public-key\",\"type\":", StringComparison.Ordinal)) + "}",
            Around(good.Replace("\"signature\":\"", "\"signature\":\"AAAA", StringComparison.Ordinal)) + "}",
            Around(good.Replace("\"signature\":\"", "\"signature\":\"!!", StringComparison.Ordinal)) + "}",
            Around(good) + ",\"totp\":\"123456\"}",
            Around(good) + ",\"more\":1}",
        ];
        foreach (var body in bodies)
        {
            foreach (var path in new[] { $"requests/{request.Id}/approve", "step-up", "sign-in/passkey" })
            {
                var answer = await story.Owner.ApiAsync(HttpMethod.Post, path, body);
                Assert.True(answer.Status is 400 or 401 or 403, $"{path} {body[..Math.Min(60, body.Length)]}: {answer.Status}");
                answer.IsProblem(answer.Status, answer.Code!);
            }
        }

        var tooLarge = await story.Owner.ApiAsync(HttpMethod.Post, "step-up", $$"""{"totp":"{{new string('1', 100_000)}}"}""");
        Assert.Equal(413, tooLarge.Status);
        await story.Ann.DenyAsync(request);
        await fetch;
        await story.Gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task The_audit_log_alone_proves_which_key_approved_which_refs_for_whom()
    {
        await using var story = await Story.StartAsync(PushPolicy);
        var core = Story.Core;
        var tip = (await story.Gateway.TipAsync(core))!;
        var push = story.Owner.PushAsync(story.Ann, tip, "refs/heads/one", "refs/heads/a");
        var request = await story.Ann.NextRequestAsync();
        Assert.Equal(200, (await story.Owner.ApproveAsync(request.Id.Value, new { assertion = await story.Owner.AssertForAsync(story.Key, request.Id.Value) })).Status);
        Assert.Equal(200, (await push).Status);
        Assert.Equal(tip, await story.Gateway.TipAsync(core, "refs/heads/one"));

        var records = (await story.Gateway.AuditAsync()).Select(record => record.Event).ToList();
        var created = records.Single(record => record.Type == AuditTypes.ChallengeCreated).Facts;
        var approved = records.Single(record => record.Type == AuditTypes.ChallengeApproved).Facts;
        var evidence = JsonNode.Parse(approved["evidence"])!;
        var clientData = Decode(evidence["clientDataJSON"]!);
        Assert.Equal(created["digest"], evidence["digest"]!.GetValue<string>());
        Assert.Equal(WebAuthnChallenge.For(Decode(evidence["nonce"]!), created["digest"]), Decode(JsonNode.Parse(clientData)!["challenge"]!));
        Assert.True(story.Key.Verifies([.. Decode(evidence["authenticatorData"]!), .. SHA256.HashData(clientData)], Decode(evidence["signature"]!)));

        // The digest is over what the record shows: person, credential, repository, every ref. Change one and it is another.
        Assert.Equal(created["digest"], DigestOf(created, created["refs"]));
        Assert.NotEqual(created["digest"], DigestOf(created, created["refs"].Replace("heads/one", "heads/two", StringComparison.Ordinal)));
        Assert.Equal(story.Ann.Id.ToString(), created["person"]);
        Assert.Equal("ACME/core", created["repository"]);
        await story.Gateway.AssertInvariantsAsync();
    }

    private const string PushPolicy =
        """
        version: 1
        mode: enforce
        rules:
          - { name: read, operations: [read], effect: allow }
          - { name: write, operations: [write], require: { strength: phishing-resistant } }
        """;

    private static string Around(string assertion) => "{\"assertion\":" + assertion;

    private static string DigestOf(IReadOnlyDictionary<string, string> facts, string refs)
    {
        Assert.True(ChallengeId.TryParse(facts["challenge"], out var id));
        Assert.True(PrincipalId.TryParse(facts["person"], out var person));
        Assert.True(RepositoryPath.TryParse(facts["repository"], out var repository));
        var updates = refs.Split('\n').Select(line => line.Split(' ')).Select(parts =>
            ObjectId.TryParse(parts[2], out var old) && ObjectId.TryParse(parts[3], out var next) && RefName.TryParse(parts[1], out var name)
                ? new RefUpdate(old, next, name)
                : throw new InvalidDataException());
        return OperationDigest.Of(id, person, new(facts["credential"], ""), new(Enum.Parse<GitService>(facts["service"]), repository) { Updates = [.. updates] });
    }

    private static async Task RefusedAsync(Story story, Func<string, string> answer) =>
        (await StepUpAsync(story, answer)).IsProblem(403, "refused");

    private static async Task<Answer> StepUpAsync(Story story, Func<string, string> answer, bool rotate = false)
    {
        var options = (await story.Owner.PostAsync("step-up/options", new { })).Body;
        var result = await story.Owner.PostAsync("step-up", new { assertion = JsonElement.Parse(answer(options)) });
        if (rotate)
        {
            story.Owner.Token = result.Json.GetProperty("token").GetString();
        }

        return result;
    }

    private static string Bend(string json, string part, Func<string, string> change)
    {
        var node = JsonNode.Parse(json)!;
        var text = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(node["response"]![part]!.GetValue<string>()));
        node["response"]![part] = Base64Url.EncodeToString(Encoding.UTF8.GetBytes(change(text)));
        return node.ToJsonString();
    }

    private static byte[] Decode(JsonNode text) => Base64Url.DecodeFromChars(text.GetValue<string>());
}
