using Countersign.Server.People;
using Countersign.Server.Tests.Fixtures;
using Countersign.Server.Web;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Countersign.Server.Tests.Browser;

[Collection(BrowserCollection.Name)]
[Trait("Category", "browser")]
public sealed class SignInStories(BrowserFixture browser)
{
    [Fact]
    public async Task A_passkey_alone_signs_in_and_leads_to_where_the_person_was_going()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        await using var visit = await browser.VisitAsync(gateway);
        await visit.AddAuthenticatorAsync();
        await visit.SignInAsync(ann);
        await visit.AddPasskeyAsync("My laptop");
        await visit.GoAsync("/");
        await visit.ClickAsync("sign-out");
        await visit.SeesAsync("You are signed out.");

        await visit.GoAsync("/repositories");
        await visit.SignInWithPasskeyAsync();
        await visit.AtAsync("/repositories");

        var cookie = Assert.Single(await visit.Context.CookiesAsync(), cookie => cookie.Name == SessionAuthentication.CookieName);
        Assert.True(cookie is { HttpOnly: true, Secure: true, SameSite: SameSiteAttribute.Lax, Path: "/", Domain: "localhost", Expires: -1 });
        Assert.DoesNotContain(SessionAuthentication.CookieName, await visit.Page.EvaluateAsync<string>("() => document.cookie"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_browser_that_offers_passkeys_in_the_name_field_needs_no_button()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        await using var visit = await browser.VisitAsync(gateway);
        await visit.AddAuthenticatorAsync(autofill: true);
        await visit.SignInAsync(ann);
        await visit.AddPasskeyAsync("My laptop");
        await visit.Context.ClearCookiesAsync();

        await visit.GoAsync("/security");
        await Expect(visit.The("passkey")).ToContainTextAsync("My laptop");
    }

    [Fact]
    public async Task Password_and_code_sign_in_and_signing_out_ends_the_session_on_the_server_too()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        await using var visit = await browser.VisitAsync(gateway);

        await visit.GoAsync("/sign-in");
        await GivePasswordAsync(visit, "ann", TestPerson.Password);
        await visit.FillAsync("code", "000000");
        await visit.ClickAsync("sign-in-code");
        await Expect(visit.The("trouble")).ToBeVisibleAsync();
        await visit.FillAsync("code", ann.FreshCode());
        await visit.ClickAsync("sign-in-code");
        await visit.AtAsync("/");

        var cookies = await visit.Context.CookiesAsync();
        await visit.ClickAsync("sign-out");
        await visit.AtAsync("/sign-in");
        var kept = cookies.Single(cookie => cookie.Name == SessionAuthentication.CookieName);
        await visit.Context.AddCookiesAsync([new() { Name = kept.Name, Value = kept.Value, Url = "https://localhost/", Secure = true }]);
        await visit.GoAsync("/security");
        await visit.AtAsync("/sign-in");
    }

    [Fact]
    public async Task A_recovery_code_signs_in_without_the_phone()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        var codes = await gateway.Get<IFactorEnrolment>().MakeRecoveryCodesAsync(ann.Id, "ann", TestContext.Current.CancellationToken);
        await using var visit = await browser.VisitAsync(gateway);

        await visit.GoAsync("/sign-in?return=/security");
        await GivePasswordAsync(visit, "ann", TestPerson.Password);
        await visit.ClickAsync("use-recovery");
        await visit.FillAsync("recovery-code", codes[0].ToLowerInvariant());
        await visit.ClickAsync("sign-in-code");

        await visit.AtAsync("/security");
        await Expect(visit.The("codes-left")).ToHaveTextAsync("9 of 10");
        await visit.SeesAsync("A recovery code was used.");
    }

    [Fact]
    public async Task Wrong_name_and_wrong_password_are_told_in_the_same_words_and_a_locked_password_says_how_on()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        await using var visit = await browser.VisitAsync(gateway);
        await visit.GoAsync("/sign-in");

        await GivePasswordAsync(visit, "nobody", "wrong wrong wrong");
        var unknown = await visit.The("trouble").InnerTextAsync();
        await GivePasswordAsync(visit, "ann", "wrong wrong wrong");
        Assert.Equal(unknown, await visit.The("trouble").InnerTextAsync());
        Assert.Equal("ann", await visit.The("name").InputValueAsync());

        for (var attempt = 1; attempt < 10; attempt++)
        {
            gateway.Clock.Advance(TimeSpan.FromMinutes(5)); // past every delay
            await GivePasswordAsync(visit, "ann", "wrong wrong wrong");
        }

        gateway.Clock.Advance(TimeSpan.FromMinutes(5));
        await GivePasswordAsync(visit, "ann", TestPerson.Password);
        await Expect(visit.The("trouble")).ToContainTextAsync("Locked after too many wrong attempts. Sign in with a passkey");
        var notice = Assert.Single(await gateway.Get<INotices>().ListAsync(ann.Id, TestContext.Current.CancellationToken), notice => notice.Text.Contains("locked", StringComparison.Ordinal));
        Assert.Contains("password", notice.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_person_without_any_factor_is_led_to_setting_one_up_wherever_they_go()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        await gateway.AddPersonAsync(factor: false);
        await using var visit = await browser.VisitAsync(gateway);
        await visit.AddAuthenticatorAsync();

        await visit.GoAsync("/repositories");
        await GivePasswordAsync(visit, "ann", TestPerson.Password);
        await visit.AtAsync("/two-step");
        await visit.GoAsync("/repositories");
        await visit.AtAsync("/two-step");
        await visit.ClickAsync("add-passkey");
        await visit.The("saved").CheckAsync();
        await visit.ClickAsync("codes-saved");

        await visit.AtAsync("/"); // an access token is there already, so nothing is made that nobody asked for
        await visit.SeesAsync("Nothing waits.");
    }

    private static async Task GivePasswordAsync(Visit visit, string name, string password)
    {
        await visit.FillAsync("name", name);
        await visit.FillAsync("password", password);
        await visit.SubmitAsync("sign-in-password");
    }
}
