using Countersign.Server.Tests.Fixtures;
using static Microsoft.Playwright.Assertions;

namespace Countersign.Server.Tests.Browser;

/// <summary>The tab to keep open.</summary>
[Collection(BrowserCollection.Name)]
[Trait("Category", "browser")]
public sealed class RequestsStories(BrowserFixture browser)
{
    [Fact]
    public async Task What_is_held_appears_and_goes_by_itself_and_the_title_counts()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        await using var visit = await browser.VisitAsync(gateway);
        await visit.SignInAsync(ann);
        await visit.GoAsync("/");
        await Expect(visit.Page).ToHaveTitleAsync("Requests - Countersign");
        await visit.SeesAsync("Nothing waits.");
        await Expect(visit.Page.Locator("[data-live]")).ToHaveTextAsync("Live");
        await visit.Page.EvaluateAsync("() => { window.sameDocument = true; }");

        var first = Clone(gateway, ann, "first");
        var denied = await ann.NextRequestAsync();
        await Expect(visit.The("request")).ToHaveCountAsync(1);
        await Expect(visit.Page).ToHaveTitleAsync("(1) Requests - Countersign");
        await Expect(visit.The("request")).ToContainTextAsync("ACME/core");
        await ann.DenyAsync(denied);
        await Expect(visit.The("request")).ToHaveCountAsync(0);
        await Expect(visit.Page).ToHaveTitleAsync("Requests - Countersign");
        await Expect(visit.The("settled")).ToContainTextAsync("Denied");
        Assert.NotEqual(0, (await first.Completion).ExitCode);

        gateway.Clock.Advance(TimeSpan.FromMinutes(2)); // the cool-down after a denial
        var second = Clone(gateway, ann, "second");
        await Expect(visit.The("request")).ToHaveCountAsync(1);
        Assert.True(await visit.Page.EvaluateAsync<bool>("() => window.sameDocument === true"));
        await visit.ClickAsync("deny");
        await Expect(visit.The("notice")).ToContainTextAsync("Denied");
        Assert.NotEqual(0, (await second.Completion).ExitCode);
        await gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task Two_requests_are_approved_from_the_list_one_after_the_other()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        await gateway.AddRepositoryAsync("tools");
        await using var visit = await browser.VisitAsync(gateway);
        await visit.AddAuthenticatorAsync();
        await visit.SignInAsync(ann);
        await visit.AddPasskeyAsync("My laptop");
        await visit.GoAsync("/");

        var core = Clone(gateway, ann, "core");
        var tools = Clone(gateway, ann, "tools", "ACME/tools");
        await Expect(visit.Page).ToHaveTitleAsync("(2) Requests - Countersign");
        await visit.ClickAsync(visit.The("request").Filter(new() { HasText = "ACME/tools" }).GetByTestId("approve-passkey"));
        await Expect(visit.Page).ToHaveTitleAsync("(1) Requests - Countersign");
        await visit.ClickAsync(visit.The("request").Filter(new() { HasText = "ACME/core" }).GetByTestId("approve-passkey"));
        await visit.SeesAsync("Nothing waits.");

        Assert.Equal(0, (await core.Completion).ExitCode);
        Assert.Equal(0, (await tools.Completion).ExitCode);
    }

    [Fact]
    public async Task A_gateway_that_stops_does_not_wait_for_open_pages()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        await using var visit = await browser.VisitAsync(gateway);
        visit.Expects("ERR_"); // the page calls again, and nobody answers
        await visit.SignInAsync(ann);
        await visit.GoAsync("/");
        await Expect(visit.Page.Locator("[data-live]")).ToHaveTextAsync("Live");

        var before = TimeProvider.System.GetTimestamp();
        await gateway.RestartAsync();
        Assert.InRange(TimeProvider.System.GetElapsedTime(before), TimeSpan.Zero, TimeSpan.FromSeconds(20)); // the host would wait for 30
        await Expect(visit.Page.Locator("[data-live]")).ToHaveTextAsync("Live");
    }

    private static GitClient.RunningGit Clone(GatewayFixture gateway, TestPerson person, string to, string repository = "ACME/core") =>
        new GitClient(Path.Combine(gateway.Folder.FullName, "work")).StartAsync("clone", person.UrlOf(repository), to);
}
