using System.Net;

namespace Countersign.Server.Tests.Web;

public sealed class WebDefenceTests
{
    [Theory]
    [InlineData("/sign-in")]
    [InlineData("/css/site.css")]
    [InlineData("/no/such/page")]
    [InlineData("/fails")]
    public async Task Every_answer_tells_the_browser_what_these_pages_never_do(string path)
    {
        await using var host = await WebHost.StartAsync();
        using var answer = await host.GetAsync(path);

        var policy = Assert.Single(answer.Headers.GetValues("Content-Security-Policy"));
        Assert.Contains("default-src 'none'", policy, StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        Assert.Equal("nosniff", Assert.Single(answer.Headers.GetValues("X-Content-Type-Options")));
        Assert.Equal("same-origin", Assert.Single(answer.Headers.GetValues("Cross-Origin-Opener-Policy")));
        Assert.True(answer.Headers.CacheControl!.NoStore || path == "/css/site.css");
    }

    [Theory]
    [InlineData("https://evil.example")]
    [InlineData("http://localhost:4445")]
    [InlineData("https://localhost:4444")]
    [InlineData("http://localhost:4444/")]
    [InlineData("null")]
    [InlineData(null)]
    public async Task A_form_from_another_origin_or_from_none_is_refused_even_with_a_valid_form_key(string? origin)
    {
        await using var host = await WebHost.StartAsync();
        using var answer = await host.SubmitAsync("/sign-in", "/sign-in?handler=Password", new() { ["name"] = "ann", ["password"] = "right" }, origin);

        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
        Assert.Contains("nothing was done", await WebHost.TextOf(answer), StringComparison.Ordinal);
        Assert.DoesNotContain(answer.Headers, header => header.Key == "Set-Cookie" && header.Value.Any(value => value.Contains("sign-in=", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_form_without_its_key_is_refused_even_from_our_origin()
    {
        await using var host = await WebHost.StartAsync();
        using var answer = await host.PostAsync("/sign-in?handler=Password", new() { ["name"] = "ann", ["password"] = "right" });

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
    }

    [Fact]
    public async Task Programs_get_no_page_for_an_answer()
    {
        await using var host = await WebHost.StartAsync();
        using var answer = await host.PostAsync("/api/v1/anything", [], origin: null);

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Equal("", await WebHost.TextOf(answer));
    }

    [Fact]
    public async Task A_page_that_fails_says_so_without_saying_how()
    {
        await using var host = await WebHost.StartAsync();
        using var answer = await host.GetAsync("/fails");

        Assert.Equal(HttpStatusCode.InternalServerError, answer.StatusCode);
        var html = await WebHost.TextOf(answer);
        Assert.Contains("Nothing was approved", html, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", html, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", html, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/a/WDJB-MJHT")]
    [InlineData("/a/WDJB-MJHT/report")]
    [InlineData("/security")]
    [InlineData("/two-step")]
    [InlineData("/ready")]
    [InlineData("/step-up")]
    [InlineData("/policy")]
    public async Task Nobody_opens_a_page_without_a_session(string path)
    {
        await using var host = await WebHost.StartAsync();
        using var answer = await host.GetAsync(path, "unknown");

        Assert.Equal(HttpStatusCode.Redirect, answer.StatusCode);
        Assert.Equal($"/sign-in?return={Uri.EscapeDataString(path)}", answer.Headers.Location!.ToString());
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/a/WDJB-MJHT")]
    [InlineData("/security/token")]
    [InlineData("/step-up")]
    public async Task The_set_up_of_a_second_factor_cannot_be_skipped(string path)
    {
        await using var host = await WebHost.StartAsync();
        using var answer = await host.GetAsync(path, "without-factor");

        Assert.Equal("/two-step", answer.Headers.Location!.ToString());
    }

    [Theory]
    [InlineData("/two-step")]
    [InlineData("/security/factor/f1")]
    [InlineData("/security/recovery-codes")]
    [InlineData("/security/token")]
    public async Task What_changes_a_proof_takes_a_fresh_one(string path)
    {
        await using var host = await WebHost.StartAsync();
        foreach (var session in new[] { "stale", "from-the-future" })
        {
            using var answer = await host.GetAsync(path, session);
            Assert.Equal($"/step-up?return={Uri.EscapeDataString(path)}", answer.Headers.Location!.ToString());
        }
    }

    [Theory]
    [InlineData("/people")]
    [InlineData("/audit")]
    [InlineData("/policy")]
    public async Task What_is_for_administrators_does_not_exist_for_others(string path)
    {
        await using var host = await WebHost.StartAsync();
        using var answer = await host.GetAsync(path, "fresh");
        using var nothing = await host.GetAsync("/no-such-page", "fresh");

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Equal(await WebHost.TextOf(nothing), await WebHost.TextOf(answer));
    }

    [Fact]
    public async Task Events_are_for_who_has_signed_in()
    {
        await using var host = await WebHost.StartAsync();
        using var answer = await host.GetAsync("/events", "without-factor");

        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
    }
}
