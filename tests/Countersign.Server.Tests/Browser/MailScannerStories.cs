using Countersign.Core.Challenges;
using Countersign.Server.Tests.Mail;
using Microsoft.Playwright;

namespace Countersign.Server.Tests.Browser;

/// <summary>A mail scanner with a whole browser: it opens every link, runs script, fills every field and presses everything that can be pressed.</summary>
[Collection(BrowserCollection.Name)]
[Trait("Category", "browser")]
public sealed class MailScannerStories(BrowserFixture browser)
{
    [Fact]
    public async Task A_robot_that_opens_the_links_and_presses_everything_never_approves()
    {
        await using var story = await MailStory.StartAsync();
        var (git, request, mail) = await story.CloneAsync();
        for (var round = 0; round < 2; round++)
        {
            foreach (var link in new[] { mail.LinkAfter("Approve"), mail.LinkAfter("Deny") })
            {
                await using var visit = await browser.VisitAsync(story.Gateway);
                visit.Expects("404"); // links that are over
                await visit.Page.GotoAsync(link);
                await PressAllAsync(visit.Page, round);
            }
        }

        Assert.IsNotType<ChallengeState.Approved>(story.Now(request).State);
        Assert.IsNotType<ChallengeState.Spent>(story.Now(request).State);
        Assert.NotEqual(0, (await git.Completion).ExitCode);
    }

    [Fact]
    public async Task A_person_approves_with_a_thumb_and_the_number()
    {
        await using var story = await MailStory.StartAsync();
        var (git, request, mail) = await story.CloneAsync();
        await using var visit = await browser.VisitAsync(story.Gateway, new() { JavaScriptEnabled = false, ViewportSize = new() { Width = 360, Height = 740 } });
        await visit.Page.GotoAsync(mail.LinkAfter("Approve"));
        await visit.AtAsync($"/mail/{request.Id}");
        await ShootAsync(visit.Page, "mail-approve-narrow");
        await visit.FillAsync("number", request.Number);
        await ShootAsync(visit.Page, "mail-number-narrow");
        await visit.SubmitAsync("approve-mail");
        await visit.SeesAsync("your command goes on");
        await ShootAsync(visit.Page, "mail-approved-narrow");
        Assert.Equal(0, (await git.Completion).ExitCode);
    }

    [Fact]
    public async Task The_mail_and_its_pages_are_good_to_look_at()
    {
        await using var story = await MailStory.StartAsync();
        var (git, _, mail) = await story.CloneAsync();
        foreach (var (scheme, width) in new[] { (ColorScheme.Light, 900), (ColorScheme.Dark, 900), (ColorScheme.Dark, 360) })
        {
            await using var visit = await browser.VisitAsync(story.Gateway, new() { ColorScheme = scheme, ViewportSize = new() { Width = width, Height = 800 } });
            await visit.Page.GotoAsync(mail.LinkAfter("Approve"));
            await ShootAsync(visit.Page, $"mail-approve-{scheme}-{width}");
            await visit.Page.GotoAsync(mail.LinkAfter("Deny"));
            await ShootAsync(visit.Page, $"mail-deny-{scheme}-{width}");
            await visit.SignInAsync(story.Ann);
            await visit.GoAsync("/security");
            await ShootAsync(visit.Page, $"mail-security-{scheme}-{width}");
            await visit.GoAsync("/security/email");
            await ShootAsync(visit.Page, $"mail-address-{scheme}-{width}");
            await visit.Page.GotoAsync("about:blank"); // a mail is no page of ours: it has styles of its own
            await visit.Page.SetContentAsync(mail.Html);
            await ShootAsync(visit.Page, $"mail-itself-{scheme}-{width}");
        }

        git.Kill();
        await git.Completion;
    }

    /// <summary>Presses each button and link that it finds, with guesses in the fields; each from a freshly opened page.</summary>
    private static async Task PressAllAsync(IPage page, int round)
    {
        var start = page.Url;
        var count = await page.Locator("main button, main a, main summary").CountAsync();
        for (var index = 0; index < count; index++)
        {
            await page.GotoAsync(start);
            foreach (var field in await page.Locator("main input:not([type=hidden])").AllAsync())
            {
                await field.FillAsync($"{round}{index}1234");
            }

            var target = page.Locator("main button, main a, main summary").Nth(index);
            if (await target.CountAsync() > 0)
            {
                await target.ClickAsync(); // returns once the page that it leads to has begun to come
            }
        }
    }

    private static async Task ShootAsync(IPage page, string name)
    {
        if (Environment.GetEnvironmentVariable("COUNTERSIGN_SCREENSHOTS") is { Length: > 0 } folder)
        {
            await page.ScreenshotAsync(new() { Path = Path.Combine(folder, name + ".png"), FullPage = true });
        }
    }
}
