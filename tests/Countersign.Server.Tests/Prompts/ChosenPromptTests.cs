using Countersign.Core.Challenges;
using Countersign.Server.Enforcement;
using Countersign.Server.Tests.Fixtures;

namespace Countersign.Server.Tests.Prompts;

/// <summary>On the page and through the API a person takes another way at any time.</summary>
public sealed class ChosenPromptTests
{
    [Fact]
    public async Task Each_kind_can_be_asked_for_three_times_a_request_and_not_while_it_is_on_its_way()
    {
        await using var story = await PromptStory.StartAsync();
        using var ann = await Visitor.SignedInAsync(story.Gateway, story.Ann);
        await story.OrderAsync(FactorKind.Totp, FactorKind.DuoPush);
        var request = await story.BeginAsync();
        for (var time = 0; time < 3; time++)
        {
            Assert.Equal((200, ""), Of(await ann.PostAsync($"requests/{request.Id}/prompt", new { kind = "duo-push" })));
            var asked = await story.Duo.NextAsync();
            Assert.Equal((409, "prompt_already"), Of(await ann.PostAsync($"requests/{request.Id}/prompt", new { kind = "duo-push" })));
            asked.Answer.SetResult(new PromptAnswer.Failed($"try {time}"));
            Assert.True(SpinWait.SpinUntil(() => !story.Prompter.StateOf(request.Id, FactorKind.DuoPush).OnItsWay, TimeSpan.FromSeconds(30)));
        }

        Assert.Equal((409, "prompt_limit"), Of(await ann.PostAsync($"requests/{request.Id}/prompt", new { kind = "duo-push" })));
        Assert.Equal((3, 0), (story.Duo.Times, story.Mail.Times));
        var shown = await ann.GetApiAsync($"requests/{request.Id}");
        Assert.Equal(["try 0", "try 1", "try 2"], shown.Json.GetProperty("said").EnumerateArray().Select(line => line.GetString()));

        Assert.Equal((200, ""), Of(await ann.PostAsync($"requests/{request.Id}/prompt", new { kind = "email-approval" })));
        (await story.Mail.NextAsync()).Answer.SetResult(story.Mail.Approved(Strength.Basic));
        await story.SettledAsync(request);
        story.AssertNobodyIsAsked();
        Assert.Equal((409, "already_settled"), Of(await ann.PostAsync($"requests/{request.Id}/prompt", new { kind = "duo-push" })));
    }

    [Fact]
    public async Task Nobody_can_have_somebody_else_asked_or_be_asked_by_what_cannot_ask()
    {
        await using var story = await PromptStory.StartAsync();
        var bob = await story.Gateway.AddPersonAsync("bob");
        await PromptStory.GiveAsync(story.Gateway, bob);
        await story.Gateway.MakeAdministratorAsync("bob");
        using var his = await Visitor.SignedInAsync(story.Gateway, bob);
        using var hers = await Visitor.SignedInAsync(story.Gateway, story.Ann);
        using var nobody = new Visitor(story.Gateway);
        var request = await story.OpenAsync();
        Assert.Equal((404, "not_found"), Of(await his.PostAsync($"requests/{request.Id}/prompt", new { kind = "duo-push" })));
        Assert.Equal(401, (await nobody.PostAsync($"requests/{request.Id}/prompt", new { kind = "duo-push" })).Status);
        Assert.Equal(AskOutcome.NotPossible, story.Prompter.TryAsk(bob.Principal, request, FactorKind.DuoPush));
        Assert.Equal((404, "not_found"), Of(await hers.PostAsync("requests/WDJB-MJHT/prompt", new { kind = "duo-push" })));
        Assert.Equal((400, "unknown_kind"), Of(await hers.PostAsync($"requests/{request.Id}/prompt", new { kind = "DuoPush" })));
        Assert.Equal((403, "factor_not_accepted"), Of(await hers.PostAsync($"requests/{request.Id}/prompt", new { kind = "totp" })));
        Assert.Equal((403, "factor_not_accepted"), Of(await hers.PostAsync($"requests/{request.Id}/prompt", new { kind = "recovery-code" })));
        Assert.Equal((0, 0), (story.Duo.Times, story.Prompter.Asking));
    }

