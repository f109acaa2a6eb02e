using Countersign.Server.People;
using Countersign.Server.Tests.Fixtures;
using static Microsoft.Playwright.Assertions;

namespace Countersign.Server.Tests.Browser;

/// <summary>The page with everything that proves who a person is.</summary>
[Collection(BrowserCollection.Name)]
[Trait("Category", "browser")]
public sealed class SecurityStories(BrowserFixture browser)
{
    [Fact]
    public async Task A_second_passkey_is_added_renamed_and_removed_each_after_a_fresh_proof_and_with_a_notice()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        await using var visit = await browser.VisitAsync(gateway);
        await visit.AddAuthenticatorAsync();
        await visit.SignInAsync(ann);
        await visit.AddPasskeyAsync("Laptop");
        await visit.AddAuthenticatorAsync("usb");
        gateway.Clock.Advance(TimeSpan.FromMinutes(6));

        await visit.GoAsync("/security");
        await visit.ClickAsync("add-factor");
        await visit.AtAsync("/step-up");
        await visit.FillAsync("code", ann.FreshCode());
        await visit.ClickAsync("step-up-code");
        await Expect(visit.The("trouble")).ToContainTextAsync("Use your passkey"); // a code that was phished adds no passkey
        await visit.ClickAsync("step-up-passkey");
        await visit.AtAsync("/two-step");
        await visit.FillAsync("passkey-name", "Key on my ring");
        await visit.ClickAsync("add-passkey");
        await Expect(visit.The("passkey")).ToHaveCountAsync(2);
        await Expect(visit.The("notices")).ToContainTextAsync("\"Key on my ring\" was added");

        await visit.The("passkey").Filter(new() { HasText = "Key on my ring" }).GetByRole(Microsoft.Playwright.AriaRole.Link).ClickAsync();
        await visit.FillAsync("factor-name", "YubiKey");
        await visit.ClickAsync("rename-factor");
        await Expect(visit.The("notice")).ToContainTextAsync("The new name is saved.");
        await visit.The("passkey").Filter(new() { HasText = "YubiKey" }).GetByRole(Microsoft.Playwright.AriaRole.Link).ClickAsync();
        await visit.ClickAsync("remove-factor");
        await Expect(visit.The("passkey")).ToHaveCountAsync(1);

        await Expect(visit.The("notice")).ToContainTextAsync("It is removed");
        var notices = await visit.The("news").CountAsync();
        await visit.The("dismiss").First.ClickAsync();
        await Expect(visit.The("news")).ToHaveCountAsync(notices - 1);
        Assert.Equal(notices - 1, (await gateway.Get<INotices>().ListAsync(ann.Id, TestContext.Current.CancellationToken)).Count);
    }

    [Fact]
    public async Task An_access_token_is_made_after_a_fresh_proof_shown_once_and_revoked_at_once()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        await using var visit = await browser.VisitAsync(gateway);
        await visit.SignInAsync(ann, steppedUp: false);

        await visit.GoAsync("/security");
        await visit.ClickAsync("add-token");
        await visit.AtAsync("/step-up");
        await visit.FillAsync("code", ann.FreshCode());
        await visit.SubmitAsync("step-up-code");
        await visit.FillAsync("token-label", "Build server");
        await visit.The("token-days").SelectOptionAsync("30");
        await visit.ClickAsync("make-token");
        var token = await visit.TextAsync("#access-token");
        Assert.NotNull(gateway.Get<IAccessTokens>().Authenticate("ann", token, Core.Identities.ClientAddress.Unknown));

        await visit.GoAsync("/security");
        Assert.DoesNotContain(token, await visit.Page.ContentAsync(), StringComparison.Ordinal);
        await visit.The("token").Filter(new() { HasText = "Build server" }).GetByTestId("revoke-token").ClickAsync();
        await Expect(visit.The("notice")).ToContainTextAsync("revoked");
        await Expect(visit.The("token").Filter(new() { HasText = "Build server" })).ToHaveCountAsync(0);
        Assert.Null(gateway.Get<IAccessTokens>().Authenticate("ann", token, Core.Identities.ClientAddress.Unknown));
    }

    [Fact]
    public async Task New_recovery_codes_replace_the_old_ones()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        await using var visit = await browser.VisitAsync(gateway);
        await visit.SignInAsync(ann);

        await visit.GoAsync("/security/recovery-codes");
        await visit.SubmitAsync("make-codes");
        var first = await visit.The("recovery-codes").Locator("li").AllInnerTextsAsync();
        Assert.Equal(10, first.Distinct().Count());
        await visit.GoAsync("/security/recovery-codes");
        await visit.SubmitAsync("make-codes");
        var second = await visit.The("recovery-codes").Locator("li").AllInnerTextsAsync();
        Assert.Empty(first.Intersect(second));
        await visit.The("saved").CheckAsync();
        await visit.ClickAsync("codes-saved");
        await Expect(visit.The("codes-left")).ToHaveTextAsync("10 of 10");
    }

    [Fact]
    public async Task Another_session_is_seen_and_ended()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        await using var phone = await browser.VisitAsync(gateway);
        await phone.SignInAsync(ann);
        await using var laptop = await browser.VisitAsync(gateway);
        await laptop.SignInAsync(ann);

        await laptop.GoAsync("/security");
        await laptop.ClickAsync("end-session");
        await Expect(laptop.The("notice")).ToContainTextAsync("ended");
        await phone.GoAsync("/security");
        await phone.AtAsync("/sign-in");
    }
}
