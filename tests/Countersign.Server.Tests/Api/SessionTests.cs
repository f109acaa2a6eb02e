using Countersign.Core.Challenges;
using Countersign.Core.Identities;
using Countersign.Server.Tests.Fakes;

namespace Countersign.Server.Tests.Api;

public sealed class SessionTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    [Fact]
    public async Task A_program_signs_in_with_password_and_code()
    {
        api.People.Add("carl", kinds: FactorKind.Totp);
        var answer = await api.PostAsync("/api/v1/session", $$"""{"user":"carl","password":"{{FakePeople.Password}}","totp":"{{FakePeople.Code}}"}""");
        Assert.Equal(200, answer.Status);
        Assert.False(answer.Json.GetProperty("mustSetUpSecondFactor").GetBoolean());
        Assert.DoesNotContain("Set-Cookie", answer.Headers.Keys);
        var token = answer.Json.GetProperty("token").GetString();
        Assert.Equal(200, (await api.GetAsync("/api/v1/requests", token)).Status);
        Assert.Equal(204, (await api.SendAsync(HttpMethod.Delete, "/api/v1/session", null, token)).Status);
        (await api.GetAsync("/api/v1/requests", token)).IsProblem(401, "not_signed_in");
    }

    [Fact]
    public async Task A_known_and_an_unknown_person_are_refused_alike()
    {
        api.People.Add("dora", kinds: FactorKind.Totp);
        var known = await api.PostAsync("/api/v1/session", """{"user":"dora","password":"wrong"}""");
        var unknown = await api.PostAsync("/api/v1/session", """{"user":"nobody","password":"wrong"}""");
        known.IsProblem(401, "refused");
        Assert.Equal(known.Body, unknown.Body);
    }

    [Fact]
    public async Task The_first_factor_renews_the_session_and_opens_the_rest()
    {
        api.People.Add("erin");
        var answer = await api.PostAsync("/api/v1/session", $$"""{"user":"erin","password":"{{FakePeople.Password}}"}""");
        Assert.True(answer.Json.GetProperty("mustSetUpSecondFactor").GetBoolean());
        var before = answer.Json.GetProperty("token").GetString();
        Assert.Equal("ABC", (await api.PostAsync("/api/v1/totp", "{}", before)).Json.GetProperty("secret").GetString());
        (await api.PostAsync("/api/v1/totp/confirm", """{"code":"000000"}""", before)).IsProblem(403, "refused");
        var enrolled = await api.PostAsync("/api/v1/totp/confirm", $$"""{"code":"{{FakePeople.Code}}"}""", before);
        Assert.Equal("aaaa-bbbb", enrolled.Json.GetProperty("recoveryCodes")[0].GetString());
        var after = enrolled.Json.GetProperty("session").GetProperty("token").GetString();
        (await api.GetAsync("/api/v1/me", before)).IsProblem(401, "not_signed_in");
        Assert.Equal(200, (await api.GetAsync("/api/v1/tokens", after)).Status);
    }

    [Fact]
    public async Task A_step_up_renews_the_session()
    {
        api.People.Add("finn", kinds: FactorKind.Totp);
        var before = api.People.SignedIn("finn", fresh: false);
        (await api.PostAsync("/api/v1/step-up", """{"totp":"000000"}""", before)).IsProblem(403, "refused");
        (await api.PostAsync("/api/v1/step-up", "{}", before)).IsProblem(400, "one_proof");
        var after = (await api.PostAsync("/api/v1/step-up", $$"""{"totp":"{{FakePeople.Code}}"}""", before)).Json.GetProperty("token").GetString();
        (await api.GetAsync("/api/v1/me", before)).IsProblem(401, "not_signed_in");
        Assert.Equal(200, (await api.PostAsync("/api/v1/recovery-codes", "{}", after)).Status);
    }

    [Fact]
    public async Task A_page_gets_the_session_as_its_cookie_and_never_in_the_body()
    {
        api.People.Add("gina", kinds: FactorKind.WebAuthn);
        var answer = await api.SendAsync(
            HttpMethod.Post, "/api/v1/sign-in/passkey", """{"ceremony":"ceremony-1","assertion":{}}""", null,
            ("X-Countersign-Page", "1"), ("Origin", "https://git.example.org"));
        Assert.Equal(200, answer.Status);
        Assert.DoesNotContain("css_", answer.Body, StringComparison.Ordinal);
        var cookie = answer.Headers["Set-Cookie"];
        Assert.StartsWith("__Host-countersign=css_", cookie, StringComparison.Ordinal);
        Assert.Contains("secure", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("path=/", cookie, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Only_an_admin_of_the_workspace_adds_repositories_and_members()
    {
        var hugo = api.People.Add("hugo", kinds: FactorKind.Totp);
        var session = api.People.SignedIn("hugo");
        const string Repository = """{"path":"HUGO/core"}""";
        (await api.PostAsync("/api/v1/repositories", Repository, session)).IsProblem(404, "not_found");
        api.Workspaces.Member("HUGO", hugo.Id, Role.Write);
        (await api.PostAsync("/api/v1/repositories", Repository, session)).IsProblem(403, "workspace_admin_required");
        (await api.PostAsync("/api/v1/workspaces/HUGO/members", """{"name":"x","role":"read"}""", session)).IsProblem(403, "workspace_admin_required");
        api.Workspaces.Member("HUGO", hugo.Id, Role.Admin);
        var added = await api.PostAsync("/api/v1/repositories", Repository, session);
        Assert.Equal(201, added.Status);
        Assert.Equal("https://git.example.org/scm/HUGO/core.git", added.Json.GetProperty("cloneUrl").GetString());
        (await api.PostAsync("/api/v1/repositories", """{"path":"HUGO/x","import":"/etc"}""", session)).IsProblem(403, "local_administrator_required");
        (await api.PostAsync("/api/v1/workspaces/HUGO/members", """{"name":"x","role":"read","accepted":true}""", session)).IsProblem(403, "consent_required");
        (await api.PostAsync("/api/v1/workspaces/HUGO/members", """{"name":"x","role":"owner"}""", session)).IsProblem(400, "unknown_role");
    }
}
