using Countersign.Core.Challenges;
using Countersign.Server.Storage.Sqlite;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Countersign.Server.Tests.Api;

/// <summary>Who gets in, and what is said to who does not.</summary>
public sealed class ApiDoorTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    private const string Page = "X-Countersign-Page";
    private const string Origin = "https://git.example.org";

    public static TheoryData<string, string> Closed()
    {
        var data = new TheoryData<string, string>();
        foreach (var (method, path) in new[]
        {
            ("GET", "me"), ("GET", "requests"), ("GET", "requests/WDJB-MJHT"), ("POST", "requests/WDJB-MJHT/approve"), ("POST", "requests/WDJB-MJHT/deny"),
            ("POST", "requests/WDJB-MJHT/report"), ("GET", "tokens"), ("POST", "tokens"), ("GET", "factors"), ("POST", "passkeys/options"), ("POST", "totp"),
            ("POST", "recovery-codes"), ("GET", "workspaces"), ("GET", "repositories"), ("GET", "people"), ("POST", "people"), ("PUT", "policy"),
            ("GET", "audit"), ("GET", "audit/export"), ("POST", "setup-link"), ("POST", "people/ann/totp"), ("GET", "instance"), ("GET", "sessions"),
        })
        {
            data.Add(method, path);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Closed))]
    public async Task Nobody_gets_in_without_a_session(string method, string path)
    {
        var answer = await api.SendAsync(new(method), $"/api/v1/{path}", method == "GET" ? null : "not even JSON");
        answer.IsProblem(401, "not_signed_in");
        Assert.Equal("Bearer", answer.Headers["WWW-Authenticate"]);
        Assert.Equal("no-store", answer.Headers["Cache-Control"]);
    }

    [Fact]
    public void Every_address_says_who_may_call_it()
    {
        var endpoints = api.App.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(endpoint => endpoint.RoutePattern.RawText!.StartsWith("/api", StringComparison.Ordinal)).ToList();
        Assert.True(endpoints.Count > 40);
        Assert.All(endpoints, endpoint => Assert.NotNull(endpoint.Metadata.GetMetadata<Server.Api.ApiRule>()));
    }

    [Theory]
    [InlineData("css_unknown")]
    [InlineData("csn_canary")]
    [InlineData("")]
    public async Task A_token_that_is_no_session_does_not_get_in(string token) =>
        (await api.GetAsync("/api/v1/me", token)).IsProblem(401, "not_signed_in");

    [Fact]
    public async Task A_person_gets_in_with_a_session()
    {
        api.People.Add("door1", kinds: FactorKind.Totp);
        var answer = await api.GetAsync("/api/v1/me", api.People.SignedIn("door1"));
        Assert.Equal(200, answer.Status);
        Assert.Equal("door1", answer.Json.GetProperty("person").GetProperty("name").GetString());
    }

    [Theory]
    [InlineData("POST", null, null, 403)]
    [InlineData("POST", null, Origin, 403)]
    [InlineData("POST", "1", null, 403)]
    [InlineData("POST", "1", "https://evil.example", 403)]
    [InlineData("POST", "1", "null", 403)]
    [InlineData("POST", "1", "https://git.example.org.evil.example", 403)]
    [InlineData("POST", "1", "http://git.example.org", 403)]
    [InlineData("POST", "true", Origin, 403)]
    [InlineData("POST", "1", Origin, 201)]
    [InlineData("GET", null, null, 403)]
    [InlineData("GET", "1", "https://evil.example", 403)]
    [InlineData("GET", "1", null, 200)]
    [InlineData("GET", "1", Origin, 200)]
    public async Task A_browsers_cookie_counts_only_for_our_own_pages(string method, string? page, string? origin, int status)
    {
        api.People.Add("cookie", kinds: FactorKind.Totp);
        var headers = new List<(string, string)> { ("Cookie", $"__Host-countersign={api.People.SignedIn("cookie")}") };
        if (page is not null)
        {
            headers.Add((Page, page));
        }

        if (origin is not null)
        {
            headers.Add(("Origin", origin));
        }

        var answer = await api.SendAsync(new(method), "/api/v1/tokens", method == "POST" ? """{"label":"x"}""" : null, null, [.. headers]);
        Assert.Equal(status, answer.Status);
    }

    [Fact]
    public async Task A_page_of_another_site_cannot_sign_a_browser_in()
    {
        var answer = await api.SendAsync(
            HttpMethod.Post, "/api/v1/sign-in/passkey", """{"ceremony":"ceremony-1","assertion":{}}""", null, (Page, "1"), ("Origin", "https://evil.example"));
        answer.IsProblem(403, "not_our_page");
        Assert.DoesNotContain("Set-Cookie", answer.Headers.Keys);
    }

    [Fact]
    public async Task A_session_without_a_second_factor_reaches_only_its_set_up()
    {
        api.People.Add("fresh");
        var session = api.People.SignedIn("fresh", secondFactorPassed: false);
        Assert.Equal(200, (await api.GetAsync("/api/v1/me", session)).Status);
        Assert.Equal(200, (await api.PostAsync("/api/v1/passkeys/options", "{}", session)).Status);
        foreach (var path in new[] { "requests", "tokens", "workspaces", "repositories", "sessions" })
        {
            (await api.GetAsync($"/api/v1/{path}", session)).IsProblem(403, "second_factor_required");
        }

        (await api.PostAsync("/api/v1/recovery-codes", "{}", session)).IsProblem(403, "second_factor_required");
    }

    [Fact]
    public async Task An_administrator_without_a_second_factor_administers_nothing()
    {
        api.People.Add("bareroot", administrator: true);
        (await api.GetAsync("/api/v1/people", api.People.SignedIn("bareroot", secondFactorPassed: false))).IsProblem(403, "second_factor_required");
    }

    [Fact]
    public async Task A_password_alone_adds_no_second_authenticator_once_one_is_set_up_elsewhere()
    {
        api.People.Add("raced");
        var stale = api.People.SignedIn("raced", secondFactorPassed: false);
        api.People.Add("raced", kinds: FactorKind.WebAuthn); // the same name, now with a passkey
        (await api.PostAsync("/api/v1/totp", "{}", stale)).IsProblem(403, "second_factor_required");
        (await api.PostAsync("/api/v1/passkeys/options", "{}", stale)).IsProblem(403, "second_factor_required");
        (await api.PostAsync("/api/v1/totp/confirm", """{"code":"123456"}""", stale)).IsProblem(403, "second_factor_required");
        (await api.PostAsync("/api/v1/passkeys", """{"name":"k","attestation":{}}""", stale)).IsProblem(403, "second_factor_required");
    }

    [Theory]
    [InlineData("POST", "totp", "{}")]
    [InlineData("POST", "passkeys/options", "{}")]
    [InlineData("POST", "recovery-codes", "{}")]
    [InlineData("PATCH", "factors/f1", """{"name":"x"}""")]
    [InlineData("DELETE", "factors/f1", null)]
    [InlineData("PUT", "policy", """{"yaml":""}""")]
    [InlineData("POST", "people", """{"name":"x","email":"x@example.org"}""")]
    [InlineData("POST", "people/x/disable", "{}")]
    [InlineData("POST", "people/x/lift", "{}")]
    [InlineData("POST", "upstreams", """{"name":"x","kind":"smart-http","base":"https://x"}""")]
    [InlineData("DELETE", "upstreams/x", null)]
    [InlineData("POST", "upstreams/x/check", "{}")]
    [InlineData("POST", "workspaces/X/move", """{"upstream":"far"}""")]
    [InlineData("POST", "workspaces", """{"key":"X","upstream":"far","upstreamPath":"board"}""")]
    [InlineData("POST", "repositories", """{"path":"X/y","upstreamPath":"board/y.git"}""")]
    public async Task Changes_of_factors_people_policy_and_places_need_a_fresh_proof(string method, string path, string? body)
    {
        api.People.Add("stale", administrator: true, FactorKind.Totp);
        (await api.SendAsync(new(method), $"/api/v1/{path}", body, api.People.SignedIn("stale", fresh: false))).IsProblem(403, "step_up_required");
    }

    [Fact]
    public async Task A_proof_is_fresh_for_five_minutes()
    {
        api.People.Add("aging", kinds: FactorKind.Totp);
        var session = api.People.SignedIn("aging");
        var before = api.Clock.Now;
        try
        {
            api.Clock.Now = before.AddMinutes(5).AddSeconds(-1);
            Assert.Equal(200, (await api.PostAsync("/api/v1/totp", "{}", session)).Status);
            api.Clock.Now = before.AddMinutes(5);
            (await api.PostAsync("/api/v1/totp", "{}", session)).IsProblem(403, "step_up_required");
            api.Clock.Now = before.AddSeconds(-1); // a clock that was set back proves nothing
            (await api.PostAsync("/api/v1/totp", "{}", session)).IsProblem(403, "step_up_required");
        }
        finally
        {
            api.Clock.Now = before;
        }
    }

    [Theory]
    [InlineData("GET", "people")]
    [InlineData("GET", "policy")]
    [InlineData("GET", "audit")]
    [InlineData("GET", "audit/export")]
    [InlineData("POST", "people/ann/disable")]
    public async Task A_person_without_the_right_administers_nothing(string method, string path)
    {
        api.People.Add("plain", kinds: FactorKind.Totp);
        (await api.SendAsync(new(method), $"/api/v1/{path}", method == "GET" ? null : "{}", api.People.SignedIn("plain"))).IsProblem(403, "administrator_required");
    }

    [Theory]
    [InlineData("people/ann/totp", "{}")]
    [InlineData("people/ann/tokens", """{"label":"x"}""")]
    [InlineData("setup-link", "{}")]
    public async Task What_would_let_an_administrator_act_as_somebody_takes_the_local_one(string path, string body)
    {
        api.People.Add("root", administrator: true, FactorKind.Totp);
        (await api.PostAsync($"/api/v1/{path}", body, api.People.SignedIn("root"))).IsProblem(403, "local_administrator_required");
    }

    [Theory]
    [InlineData("/api/v1/nothing")]
    [InlineData("/api/v2/me")]
    [InlineData("/api")]
    [InlineData("/api/v1/requests/x/y/z")]
    public async Task An_unknown_address_is_a_problem_document(string path) =>
        (await api.GetAsync(path)).IsProblem(404, "no_such_address");

    [Fact]
    public async Task A_wrong_method_is_told_the_right_ones()
    {
        var answer = await api.SendAsync(HttpMethod.Put, "/api/v1/session", "{}");
        answer.IsProblem(405, "wrong_method");
        Assert.Contains("POST", answer.Json.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_fails_inside_stays_inside()
    {
        api.People.Add("boss", administrator: true, FactorKind.Totp);
        var session = api.People.SignedIn("boss");
        try
        {
            api.People.Failure = new InvalidOperationException("csn_canary at Countersign.Server.Secret");
            (await api.GetAsync("/api/v1/people", session)).IsProblem(500, "internal_error");
            api.People.Failure = new LedgerUnavailableException("/var/lib/secret is full");
            var answer = await api.GetAsync("/api/v1/people", session);
            answer.IsProblem(503, "unavailable");
            Assert.DoesNotContain("/var", answer.Body, StringComparison.Ordinal);
        }
        finally
        {
            api.People.Failure = null;
        }
    }
}
