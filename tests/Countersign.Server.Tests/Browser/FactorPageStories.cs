using Countersign.Demo;
using Countersign.Server.Tests.Duo;
using Countersign.Server.Tests.Mail;
using static Microsoft.Playwright.Assertions;

namespace Countersign.Server.Tests.Browser;

/// <summary>The pages of factors that go to people, in every state, audited and kept as pictures like those of <see cref="EveryPageStories"/>.</summary>
[Collection(BrowserCollection.Name)]
[Trait("Category", "browser")]
public sealed class FactorPageStories(BrowserFixture browser)
{
    private readonly Inspection pages = new();

    [Fact]
    public async Task Setting_up_Duo_Push_and_email_is_sound_in_every_state()
    {
        await using var server = await SmtpServer.StartAsync();
        await using var story = await DuoGateway.StartAsync(settings: server.Settings(), enrolled: false);
        await using var visit = await browser.VisitAsync(story.Gateway);
        await visit.SignInAsync(story.Ann);
        await pages.LookAsync(visit, "security-offers", "/security");

        await pages.LookAsync(visit, "duo-begin", "/two-step/duo");
        await visit.SubmitAsync("begin-duo");
        await Expect(visit.The("duo-enrol")).ToBeVisibleAsync();
        await pages.LookAsync(visit, "duo-enrol");
        story.Duo.AddUser("ann");
        await visit.SubmitAsync("begin-duo");
        await Expect(visit.The("duo-push")).ToBeVisibleAsync();
        await pages.LookAsync(visit, "duo-devices");
        await visit.SubmitAsync("duo-push");
        await Expect(visit.The("duo-waiting")).ToBeVisibleAsync();
        await pages.LookAsync(visit, "duo-waiting");
        (await story.ArrivedAsync()).Reply(PhoneAnswer.Approve);
        await Expect(visit.The("finish-duo")).ToBeVisibleAsync();
        await pages.LookAsync(visit, "duo-proven");
        await visit.SubmitAsync("finish-duo");

        await pages.LookAsync(visit, "email-approval", "/security/email-approval");
        await visit.SubmitAsync("send-code");
        await pages.LookAsync(visit, "email-code");
        var code = (await server.NextAsync(mail => mail.Subject.StartsWith("Your code", StringComparison.Ordinal))).Code;
        await visit.FillAsync("code", code == "000000" ? "000001" : "000000");
        await visit.SubmitAsync("confirm-email");
        await Expect(visit.The("trouble")).ToBeVisibleAsync();
        await pages.LookAsync(visit, "email-wrong-code");
        await visit.FillAsync("code", code);
        await visit.SubmitAsync("confirm-email");
        await pages.LookAsync(visit, "security-with-both", "/security");
        await pages.LookAsync(visit, "email-address", "/security/email");
        await visit.FillAsync("email", "ann@new.example.org");
        await visit.SubmitAsync("change");
        await pages.LookAsync(visit, "email-address-code");
        pages.AssertSound();
    }
}
