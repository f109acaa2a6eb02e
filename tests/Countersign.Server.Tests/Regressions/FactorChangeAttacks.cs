using System.Text.Json;
using Countersign.Core.Policies;
using Countersign.Server.People;
using Countersign.Server.Policies;
using Countersign.Server.Tests.Fakes;
using Countersign.Server.Tests.Fixtures;

namespace Countersign.Server.Tests.Regressions;

/// <summary>Somebody sits down at an open session: what proves who a person is must not change without a fresh proof.</summary>
[Trait("Category", "slow")]
public sealed class FactorChangeAttacks
{
    [Fact]
    public async Task An_open_session_changes_no_factor_token_person_or_policy_by_API_once_its_proof_is_old()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        using var owner = await Visitor.SignedInAsync(gateway, ann);
        var factor = (await owner.GetApiAsync("factors")).Json[0].GetProperty("id").GetString();
        gateway.Clock.Advance(TimeSpan.FromMinutes(5) + TimeSpan.FromSeconds(1));

        var attempts = new (HttpMethod Method, string Path, string? Body)[]
        {
            (HttpMethod.Post, "passkeys/options", "{}"), (HttpMethod.Post, "passkeys", """{"name":"x","attestation":{}}"""),
            (HttpMethod.Post, "totp", "{}"), (HttpMethod.Post, "totp/confirm", """{"code":"123456"}"""),
            (HttpMethod.Patch, $"factors/{factor}", """{"name":"mine"}"""), (HttpMethod.Delete, $"factors/{factor}", null),
            (HttpMethod.Post, "recovery-codes", "{}"), (HttpMethod.Post, "tokens", """{"label":"mine","days":3}"""),
            (HttpMethod.Post, "ssh-keys", """{"key":"ssh-ed25519 AAAA"}"""), (HttpMethod.Delete, "ssh-keys/ssh-00000000000000000000000000000000", null),
            (HttpMethod.Put, "upstream-tokens/far", """{"token":"x"}"""),
            (HttpMethod.Post, "workspaces/ACME/members", """{"name":"eve","role":"admin"}"""),
        };
        foreach (var (method, path, body) in attempts)
        {
            (await owner.ApiAsync(method, path, body)).IsProblem(403, "step_up_required");
        }

        Assert.Single((await owner.GetApiAsync("factors")).Json.EnumerateArray());
        var proven = await owner.PostAsync("step-up", new { totp = ann.FreshCode() });
        Assert.Equal(200, proven.Status);
        Assert.Equal(401, (await owner.GetApiAsync("me")).Status); // the old token died with the step-up
        owner.Token = proven.Json.GetProperty("token").GetString();
        Assert.Equal(200, (await owner.ApiAsync(HttpMethod.Patch, $"factors/{factor}", """{"name":"phone"}""")).Status);
        Assert.Contains("is now called", (await owner.GetApiAsync("notices")).Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_open_browser_changes_nothing_of_it_by_form_either()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        await gateway.AddPersonAsync("bob");
        await gateway.MakeAdministratorAsync("ann");
        using var browser = new Visitor(gateway);
        await browser.BrowseAsync(ann);
        var id = (await gateway.Get<IPeople>().FindAsync(ann.Id, TestContext.Current.CancellationToken))!.Factors[0].Id;
        gateway.Clock.Advance(TimeSpan.FromMinutes(6));

        foreach (var (action, fields) in new (string, Dictionary<string, string>)[]
        {
            ("/two-step?handler=App", []), ("/two-step?handler=Confirm", new() { ["code"] = "123456" }), ("/two-step?handler=Passkey", []),
            ($"/security/factor/{id}?handler=Rename", new() { ["name"] = "mine" }), ($"/security/factor/{id}?handler=Remove", []),
            ("/security/recovery-codes", []), ("/security/token", new() { ["label"] = "mine" }),
            ("/people?handler=Add", new() { ["name"] = "eve", ["email"] = "eve@example.org", ["password"] = "a long password" }),
            ("/people?handler=Disable", new() { ["person"] = "bob" }), ("/people?handler=Unlock", new() { ["person"] = "bob" }),
        })
        {
            var answer = await browser.SubmitAsync("/security", action, fields);
            Assert.Equal(302, answer.Status);
            Assert.StartsWith("/step-up?return=", answer.Headers["Location"], StringComparison.Ordinal);
        }

        var policy = await browser.SubmitAsync("/policy", "/policy?handler=Apply", new() { ["Yaml"] = "version: 1\nmode: off\n" });
        Assert.Equal(200, policy.Status);
        Assert.Equal(Mode.Enforce, gateway.Get<PolicyStore>().Current.Mode);
        Assert.Null(await gateway.Get<IPeople>().FindAsync("eve", TestContext.Current.CancellationToken));
        Assert.False((await gateway.Get<IPeople>().FindAsync("bob", TestContext.Current.CancellationToken))!.IsDisabled);

        var before = browser.Cookies["__Host-countersign"];
        Assert.Equal(302, (await browser.SubmitAsync("/step-up", "/step-up?return=%2Fsecurity", new() { ["code"] = ann.FreshCode() })).Status);
        Assert.NotEqual(before, browser.Cookies["__Host-countersign"]);
        using var old = new Visitor(gateway);
        Assert.Equal(302, (await old.GetAsync("/security", ("Cookie", $"__Host-countersign={before}"))).Status);
    }

