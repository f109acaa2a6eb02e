using Countersign.Core.Challenges;
using Countersign.Core.Git;
using Countersign.Server.People;
using Countersign.Server.Tests.Fixtures;
using static Microsoft.Playwright.Assertions;

namespace Countersign.Server.Tests.Browser;

/// <summary>The page behind the link in the terminal.</summary>
[Collection(BrowserCollection.Name)]
[Trait("Category", "browser")]
public sealed class ApprovalStories(BrowserFixture browser)
{
    private const string WithNumber =
        """
        version: 1
        mode: enforce
        rules:
          - name: number
            operations: [read, write]
            require: { number: true }
        """;

    [Fact]
    public async Task A_passkey_approves_after_sign_in_on_the_way()
    {
        await using var story = await BeginAsync();
        await using var visit = await browser.VisitAsync(story.Gateway);
        await visit.AddAuthenticatorAsync();
        await visit.SignInAsync(story.Ann);
        await visit.AddPasskeyAsync("My laptop");
        await visit.Context.ClearCookiesAsync();
        var (git, request) = await story.CloneAsync();

        await visit.GoAsync($"/a/{request.Id}");
        await visit.SignInWithPasskeyAsync();
        await visit.AtAsync($"/a/{request.Id}");
        await Expect(visit.The("operation")).ToContainTextAsync("ACME/core");
        await visit.The("approve-passkey").PressAsync("Enter");

        await visit.SeesAsync("You can close this tab; your command goes on.");
        await visit.SeesAsync("Approved with My laptop");
        Assert.Equal(0, (await git.Completion).ExitCode);
    }

    [Fact]
    public async Task Without_script_a_code_approves_and_what_needs_script_is_not_shown()
    {
        await using var story = await BeginAsync();
        await using var visit = await browser.VisitAsync(story.Gateway, new() { JavaScriptEnabled = false });
        await visit.SignInAsync(story.Ann);
        var (git, request) = await story.CloneAsync();

        await visit.GoAsync($"/w/{request.Id}-{request.Number}/scm/ACME/core.git/"); // the line that people copy from the terminal
        await visit.AtAsync($"/a/{request.Id}");
        await visit.FillAsync("totp", "000000");
        await visit.ClickAsync("approve-totp");
        await Expect(visit.The("trouble")).ToContainTextAsync("That did not work");
        await visit.FillAsync("totp", story.Ann.FreshCode());
        await visit.ClickAsync("approve-totp");
        await visit.SeesAsync("Approved");

        await visit.GoAsync("/");
        await visit.SeesAsync("Without script this page does not renew itself.");
        await Expect(visit.Page.Locator(".needs-script:visible")).ToHaveCountAsync(0);
        Assert.Equal(0, (await git.Completion).ExitCode);
    }

    [Fact]
    public async Task The_keyboard_alone_reaches_every_way_to_answer_in_reading_order_with_the_focus_in_sight()
    {
        await using var story = await BeginAsync();
        await using var visit = await browser.VisitAsync(story.Gateway);
        await visit.AddAuthenticatorAsync();
        await visit.SignInAsync(story.Ann);
        await visit.AddPasskeyAsync("My laptop");
        var (git, request) = await story.CloneAsync();
        await visit.GoAsync($"/a/{request.Id}");
        await visit.Page.Locator(".skip").FocusAsync();

        List<string> order = [];
        for (var presses = 0; presses < 12 && !order.Contains("not-me"); presses++)
        {
            await visit.Page.Keyboard.PressAsync("Tab");
            Assert.NotEqual("none", await visit.Page.EvaluateAsync<string>("() => getComputedStyle(document.activeElement).outlineStyle"));
            order.Add(await visit.Page.EvaluateAsync<string>("() => document.activeElement.dataset.test ?? ''"));
        }

        string[] answers = ["approve-passkey", "other-app", "deny", "not-me"];
        Assert.Equal(answers, order.Where(answers.Contains));
        await visit.The("deny").PressAsync("Enter");
        await visit.SeesAsync("Nothing went through.");
        await git.Completion;
    }

