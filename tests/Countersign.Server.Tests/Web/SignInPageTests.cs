using System.Net;

namespace Countersign.Server.Tests.Web;

public sealed class SignInPageTests
{
    private const string PasswordKept = "__Host-countersign-sign-in";

    [Theory]
    [InlineData("/a/WDJB-MJHT", "/a/WDJB-MJHT")]
    [InlineData("//evil.example", "/")]
    [InlineData("https://evil.example/", "/")]
    public async Task A_password_and_a_code_sign_in_and_lead_on_within_this_site(string asked, string expected)
    {
        await using var host = await WebHost.StartAsync();
        var query = $"return={Uri.EscapeDataString(asked)}";
        using var first = await host.SubmitAsync("/sign-in", $"/sign-in?handler=Password&{query}", new() { ["name"] = "ann", ["password"] = "right" });
        Assert.Contains("Enter your code", await WebHost.TextOf(first), StringComparison.Ordinal);

        using var second = await host.SubmitAsync("/sign-in", $"/sign-in?handler=Code&{query}", new() { ["code"] = "123456" }, carried: CookieOf(first, PasswordKept));

        Assert.Equal(HttpStatusCode.Redirect, second.StatusCode);
        Assert.Equal(expected, second.Headers.Location!.ToString());
        var cookie = second.Headers.GetValues("Set-Cookie").Single(value => value.StartsWith("__Host-countersign=css_new", StringComparison.Ordinal));
        Assert.Contains("secure", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task The_first_step_carries_the_password_only_sealed()
    {
        await using var host = await WebHost.StartAsync();
        using var first = await host.SubmitAsync("/sign-in", "/sign-in?handler=Password", new() { ["name"] = "ann", ["password"] = "right" });

        Assert.DoesNotContain("right", CookieOf(first, PasswordKept), StringComparison.Ordinal);
        Assert.DoesNotContain("value=\"right\"", await WebHost.TextOf(first), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_code_alone_signs_nobody_in()
    {
        await using var host = await WebHost.StartAsync();
        using var answer = await host.SubmitAsync("/sign-in", "/sign-in?handler=Code", new() { ["code"] = "123456" }, carried: $"{PasswordKept}=made-up");

        Assert.Contains("Sign in again", await WebHost.TextOf(answer), StringComparison.Ordinal);
        Assert.DoesNotContain("css_new", answer.Headers.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_password_and_an_unknown_person_read_the_same()
    {
        await using var host = await WebHost.StartAsync();
        using var wrong = await host.SubmitAsync("/sign-in", "/sign-in?handler=Password", new() { ["name"] = "ann", ["password"] = "wrong" });
        using var unknown = await host.SubmitAsync("/sign-in", "/sign-in?handler=Password", new() { ["name"] = "zoe", ["password"] = "right?" });

        Assert.Equal(wrong.StatusCode, unknown.StatusCode);
        Assert.Contains("That did not match.", await WebHost.TextOf(wrong), StringComparison.Ordinal);
        Assert.Contains("That did not match.", await WebHost.TextOf(unknown), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_step_up_replaces_the_session_secret_and_goes_on_within_this_site()
    {
        await using var host = await WebHost.StartAsync();
        using var answer = await host.SubmitAsync("/step-up", "/step-up?return=%2F%2Fevil.example", new() { ["code"] = "123 456" }, session: "stale");

        Assert.Equal("/", answer.Headers.Location!.ToString());
        Assert.Contains(answer.Headers.GetValues("Set-Cookie"), value => value.StartsWith("__Host-countersign=css_rotated", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_set_up_link_leaves_the_address_at_once()
    {
        await using var host = await WebHost.StartAsync();
        using var answer = await host.GetAsync("/setup?link=one-time-secret");

        Assert.Equal("/setup", answer.Headers.Location!.ToString());
    }

    [Fact]
    public async Task Signing_out_takes_a_form()
    {
        await using var host = await WebHost.StartAsync();
        using var byAddress = await host.GetAsync("/sign-out", "fresh");
        using var byForm = await host.SubmitAsync("/step-up", "/sign-out", [], session: "fresh");

        Assert.False(byAddress.Headers.Contains("Set-Cookie"));
        Assert.Contains(byForm.Headers.GetValues("Set-Cookie"), value => value.StartsWith("__Host-countersign=;", StringComparison.Ordinal));
    }

    private static string CookieOf(HttpResponseMessage answer, string name) =>
        answer.Headers.GetValues("Set-Cookie").Single(value => value.StartsWith(name + "=", StringComparison.Ordinal)).Split(';')[0];
}