    [Fact]
    public async Task A_phished_code_adds_and_removes_no_passkey()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        var (owner, key) = await Visitor.WithPasskeyAsync(gateway, ann);
        using var first = owner;
        using var authenticator = key;
        using var thief = await Visitor.SignedInAsync(gateway, ann);

        (await thief.PostAsync("passkeys/options", new { })).IsProblem(403, "step_up_required");
        (await thief.PostAsync("step-up", new { totp = ann.FreshCode() })).IsProblem(403, "passkey_required");
        var options = await thief.PostAsync("step-up/options", new { });
        var proven = await thief.PostAsync("step-up", new { assertion = JsonElement.Parse(key.Assert(options.Body)) });
        Assert.Equal(200, proven.Status);
    }

    [Fact]
    public async Task A_password_alone_adds_no_factor_once_the_owner_has_set_one_up()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync(factor: false);
        using var thief = await Visitor.SignedInAsync(gateway, ann);
        using var browser = new Visitor(gateway);
        await browser.BrowseAsync(ann);
        using var owner = await Visitor.SignedInAsync(gateway, ann);
        using var key = new SoftwareAuthenticator { Origin = gateway.Url };
        Assert.Equal(200, (await owner.AddPasskeyAsync(key, "key")).Status);

        (await thief.PostAsync("totp", new { })).IsProblem(403, "second_factor_required");
        (await thief.PostAsync("passkeys/options", new { })).IsProblem(403, "second_factor_required");
        Assert.Equal("/sign-in", (await browser.GetAsync("/two-step")).Headers["Location"]);
        Assert.Equal("/sign-in", (await browser.GetAsync("/step-up")).Headers["Location"]);
        Assert.Equal(200, (await browser.GetAsync("/sign-in")).Status);
    }

    [Fact]
    public async Task Removing_the_last_factor_takes_the_recovery_codes_along_and_closes_Git()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        using var owner = await Visitor.SignedInAsync(gateway, ann);
        await owner.PostAsync("recovery-codes", new { });
        var factor = (await owner.GetApiAsync("factors")).Json[0].GetProperty("id").GetString();

        Assert.Equal(200, (await owner.ApiAsync(HttpMethod.Delete, $"factors/{factor}", null)).Status);

        var me = (await owner.GetApiAsync("me")).Json.GetProperty("person");
        Assert.Equal((0, 0), (me.GetProperty("factors").GetArrayLength(), me.GetProperty("recoveryCodesLeft").GetInt32()));
        Assert.Contains("was removed", (await owner.GetApiAsync("notices")).Body, StringComparison.Ordinal);
        Assert.Contains("Two-step verification is required", (await owner.FetchAsync(ann)).Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_changed_is_told_on_the_Security_page_until_it_is_dismissed()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        using var browser = new Visitor(gateway);
        await browser.BrowseAsync(ann);

        Assert.Contains("An administrator of this gateway added an authenticator app for you.", (await browser.GetAsync("/security")).Body, StringComparison.Ordinal);
        foreach (var notice in await gateway.Get<INotices>().ListAsync(ann.Id, TestContext.Current.CancellationToken))
        {
            await browser.SubmitAsync("/security", "/security?handler=Dismiss", new() { ["id"] = notice.Id });
        }

        Assert.DoesNotContain("data-test=\"news\"", (await browser.GetAsync("/security")).Body, StringComparison.Ordinal);
    }
}
