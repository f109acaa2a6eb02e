using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Countersign.Core.Identities;
using Countersign.Server.People;
using Countersign.Server.Tests.Api;
using Countersign.Server.Tests.Fixtures;

namespace Countersign.Server.Tests.Regressions;

/// <summary>Attacks from other sites, on sessions, and on whatever the pages and the API take for input.</summary>
[Trait("Category", "slow")]
public sealed class WebAttacks
{
    private const string SessionCookie = "__Host-countersign";

    [Fact]
    public async Task Another_site_cannot_use_the_browsers_session_by_any_kind_of_request()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        using var browser = new Visitor(gateway);
        await browser.BrowseAsync(ann);

        foreach (var origin in new[] { null, "null", "https://evil.example", "http://localhost", gateway.Url.Replace("http", "https", StringComparison.Ordinal) })
        {
            Assert.Equal(403, (await browser.SubmitAsync("/security", "/sign-out", [], origin)).Status);
            var cross = await browser.PostAsync("requests/WDJB-MJHT/deny", new { }, origin is null ? [] : [("Origin", origin), ("X-Countersign-Page", "1")]);
            cross.IsProblem(403, "not_our_page");
        }

        Assert.Equal(400, (await browser.SendFormAsync("/sign-out", [])).Status); // no form key
        Assert.Equal(400, (await browser.SendFormAsync("/sign-out", new() { ["form-key"] = "CfDJ8AAAA" })).Status);
        using var other = new Visitor(gateway);
        await other.GetAsync("/sign-in");
        var foreign = new Dictionary<string, string> { ["form-key"] = await KeyOfAsync(other) };
        Assert.Equal(400, (await browser.SendFormAsync("/sign-out", foreign)).Status);

        (await browser.GetApiAsync("me")).IsProblem(403, "not_our_page"); // the cookie without the page's header
        (await browser.ApiAsync(HttpMethod.Get, "me", null, ("X-Countersign-Page", "1"), ("Origin", "https://evil.example"))).IsProblem(403, "not_our_page");
        foreach (var type in new[] { "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x" })
        {
            var simple = new HttpRequestMessage(HttpMethod.Post, "/api/v1/session") { Content = new StringContent("{}", Encoding.UTF8) };
            simple.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
            Assert.Equal(415, (await browser.SendAsync(simple, ("Origin", "https://evil.example"))).Status);
        }

