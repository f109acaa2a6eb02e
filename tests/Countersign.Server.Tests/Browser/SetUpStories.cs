using Countersign.Server.People;
using Countersign.Server.Tests.Fixtures;
using static Microsoft.Playwright.Assertions;

namespace Countersign.Server.Tests.Browser;

/// <summary>From the one-time link to the first clone, on nothing but what the pages show.</summary>
[Collection(BrowserCollection.Name)]
[Trait("Category", "browser")]
public sealed class SetUpStories(BrowserFixture browser)
{
    [Fact]
    public async Task With_a_passkey_the_last_page_of_set_up_shows_the_first_clone_and_approves_it()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        await using var visit = await browser.VisitAsync(gateway);
        await visit.AddAuthenticatorAsync();
        await MakeAccountAsync(gateway, visit);

        await visit.FillAsync("passkey-name", "My laptop");
        await visit.ClickAsync("add-passkey");
        await SaveRecoveryCodesAsync(visit);

        var clone = await RunShownCommandAsync(gateway, visit);
        await Expect(visit.The("request")).ToContainTextAsync("DEMO/hello");
        Assert.False(clone.Completion.IsCompleted);
        Assert.Empty(await PageAudit.RunAsync(visit.Page, "setup-arrived"));
        await visit.ClickAsync("approve-passkey");

        await AssertClonedAsync(gateway, clone);
        await Expect(visit.The("notice")).ToContainTextAsync("Approved");
        await visit.SeesAsync("with My laptop");
        await gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task With_an_authenticator_app_the_first_clone_is_approved_by_code()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        await using var visit = await browser.VisitAsync(gateway);
        await MakeAccountAsync(gateway, visit);

        await visit.ClickAsync("add-app");
        await Expect(visit.The("qr").Locator("svg")).ToBeVisibleAsync();
        var app = await AppAsync(visit);
        await visit.FillAsync("code", "000000");
        await visit.ClickAsync("confirm-app");
        await Expect(visit.The("trouble")).ToBeVisibleAsync();
        Assert.Equal(app.Secret, (await AppAsync(visit)).Secret); // a slip does not cost the scan
        await visit.FillAsync("code", app.CodeAt(AuthenticatorApp.StepOf(gateway.Clock.GetUtcNow())));
        await visit.ClickAsync("confirm-app");
        await SaveRecoveryCodesAsync(visit);

        gateway.Clock.Advance(TimeSpan.FromSeconds(30)); // each code counts once
        var clone = await RunShownCommandAsync(gateway, visit);
        await visit.ClickAsync("open-request");
        await visit.FillAsync("totp", app.CodeAt(AuthenticatorApp.StepOf(gateway.Clock.GetUtcNow())));
        await visit.ClickAsync("approve-totp");
        await visit.SeesAsync("You can close this tab; your command goes on.");

        await AssertClonedAsync(gateway, clone);
        await gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task The_link_works_once_and_leaves_the_address_bar_at_once()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var link = await gateway.Get<ISetup>().IssueLinkAsync(TestContext.Current.CancellationToken);
        await using (var first = await browser.VisitAsync(gateway))
        {
            await first.GoAsync("/setup?link=wrong");
            await first.SeesAsync("This link does not work");
            await first.GoAsync($"/setup?link={link}");
            Assert.DoesNotContain("link", first.Page.Url, StringComparison.Ordinal);
            await FillAccountAsync(first);
        }

        await using var second = await browser.VisitAsync(gateway);
        await second.GoAsync($"/setup?link={link}");
        await second.SeesAsync("This gateway is set up");
        Assert.Equal(0, await second.The("make-account").CountAsync());
    }

    private static async Task MakeAccountAsync(GatewayFixture gateway, Visit visit)
    {
        var link = await gateway.Get<ISetup>().IssueLinkAsync(TestContext.Current.CancellationToken);
        await visit.GoAsync($"/setup?link={link}");
        await FillAccountAsync(visit);
    }

    private static async Task FillAccountAsync(Visit visit)
    {
        await visit.FillAsync("name", "ann");
        await visit.FillAsync("email", "ann@example.org");
        await visit.FillAsync("password", TestPerson.Password);
        await visit.ClickAsync("make-account");
        await visit.AtAsync("/two-step");
    }

    private static async Task SaveRecoveryCodesAsync(Visit visit)
    {
        await Expect(visit.The("recovery-codes").Locator("li")).ToHaveCountAsync(10);
        await visit.The("saved").CheckAsync();
        await visit.ClickAsync("codes-saved");
        await visit.AtAsync("/ready");
        await visit.SeesAsync("Nothing has arrived yet.");
    }

    private static async Task<AuthenticatorApp> AppAsync(Visit visit)
    {
        var secret = (await visit.Page.Locator("#totp-secret").TextContentAsync())!.Replace(" ", "", StringComparison.Ordinal);
        return new($"otpauth://totp/ann?secret={secret}");
    }

    /// <summary>Exactly the line on the page, with the access token on the page as the answer to Git's question for a password.</summary>
    private static async Task<GitClient.RunningGit> RunShownCommandAsync(GatewayFixture gateway, Visit visit)
    {
        var folder = gateway.Folder.CreateSubdirectory("person").FullName;
        var words = (await visit.TextAsync("#clone-line")).Split(' ');
        Assert.Equal("git", words[0]);
        var person = new Dictionary<string, string>
        {
            ["GIT_CONFIG_COUNT"] = "1",
            ["GIT_CONFIG_KEY_0"] = "credential.helper",
            ["GIT_CONFIG_VALUE_0"] = "!answer() { echo \"password=$PASTED\"; }; answer",
            ["PASTED"] = await visit.TextAsync("#access-token"),
        };
        return new GitClient(folder, environment: person).StartAsync(words[1..]);
    }

    private static async Task AssertClonedAsync(GatewayFixture gateway, GitClient.RunningGit clone)
    {
        var result = await clone.Completion;
        Assert.True(result.ExitCode == 0, result.Error);
        Assert.NotEmpty(Directory.GetFiles(Path.Combine(gateway.Folder.FullName, "person", "hello")));
    }
}