    [Fact]
    public async Task Deny_takes_one_click_and_the_page_shows_what_was_refused()
    {
        await using var story = await BeginAsync();
        await using var visit = await browser.VisitAsync(story.Gateway);
        await visit.SignInAsync(story.Ann);
        var (git, request) = await story.CloneAsync();

        await visit.GoAsync($"/a/{request.Id}");
        await visit.ClickAsync("deny");
        await Expect(visit.The("settled")).ToHaveAttributeAsync("data-state", "Denied");

        Assert.NotEqual(0, (await git.Completion).ExitCode);
    }

    [Fact]
    public async Task Reporting_refuses_the_command_and_revokes_the_access_token_that_asked()
    {
        await using var story = await BeginAsync();
        await using var visit = await browser.VisitAsync(story.Gateway);
        await visit.SignInAsync(story.Ann);
        var (git, request) = await story.CloneAsync();

        await visit.GoAsync($"/a/{request.Id}");
        await visit.ClickAsync("not-me");
        await visit.SeesAsync("laptop");
        await visit.ClickAsync("report");
        await visit.SeesAsync("the access token that asked is revoked");

        Assert.NotEqual(0, (await git.Completion).ExitCode);
        Assert.Empty(await story.Gateway.Get<IAccessTokens>().ListAsync(story.Ann.Id, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task An_open_page_shows_a_verdict_that_fell_elsewhere_by_itself()
    {
        await using var story = await BeginAsync();
        await using var visit = await browser.VisitAsync(story.Gateway);
        await visit.SignInAsync(story.Ann);
        var (git, request) = await story.CloneAsync();
        var listening = visit.Page.WaitForResponseAsync("**/events");
        await visit.GoAsync($"/a/{request.Id}");
        await listening;

        await story.Ann.ApproveAsync(request);
        await visit.SeesAsync("You can close this tab; your command goes on.");
        Assert.Equal(0, (await git.Completion).ExitCode);

        await visit.Page.ReloadAsync();
        await visit.SeesAsync("You can close this tab; your command goes on.");
        Assert.Equal(0, await visit.The("approve-totp").CountAsync());
    }

    [Fact]
    public async Task A_page_that_is_open_when_the_time_runs_out_says_so_by_itself()
    {
        await using var story = await BeginAsync();
        await using var visit = await browser.VisitAsync(story.Gateway);
        await visit.SignInAsync(story.Ann);
        var (git, request) = await story.CloneAsync();
        var listening = visit.Page.WaitForResponseAsync("**/events");
        await visit.GoAsync($"/a/{request.Id}");
        await listening;

        story.Gateway.Clock.Advance(TimeSpan.FromMinutes(6));
        await visit.SeesAsync("Too late for this one");
        Assert.NotEqual(0, (await git.Completion).ExitCode);
    }

    [Fact]
    public async Task An_answer_that_comes_too_late_approves_nothing()
    {
        await using var story = await BeginAsync();
        await using var visit = await browser.VisitAsync(story.Gateway, new() { JavaScriptEnabled = false }); // this page does not renew itself
        await visit.SignInAsync(story.Ann);
        var (git, request) = await story.CloneAsync();
        await visit.GoAsync($"/a/{request.Id}");

        story.Gateway.Clock.Advance(TimeSpan.FromMinutes(6));
        await visit.FillAsync("totp", story.Ann.FreshCode());
        await visit.ClickAsync("approve-totp");
        await visit.SeesAsync("Too late for this one");
        Assert.NotEqual(0, (await git.Completion).ExitCode);
    }

    [Fact]
    public async Task Somebody_elses_request_looks_like_one_that_does_not_exist()
    {
        await using var story = await BeginAsync();
        var bob = await story.Gateway.AddPersonAsync("bob");
        await using var visit = await browser.VisitAsync(story.Gateway);
        visit.Expects("status of 404");
        await visit.SignInAsync(bob);
        var (git, request) = await story.CloneAsync();

        await visit.GoAsync($"/a/{request.Id}");
        var others = await visit.Page.Locator("main").InnerTextAsync();
        await visit.GoAsync("/a/WDJB-MJHT");
        Assert.Equal(others, await visit.Page.Locator("main").InnerTextAsync());
        await visit.GoAsync($"/a/{request.Id}/report");
        Assert.Equal(others, await visit.Page.Locator("main").InnerTextAsync());

        await story.Ann.DenyAsync(request);
        await git.Completion;
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_number_in_the_terminal_is_asked_where_the_rule_says_so(bool passkey)
    {
        await using var story = await BeginAsync(WithNumber);
        await using var visit = await browser.VisitAsync(story.Gateway);
        await visit.SignInAsync(story.Ann);
        if (passkey)
        {
            await visit.AddAuthenticatorAsync();
            await visit.AddPasskeyAsync("My laptop");
        }

        var (git, request) = await story.CloneAsync();
        await visit.GoAsync($"/a/{request.Id}");
        await Expect(visit.The("number")).ToBeFocusedAsync();
        Assert.DoesNotContain(request.Number, await visit.The("pending").InnerTextAsync(), StringComparison.Ordinal);
        await ApproveAsync(visit, story, passkey, request.Number == "11" ? "12" : "11");
        await Expect(visit.The("trouble")).ToContainTextAsync("not the number in your terminal");
        await ApproveAsync(visit, story, passkey, request.Number);

        await visit.SeesAsync("your command goes on");
        Assert.Equal(0, (await git.Completion).ExitCode);
    }

    [Fact]
    public async Task A_push_shows_each_ref_with_the_dangerous_ones_first_and_the_rest_folded()
    {
        await using var story = await BeginAsync(HeldPush.Policy);
        await using var visit = await browser.VisitAsync(story.Gateway);
        await visit.SignInAsync(story.Ann);
        var git = await HeldPush.StartAsync(story.Gateway, story.Ann, story.Core);
        var request = await story.Ann.NextRequestAsync();

        await visit.GoAsync($"/a/{request.Id}");
        await Expect(visit.The("refs-count")).ToHaveTextAsync($"{HeldPush.NewRefs + 2} refs: 1 deleted, 1 forced");
        var rows = await visit.The("ref").AllInnerTextsAsync();
        Assert.Equal(HeldPush.NewRefs + 2, rows.Count);
        Assert.Contains("deleted", rows[0], StringComparison.Ordinal);
        Assert.Contains("old-idea", rows[0], StringComparison.Ordinal);
        Assert.Contains("forced", rows[1], StringComparison.Ordinal);
        Assert.Contains("main", rows[1], StringComparison.Ordinal);
        await Expect(visit.The("ref").Nth(7)).ToBeVisibleAsync();
        await Expect(visit.The("ref").Nth(8)).ToBeHiddenAsync();
        await visit.Page.GetByText($"Show {HeldPush.NewRefs - 6} more").ClickAsync();
        await Expect(visit.The("ref").Nth(11)).ToBeVisibleAsync();

        await visit.FillAsync("number", request.Number);
        await visit.FillAsync("totp", story.Ann.FreshCode());
        await visit.ClickAsync("approve-totp");
        await visit.SeesAsync("your command goes on");
        var result = await git.Completion;
        Assert.True(result.ExitCode == 0, result.Error);
    }

    private static async Task ApproveAsync(Visit visit, Story story, bool passkey, string number)
    {
        await visit.FillAsync("number", number);
        if (!passkey)
        {
            await visit.FillAsync("totp", story.Ann.FreshCode());
        }

        await visit.ClickAsync(passkey ? "approve-passkey" : "approve-totp");
    }

    private static async Task<Story> BeginAsync(string? policy = null)
    {
        var gateway = await GatewayFixture.StartAsync(policy);
        return new(gateway, await gateway.AddPersonAsync(), await gateway.AddRepositoryAsync());
    }

    private sealed record Story(GatewayFixture Gateway, TestPerson Ann, RepositoryPath Core) : IAsyncDisposable
    {
        private readonly List<GitClient.RunningGit> clones = [];

        /// <summary>Starts a clone and waits until it is held.</summary>
        public async Task<(GitClient.RunningGit Git, Challenge Request)> CloneAsync()
        {
            var git = new GitClient(Path.Combine(Gateway.Folder.FullName, "work")).StartAsync("clone", Ann.UrlOf("ACME/core"), $"clone{clones.Count}");
            clones.Add(git);
            return (git, await Ann.NextRequestAsync());
        }

        public async ValueTask DisposeAsync()
        {
            // A command that still waits is a story that has failed: its own reason must not be hidden by what follows from it.
            var waiting = clones.Where(git => !git.Completion.IsCompleted).ToList();
            waiting.ForEach(git => git.Kill());
            if (waiting.Count == 0)
            {
                await Gateway.AssertInvariantsAsync();
            }

            await Gateway.DisposeAsync();
        }
    }
}