    [Fact]
    public async Task A_command_that_waits_after_the_person_chose_keeps_to_the_order()
    {
        await using var story = await PromptStory.StartAsync();
        await story.OrderAsync(FactorKind.DuoPush, FactorKind.EmailApproval);
        var request = await story.OpenAsync();
        Assert.Equal(AskOutcome.Begun, story.Prompter.TryAsk(story.Ann.Principal, request, FactorKind.DuoPush));
        await story.Duo.NextAsync();
        var turn = story.TurnAsync();
        story.Prompter.Begin(request); // the push that is on its way is the first turn: nobody is asked twice
        await turn;
        Assert.Equal((1, 0), (story.Duo.Times, story.Mail.Times));
        story.Gateway.Clock.Advance(TimeSpan.FromSeconds(30));
        await story.Mail.NextAsync();
        Assert.Equal(1, story.Duo.Times);
        await story.Ann.DenyAsync(request);
        story.AssertNobodyIsAsked();
    }

    [Fact]
    public async Task On_the_page_the_first_way_is_the_persons_own_and_the_others_are_there()
    {
        await using var story = await PromptStory.StartAsync();
        using var browser = new Visitor(story.Gateway);
        await browser.BrowseAsync(story.Ann);
        await story.OrderAsync(FactorKind.EmailApproval, FactorKind.Totp, FactorKind.DuoPush);
        var request = await story.OpenAsync();
        var page = (await browser.GetAsync($"/a/{request.Id}")).Body;
        Assert.InRange(page.IndexOf("send-email-approval", StringComparison.Ordinal), 1, page.IndexOf("approve-totp", StringComparison.Ordinal));
        Assert.InRange(page.IndexOf("approve-totp", StringComparison.Ordinal), 1, page.IndexOf("send-duo-push", StringComparison.Ordinal));
        Assert.Contains("<button class=\"primary big\" type=\"submit\" data-test=\"send-email-approval\"", page, StringComparison.Ordinal);

        var sent = await browser.SubmitAsync($"/a/{request.Id}", $"/a/{request.Id}?handler=Prompt", new() { ["kind"] = "duo-push" });
        Assert.Equal((302, $"/a/{request.Id}"), (sent.Status, sent.Headers["Location"]));
        var asked = await story.Duo.NextAsync();
        asked.Prompt.Say("Duo push sent to <b>Ann's</b> iPhone\e[31m");
        page = (await browser.GetAsync($"/a/{request.Id}")).Body;
        Assert.Contains("<li>Duo push sent to &lt;b&gt;Ann&#x27;s&lt;/b&gt; iPhone[31m</li>", page, StringComparison.Ordinal);
        Assert.Contains("A Duo push is on its way to you.", page, StringComparison.Ordinal);
        Assert.DoesNotContain("data-test=\"send-duo-push\"", page, StringComparison.Ordinal);
        var again = await browser.SubmitAsync($"/a/{request.Id}", $"/a/{request.Id}?handler=Prompt", new() { ["kind"] = "duo-push" });
        Assert.Contains("Duo Push is on its way to you already.", again.Body, StringComparison.Ordinal);
        Assert.Equal(404, (await browser.SubmitAsync($"/a/{request.Id}", $"/a/{request.Id}?handler=Prompt", new() { ["kind"] = "nonsense" })).Status);
        Assert.NotEqual(302, (await browser.SendFormAsync($"/a/{request.Id}?handler=Prompt", new() { ["kind"] = "email-approval" }, "http://evil.example")).Status);
        Assert.Equal((1, 0), (story.Duo.Times, story.Mail.Times));

        asked.Answer.SetResult(new PromptAnswer.Failed("Duo does not answer"));
        Assert.True(SpinWait.SpinUntil(() => !story.Prompter.StateOf(request.Id, FactorKind.DuoPush).OnItsWay, TimeSpan.FromSeconds(30)));
        page = (await browser.GetAsync($"/a/{request.Id}")).Body;
        Assert.Contains("Duo does not answer", page, StringComparison.Ordinal);
        Assert.Contains("Send another Duo push", page, StringComparison.Ordinal);
    }

    private static (int Status, string Code) Of(Api.Answer answer) => (answer.Status, answer.Status < 400 ? "" : answer.Json.GetProperty("code").GetString()!);
}
