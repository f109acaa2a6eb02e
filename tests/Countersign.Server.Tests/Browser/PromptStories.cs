using Countersign.Core.Challenges;
using Countersign.Core.Policies;
using Countersign.Server.Enforcement;
using Countersign.Server.Tests.Prompts;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Countersign.Server.Tests.Browser;

/// <summary>The approval page where factors go to the person by themselves, in each of its states, and the order on the Security page.</summary>
[Collection(BrowserCollection.Name)]
[Trait("Category", "browser")]
public sealed class PromptStories(BrowserFixture browser)
{
    private static readonly FactorRequirement Strong = new() { Strength = Strength.Strong };

    [Fact]
    public async Task The_approval_page_is_sound_in_every_state_of_asking()
    {
        await using var story = await PromptStory.StartAsync();
        await using var visit = await browser.VisitAsync(story.Gateway);
        await visit.AddAuthenticatorAsync();
        await visit.SignInAsync(story.Ann);
        await visit.AddPasskeyAsync("My laptop");
        var wrong = new List<string>();
        async Task LookAsync(string name) => wrong.AddRange(await PageAudit.RunAsync(visit.Page, $"prompts-{name}"));

        await story.OrderAsync(FactorKind.DuoPush, FactorKind.WebAuthn, FactorKind.Totp, FactorKind.EmailApproval);
        var basic = await story.OpenAsync();
        await visit.GoAsync($"/a/{basic.Id}");
        await LookAsync("several-ways");
        await visit.SubmitAsync("send-duo-push");
        var asked = await story.Duo.NextAsync();
        asked.Prompt.Say("Duo push sent to Ann's iPhone");
        await Expect(visit.The("said")).ToContainTextAsync("Duo push sent to Ann's iPhone"); // by itself
        await LookAsync("on-its-way");
        asked.Answer.SetResult(new PromptAnswer.Failed("Duo does not answer"));
        await Expect(visit.The("said")).ToContainTextAsync("Duo does not answer");
        await visit.GoAsync($"/a/{basic.Id}");
        await LookAsync("failed");

        await story.OrderAsync(FactorKind.WebAuthn, FactorKind.EmailApproval, FactorKind.DuoPush, FactorKind.Totp);
        var strong = await story.OpenAsync(requirement: Strong);
        await visit.GoAsync($"/a/{strong.Id}");
        await visit.The("other-number").ClickAsync();
        await LookAsync("number-beside-a-tap");
        await visit.FillAsync("number-tap", strong.Number);
        await visit.SubmitAsync("send-number");
        await Expect(visit.The("number-typed")).ToBeVisibleAsync();
        await LookAsync("number-typed");
        (await story.Duo.NextAsync()).Answer.SetResult(story.Duo.Approved(Strength.Basic));
        await Expect(visit.The("settled")).ToBeVisibleAsync(); // by itself

        var tapped = await story.BeginAsync(requirement: new() { Strength = Strength.Strong, Number = true });
        await visit.GoAsync($"/a/{tapped.Id}");
        await LookAsync("number-with-passkey");
        Assert.Equal(AskOutcome.Begun, story.Prompter.TryAsk(story.Ann.Principal, tapped, FactorKind.DuoPush));
        (await story.Duo.NextAsync()).Answer.SetResult(story.Duo.Approved(Strength.Basic));
        await Expect(visit.The("awaits-number")).ToBeVisibleAsync(); // by itself
        await LookAsync("awaits-number");
        await visit.FillAsync("number", $"{tapped.Number[..3]} {tapped.Number[3..]}");
        await visit.SubmitAsync("send-number");
        await Expect(visit.The("settled")).ToBeVisibleAsync();

        await story.OrderAsync(FactorKind.DuoPush);
        var first = await story.OpenAsync(requirement: Strong);
        await visit.GoAsync($"/a/{first.Id}");
        await LookAsync("number-before-a-tap");
        foreach (var request in new[] { basic, first })
        {
            await story.Ann.DenyAsync(request);
        }

        Assert.Empty(wrong);
    }

    [Fact]
    public async Task Without_script_the_order_moves_and_every_way_can_be_chosen()
    {
        await using var story = await PromptStory.StartAsync();
        await using var visit = await browser.VisitAsync(story.Gateway, new() { JavaScriptEnabled = false });
        await visit.SignInAsync(story.Ann, steppedUp: false);
        await visit.GoAsync("/security");
        await visit.ClickAsync("up-email-approval");
        await visit.SeesAsync("The new order is saved.");
        var request = await story.OpenAsync();
        await visit.GoAsync($"/a/{request.Id}");
        await visit.ClickAsync("send-email-approval");
        await Expect(visit.The("on-its-way")).ToHaveTextAsync("The mail is on its way to you.");
        (await story.Mail.NextAsync()).Answer.SetResult(story.Mail.Approved(Strength.Basic));
        await story.SettledAsync(request);
    }

    [Fact]
    public async Task The_order_on_the_security_page_is_sound_and_moves_by_keyboard()
    {
        await using var story = await PromptStory.StartAsync();
        await using var visit = await browser.VisitAsync(story.Gateway);
        await visit.SignInAsync(story.Ann, steppedUp: false);
        await visit.GoAsync("/security");
        await Expect(visit.The("up-totp")).ToHaveAccessibleNameAsync("Move up an authenticator app");
        await visit.The("up-totp").PressAsync("Enter");
        await visit.SeesAsync("The new order is saved.");
        await Expect(visit.The("order").GetByRole(AriaRole.Listitem).First).ToContainTextAsync("An authenticator app");
        await visit.Page.Keyboard.PressAsync("Tab"); // goes on where the moved one is
        Assert.Equal("down-totp", await visit.Page.EvaluateAsync<string>("() => document.activeElement.dataset.test ?? ''"));
        Assert.Empty(await PageAudit.RunAsync(visit.Page, "prompts-order"));
    }
}