        Assert.Equal(200, (await browser.ApiAsync(HttpMethod.Get, "me", null, ("X-Countersign-Page", "1"))).Status); // still signed in
    }

    [Fact]
    public async Task Cookies_are_bound_to_this_host_and_closed_to_scripts()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        using var browser = new Visitor(gateway);
        var cookies = new List<string> { (await browser.GetAsync("/sign-in")).Headers["Set-Cookie"] };
        cookies.Add((await browser.SubmitAsync("/sign-in", "/sign-in?handler=Password", new() { ["name"] = "ann", ["password"] = TestPerson.Password })).Headers["Set-Cookie"]);
        cookies.Add((await browser.CodeStepAsync(ann.FreshCode())).Headers["Set-Cookie"]);
        cookies.Add((await browser.GetAsync("/setup?link=x")).Headers["Set-Cookie"]);

        foreach (var cookie in cookies.SelectMany(line => line.Split(", __Host-").Select((part, index) => index == 0 ? part : "__Host-" + part)))
        {
            Assert.StartsWith("__Host-", cookie, StringComparison.Ordinal);
            Assert.Contains("; path=/", cookie, StringComparison.OrdinalIgnoreCase);
            Assert.Contains("; secure", cookie, StringComparison.OrdinalIgnoreCase);
            Assert.Contains("; httponly", cookie, StringComparison.OrdinalIgnoreCase);
            Assert.Contains("; samesite=", cookie, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain("domain=", cookie, StringComparison.OrdinalIgnoreCase);
        }
    }

    [Fact]
    public async Task A_planted_session_dies_at_sign_in_and_an_old_one_at_each_renewal()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        var eve = await gateway.AddPersonAsync("eve");
        using var attacker = new Visitor(gateway);
        await attacker.BrowseAsync(eve);
        var planted = attacker.Cookies[SessionCookie];

        using var victim = new Visitor(gateway);
        victim.Cookies[SessionCookie] = planted;
        await victim.SubmitAsync("/security", "/sign-in?handler=Password", new() { ["name"] = "ann", ["password"] = TestPerson.Password });
        Assert.Equal(302, (await victim.SubmitAsync("/security", "/sign-in?handler=Code", new() { ["code"] = ann.FreshCode() })).Status);
        Assert.NotEqual(planted, victim.Cookies[SessionCookie]);
        Assert.StartsWith("/sign-in", (await attacker.GetAsync("/security")).Headers["Location"], StringComparison.Ordinal);

        // The same through the API as a page uses it.
        using var page = new Visitor(gateway);
        await page.BrowseAsync(eve);
        var before = page.Cookies[SessionCookie];
        var signedIn = await page.PostAsync("session", new { user = "ann", password = TestPerson.Password, totp = ann.FreshCode() }, ("X-Countersign-Page", "1"), ("Origin", gateway.Url));
        Assert.Equal(200, signedIn.Status);
        Assert.Equal(JsonValueKind.Null, signedIn.Json.GetProperty("token").ValueKind);
        Assert.Equal(401, (await page.ApiAsync(HttpMethod.Get, "me", null, ("Cookie", $"{SessionCookie}={before}"), ("X-Countersign-Page", "1"))).Status);

        foreach (var made in new[] { "css_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "x", "", new string('a', 4000) })
        {
            using var guess = new Visitor(gateway) { Token = made };
            Assert.Equal(401, (await guess.GetApiAsync("me")).Status);
        }
    }

    [Theory]
    [InlineData("//evil.example")]
    [InlineData("/\\evil.example")]
    [InlineData("/\\/evil.example")]
    [InlineData("https://evil.example")]
    [InlineData("https:evil.example")]
    [InlineData("javascript:alert(1)")]
    [InlineData("/\t/evil.example")]
    [InlineData("/%0d%0aSet-Cookie:x=y")]
    [InlineData("/\u00fc")]
    [InlineData("\u2215/evil.example")]
    [InlineData("/%2f%2fevil.example")]
    [InlineData("%2f%2fevil.example")]
    [InlineData("@evil.example")]
    public async Task After_sign_in_and_step_up_nobody_is_led_to_another_site(string lure)
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        using var browser = new Visitor(gateway);
        var to = Uri.EscapeDataString(lure);
        await browser.SubmitAsync($"/sign-in?return={to}", $"/sign-in?handler=Password&return={to}", new() { ["name"] = "ann", ["password"] = TestPerson.Password });
        var signedIn = await browser.SubmitAsync($"/sign-in?return={to}", $"/sign-in?handler=Code&return={to}", new() { ["code"] = ann.FreshCode() });
        var again = await browser.GetAsync($"/sign-in?return={to}");
        var steppedUp = await browser.SubmitAsync($"/step-up?return={to}", $"/step-up?return={to}", new() { ["code"] = ann.FreshCode() });

        foreach (var answer in new[] { signedIn, again, steppedUp })
        {
            Assert.Equal(302, answer.Status);
            var target = new Uri(new Uri(gateway.Url), answer.Headers["Location"]);
            Assert.Equal(new Uri(gateway.Url).Authority, target.Authority);
        }
    }

    [Fact]
    public async Task No_step_of_setting_up_can_be_skipped_or_done_twice()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var link = (await gateway.Get<ISetup>().IssueLinkAsync(TestContext.Current.CancellationToken))!;
        using var browser = new Visitor(gateway);
        var account = new Dictionary<string, string> { ["Name"] = "owner", ["Email"] = "owner@example.org", ["password"] = "a long enough password" };

        Assert.Contains("does not work", (await browser.SubmitAsync("/sign-in", "/setup", new(account))).Body, StringComparison.Ordinal); // without the link
        await browser.GetAsync("/setup?link=wrong");
        await browser.SubmitAsync("/sign-in", "/setup", new(account));
        Assert.False(await gateway.Get<IPeople>().AnyAsync(TestContext.Current.CancellationToken));
        await browser.GetAsync($"/setup?link={link}");
        Assert.Equal("/two-step", (await browser.SubmitAsync("/setup", "/setup", new(account))).Headers["Location"]);

        foreach (var path in new[] { "/", "/security", "/people", "/policy", "/audit", "/security/token" })
        {
            Assert.Equal("/two-step", (await browser.GetAsync(path)).Headers["Location"]);
        }

        Assert.Equal("/two-step", (await browser.SubmitAsync("/two-step", "/ready", new() { ["saved"] = "true" })).Headers["Location"]);
        Assert.Equal("/two-step", (await browser.SubmitAsync("/two-step", "/people?handler=Add", new() { ["name"] = "x", ["email"] = "x@y.zz" })).Headers["Location"]);
        (await browser.ApiAsync(HttpMethod.Get, "people", null, ("X-Countersign-Page", "1"))).IsProblem(403, "second_factor_required");

        using var second = new Visitor(gateway);
        await second.GetAsync($"/setup?link={link}");
        Assert.Contains("works once and has been used", (await second.GetAsync("/setup")).Body, StringComparison.Ordinal);
        await second.SubmitAsync("/sign-in", "/setup", new(account) { ["Name"] = "intruder", ["Email"] = "i@example.org" });
        Assert.Null(await gateway.Get<IPeople>().FindAsync("intruder", TestContext.Current.CancellationToken));
        Assert.Null(await gateway.Get<ISetup>().IssueLinkAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task No_account_or_password_is_there_by_default()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        using var visitor = new Visitor(gateway);
        Assert.False(await gateway.Get<IPeople>().AnyAsync(TestContext.Current.CancellationToken));
        foreach (var name in new[] { "admin", "root", "countersign", "owner" })
        {
            Assert.Equal(401, (await visitor.PostAsync("session", new { user = name, password = name })).Status);
        }
    }

    [Fact]
    public async Task Known_and_unknown_people_look_the_same_in_status_body_length_and_headers()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        await gateway.AddPersonAsync();
        var gone = await gateway.AddPersonAsync("gone");
        await gateway.Get<IPeople>().DisableAsync("gone", "test", TestContext.Current.CancellationToken);
        Assert.NotNull(gone);
        for (var attempt = 0; attempt < 7; attempt++)
        {
            var answers = new List<(int, string, int)>();
            foreach (var name in new[] { "ann", "gone", "nobody", "not a name at all!" })
            {
                using var program = new Visitor(gateway);
                using var browser = new Visitor(gateway);
                var api = await program.PostAsync("session", new { user = name, password = "wrong password", totp = "123456" });
                var page = await browser.SubmitAsync("/sign-in", "/sign-in?handler=Password", new() { ["name"] = name, ["password"] = "wrong password" });
                answers.Add((api.Status, api.Body, page.Body.Replace($"value=\"{name}\"", "", StringComparison.Ordinal).Length));
                Assert.Equal(answers[0], answers[^1]);
            }

            gateway.Clock.Advance(TimeSpan.FromMinutes(20));
        }
    }

    [Fact]
    public async Task Whatever_is_sent_no_answer_tells_how_the_gateway_is_made()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        using var owner = await Visitor.SignedInAsync(gateway, ann);
        using var browser = new Visitor(gateway);
        await browser.BrowseAsync(ann);
        var bodies = new[]
        {
            "", "{", "[]", "null", "5", "\"x\"", """{"user":5,"password":"x"}""", """{"user":null,"password":"x"}""", """{"user":"ann"}""", """{"user":"ann","password":"x","extra":1}""",
            """{"user":"ann","user":"eve","password":"x"}""", """{"User":"ann","password":"x"}""", "{\"user\":\"a\\ud800\",\"password\":\"x\"}", """{"user":"ann","password":"x",}""", "/* */{}",
            "{\"user\":\"" + new string('a', 30_000) + "\",\"password\":\"x\"}", new string('{', 5_000), "{\"user\":\"ann\\u0000\",\"password\":\"\\u0000\"}",
        };
        foreach (var path in new[] { "session", "step-up", "tokens", "totp/confirm", "passkeys", "requests/WDJB-MJHT/approve", "workspaces", "sign-in/passkey" })
        {
            foreach (var body in bodies)
            {
                var answer = await owner.ApiAsync(HttpMethod.Post, path, body);
                Assert.True(answer.Status is >= 400 and < 500, $"{path} {body[..Math.Min(50, body.Length)]}: {answer.Status}");
                answer.IsProblem(answer.Status, answer.Code!);
            }

            var malformed = new HttpRequestMessage(HttpMethod.Post, $"/api/v1/{path}") { Content = new ByteArrayContent([.. "{\"user\":\""u8, 0xff, 0xc0, 0x80, .. "\",\"password\":\"x\"}"u8]) };
            malformed.Content.Headers.ContentType = new("application/json");
            Assert.InRange((await owner.SendAsync(malformed)).Status, 400, 499);
        }

        var answers = new List<Answer>();
        foreach (var path in new[]
        {
            "/a/%00", "/a/%ff%fe", "/a/" + new string('x', 3000), "/a/..%2f..%2fetc%2fpasswd", "/problem/999", "/problem/abc", "/css/..%2f..%2fcountersign.dll", "/openapi/v2.json", "/healthz/none",
            "/sign-in?handler=%00", "/security/factor/%ff", "/audit?since=abc", "/workspaces/%2e%2e", "/api/v1/requests/%00/approve", "/api/v1/sessions/..", "/appsettings.json", "/web.config", "/_framework/x", "/metrics",
        })
        {
            answers.Add(await browser.GetAsync(path));
            answers.Add(await owner.GetAsync(path));
        }

        answers.Add(await browser.SubmitAsync("/security", "/a/%ff?handler=Approve", new() { ["totp"] = "\u0000\ud83d\ude00" }));
        answers.Add(await browser.SubmitAsync("/security", "/security?handler=Revoke", new() { ["id"] = "'; drop table x" }));
        answers.Add(await browser.SubmitAsync("/security", "/security/token", new() { ["label"] = "x", ["Days"] = "many" }));
        answers.Add(await browser.SubmitAsync("/security", "/workspaces", new() { ["Key"] = "X", ["Mode"] = "999" }));
        Assert.All(answers, answer =>
        {
            Assert.True(answer.Status < 500, answer.Body);
            foreach (var word in new[] { "Exception", "   at ", "Microsoft", "AspNetCore", "Kestrel", "System.", "/src/", ".cshtml" })
            {
                Assert.DoesNotContain(word, answer.Body, StringComparison.Ordinal);
            }

            Assert.DoesNotContain("Server", answer.Headers.Keys, StringComparer.OrdinalIgnoreCase);
            Assert.DoesNotContain("X-Powered-By", answer.Headers.Keys, StringComparer.OrdinalIgnoreCase);
        });
    }

    [Fact]
    public async Task Every_answer_carries_the_headers_that_keep_browsers_in_bounds()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        using var browser = new Visitor(gateway);
        await browser.BrowseAsync(ann);
        foreach (var path in new[] { "/", "/sign-in", "/security", "/css/site.css", "/js/passkey.js", "/img/mark.svg", "/nothing", "/a/WDJB-MJHT", "/policy", "/api/v1/me", "/api/v1/nothing", "/openapi/v1.json", "/healthz/live", "/healthz/ready", "/events-not" })
        {
            var answer = await browser.GetAsync(path);
            Assert.Contains("frame-ancestors 'none'", answer.Headers["Content-Security-Policy"], StringComparison.Ordinal);
            Assert.DoesNotContain("unsafe", answer.Headers["Content-Security-Policy"], StringComparison.Ordinal);
            Assert.Equal("nosniff", answer.Headers["X-Content-Type-Options"]);
            Assert.Equal("same-origin", answer.Headers["Referrer-Policy"]);
            Assert.True(answer.Headers.ContainsKey("Cache-Control"), path);
        }

        using var git = new Visitor(gateway);
        var refused = await git.GetAsync("/scm/ACME/core.git/info/refs?service=git-upload-pack");
        Assert.Equal("nosniff", refused.Headers.GetValueOrDefault("X-Content-Type-Options"));
    }

    [Fact]
    public async Task A_session_ends_when_idle_when_old_and_at_once_when_its_person_is_disabled()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        using var idle = await Visitor.SignedInAsync(gateway, ann);
        gateway.Clock.Advance(TimeSpan.FromMinutes(61));
        Assert.Equal(401, (await idle.GetApiAsync("me")).Status);

        using var disabled = await Visitor.SignedInAsync(gateway, ann);
        using var browser = new Visitor(gateway);
        await browser.BrowseAsync(ann);
        Assert.Equal(200, (await browser.GetAsync("/security")).Status);
        await gateway.Get<IPeople>().DisableAsync("ann", "test", TestContext.Current.CancellationToken);
        Assert.Equal(401, (await disabled.GetApiAsync("me")).Status);
        Assert.StartsWith("/sign-in", (await browser.GetAsync("/security")).Headers["Location"], StringComparison.Ordinal);
        await gateway.Get<IPeople>().EnableAsync("ann", "test", TestContext.Current.CancellationToken);
        Assert.Equal(401, (await disabled.GetApiAsync("me")).Status);
    }

    [Fact]
    public async Task Who_is_invited_and_has_not_accepted_sees_and_gets_nothing()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        var bob = await gateway.AddPersonAsync("bob", Role.None);
        await gateway.AddRepositoryAsync();
        Assert.Null((await gateway.Get<IWorkspaces>().AddMemberAsync("ACME", "bob", Role.Admin, accepted: false, "test", TestContext.Current.CancellationToken)).Refusal);
        using var invited = await Visitor.SignedInAsync(gateway, bob);
        using var browser = new Visitor(gateway);
        await browser.BrowseAsync(bob);

        Assert.Equal(0, (await invited.GetApiAsync("repositories")).Json.GetArrayLength());
        (await invited.GetApiAsync("workspaces/ACME/members")).IsProblem(404, "not_found");
        (await invited.PostAsync("repositories", new { path = "ACME/mine", kind = "repository", @public = false })).IsProblem(404, "not_found");
        (await invited.PostAsync("workspaces/ACME/members", new { name = "bob", role = "admin" })).IsProblem(404, "not_found");
        Assert.Equal(404, (await browser.GetAsync("/workspaces/ACME")).Status);
        Assert.DoesNotContain("ACME/core", (await browser.GetAsync("/repositories")).Body, StringComparison.Ordinal);
        Assert.Equal((await invited.FetchAsync(bob, "ACME/none")).Body.Replace("none", "core", StringComparison.Ordinal), (await invited.FetchAsync(bob)).Body);
        using var member = await Visitor.SignedInAsync(gateway, ann);
        var listed = (await member.GetApiAsync("workspaces/ACME/members")).Json.EnumerateArray().Single(view => view.GetProperty("name").GetString() == "bob");
        Assert.Equal(JsonValueKind.Null, listed.GetProperty("twoStep").ValueKind); // no consent, no status
    }

    [Fact]
    public async Task The_description_and_the_health_addresses_tell_no_secret()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        using var visitor = new Visitor(gateway);
        foreach (var path in new[] { "/openapi/v1.json", "/healthz/live", "/healthz/ready" })
        {
            var answer = await visitor.GetAsync(path);
            Assert.Equal(200, answer.Status);
            Assert.All([.. ann.Secrets, gateway.Options.Data, "ann", "ACME"], secret => Assert.DoesNotContain($"\"{secret}\"", answer.Body, StringComparison.Ordinal));
            Assert.DoesNotContain(gateway.Options.Data, answer.Body, StringComparison.Ordinal);
        }

        Assert.Equal(404, (await visitor.GetAsync("/metrics")).Status);
    }

    private static async Task<string> KeyOfAsync(Visitor visitor)
    {
        const string Mark = "name=\"form-key\" type=\"hidden\" value=\"";
        var page = (await visitor.GetAsync("/sign-in")).Body;
        var start = page.IndexOf(Mark, StringComparison.Ordinal) + Mark.Length;
        return page[start..page.IndexOf('"', start)];
    }
}
