using System.Diagnostics;
using Countersign.Core.Challenges;
using Countersign.Server.Audit;
using Countersign.Server.Enforcement;
using Countersign.Server.People;
using Countersign.Server.Tests.Fixtures;

namespace Countersign.Server.Tests.Prompts;

/// <summary>Prompts that break, lie, come late or never: none of them approves, and none of them stays behind.</summary>
public sealed class PromptFaults
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static TheoryData<string> Faults => ["throws", "throws at once", "is cancelled by itself", "runs out of time", "answers nothing", "approves for another kind", "sends escape codes"];

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task A_prompt_that_breaks_approves_nothing_and_the_next_is_asked(string fault)
    {
        await using var story = await PromptStory.StartAsync();
        await story.OrderAsync(FactorKind.DuoPush, FactorKind.EmailApproval);
        story.Duo.Does = fault switch
        {
            "throws" => async (_, _) =>
            {
                await Task.Yield();
                throw new InvalidOperationException("secret-canary");
            },
            "throws at once" => (_, _) => throw new InvalidOperationException("secret-canary"),
            "is cancelled by itself" => (_, _) => Task.FromCanceled<PromptAnswer>(new(canceled: true)),
            "runs out of time" => (_, _) => Task.FromException<PromptAnswer>(new TimeoutException()),
            "answers nothing" => (_, _) => Task.FromResult<PromptAnswer>(null!),
            "approves for another kind" => (_, _) => Task.FromResult(story.Mail.Approved(Strength.Basic)),
            _ => (_, _) => Task.FromResult<PromptAnswer>(new PromptAnswer.Failed("\e[2Jno\nanswer\r\u202e")),
        };
        var request = await story.BeginAsync();
        var mail = await story.Mail.NextAsync();
        Assert.IsType<ChallengeState.Pending>(story.StateOf(request));
        var said = Assert.Single(story.Prompter.SaidOf(request.Id));
        Assert.True(said is "Duo Push failed" or "Duo Push is not enough for this rule" or "[2Jno answer", said);
        Assert.Single(await story.Gateway.AuditAsync(), record => record.Event.Type == AuditTypes.ChallengePromptFailed && record.Event.Facts["why"] == said);

        mail.Answer.SetResult(new PromptAnswer.Declined(Reported: false));
        await story.SettledAsync(request);
        story.AssertNobodyIsAsked();
    }

    [Fact]
    public async Task An_answer_after_the_end_releases_nothing()
    {
        await using var story = await PromptStory.StartAsync();
        story.Duo.IsDeaf = true;
        var denied = await story.BeginAsync();
        var first = await story.Duo.NextAsync();
        await story.Ann.DenyAsync(denied);
        story.AssertNobodyIsAsked();
        first.Answer.SetResult(story.Duo.Approved());

        var expired = await story.BeginAsync();
        var second = await story.Duo.NextAsync();
        story.Gateway.Clock.Advance(TimeSpan.FromMinutes(5));
        second.Answer.SetResult(story.Duo.Approved());
        await story.SettledAsync(expired);
        story.AssertNobodyIsAsked();
        Assert.IsType<ChallengeState.Denied>(story.StateOf(denied));
        Assert.IsType<ChallengeState.Expired>(story.StateOf(expired));
        Assert.Equal(0, await story.CountAsync(AuditTypes.ChallengeApproved));
    }

    [Fact]
    public async Task This_was_not_me_counts_even_when_it_comes_after_the_end()
    {
        await using var story = await PromptStory.StartAsync();
        story.Duo.IsDeaf = true;
        using var client = new Visitor(story.Gateway);
        var fetch = client.FetchAsync(story.Ann);
        var asked = await story.Duo.NextAsync();
        await story.Ann.ApproveAsync(asked.Prompt.Challenge);
        Assert.True(Visitor.Released(await fetch));
        asked.Answer.SetResult(new PromptAnswer.Declined(Reported: true));
        Assert.True(SpinWait.SpinUntil(() => story.Gateway.Get<IAccessTokens>().ListAsync(story.Ann.Id, Cancellation).GetAwaiter().GetResult().Count == 0, TimeSpan.FromSeconds(30)));
        Assert.Equal(401, (await client.FetchAsync(story.Ann)).Status);
    }

    [Fact]
    public async Task A_request_that_was_settled_while_a_prompt_begins_leaves_nobody_asked()
    {
        await using var story = await PromptStory.StartAsync();
        var settled = await story.OpenAsync();
        await story.Ann.DenyAsync(settled);
        story.Prompter.Begin(settled);
        Assert.Equal(AskOutcome.Settled, story.Prompter.TryAsk(story.Ann.Principal, settled, FactorKind.DuoPush));
        Assert.Equal((0, 0), (story.Prompter.Asking, story.Duo.Times));

        for (var round = 0; round < 60; round++)
        {
            var request = await story.OpenAsync();
            await Task.WhenAll(Task.Run(() => story.Prompter.Begin(request), Cancellation), story.Ann.DenyAsync(request), Task.Run(() => story.Prompter.TryAsk(story.Ann.Principal, request, FactorKind.EmailApproval), Cancellation));
            story.AssertNobodyIsAsked();
        }
    }

    [Fact]
    public async Task A_request_that_runs_out_ends_what_is_asked_about_it()
    {
        await using var story = await PromptStory.StartAsync();
        var request = await story.BeginAsync();
        var asked = await story.Duo.NextAsync();
        var calledOff = asked.CalledOffAsync();
        story.Gateway.Clock.Advance(TimeSpan.FromMinutes(5) + TimeSpan.FromSeconds(5));
        await calledOff;
        story.AssertNobodyIsAsked();
        Assert.IsType<ChallengeState.Expired>(story.StateOf(request));
    }

    [Fact]
    public async Task A_person_who_is_disabled_meanwhile_is_asked_no_more()
    {
        await using var story = await PromptStory.StartAsync();
        await story.OrderAsync(FactorKind.DuoPush, FactorKind.EmailApproval);
        var turn = story.TurnAsync();
        await story.BeginAsync();
        var asked = await story.Duo.NextAsync();
        await turn;
        var calledOff = asked.CalledOffAsync();
        Assert.Null((await story.Gateway.Get<IPeople>().DisableAsync("ann", "test", Cancellation)).Refusal);
        await calledOff;
        story.AssertNobodyIsAsked();
        story.Gateway.Clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(0, story.Mail.Times);
    }

    [Fact]
    public async Task A_factor_that_was_removed_meanwhile_neither_counts_nor_is_asked()
    {
        await using var story = await PromptStory.StartAsync();
        await story.OrderAsync(FactorKind.DuoPush, FactorKind.EmailApproval);
        var request = await story.BeginAsync();
        var asked = await story.Duo.NextAsync();
        await story.TakeDuoAsync();
        asked.Answer.SetResult(story.Duo.Approved());
        await story.Mail.NextAsync();
        Assert.IsType<ChallengeState.Pending>(story.StateOf(request));
        Assert.Equal(AskOutcome.NotPossible, story.Prompter.TryAsk(story.Ann.Principal, request, FactorKind.DuoPush));
        await story.Ann.DenyAsync(request);
        story.AssertNobodyIsAsked();
    }

    [Fact]
    public async Task A_prompt_that_breaks_when_it_is_called_off_does_not_touch_the_verdict()
    {
        await using var story = await PromptStory.StartAsync();
        story.Duo.Does = (_, cancellation) =>
        {
            cancellation.Register(() => throw new InvalidOperationException("from a callback"));
            return new TaskCompletionSource<PromptAnswer>().Task; // and it never ends
        };
        var request = await story.BeginAsync();
        Assert.True(SpinWait.SpinUntil(() => story.Duo.Times == 1, TimeSpan.FromSeconds(30)));
        Assert.Equal(ApprovalOutcome.Done, (await story.Ann.ApproveAsync(request)).Outcome);
        story.AssertNobodyIsAsked();
    }

    [Fact]
    public async Task After_a_restart_the_repeated_command_asks_anew_and_the_answer_of_before_is_void()
    {
        await using var story = await PromptStory.StartAsync();
        story.Duo.IsDeaf = true;
        var request = await story.BeginAsync();
        var before = await story.Duo.NextAsync();
        await story.Gateway.RestartAsync();
        Assert.Equal(0, story.Prompter.Asking);
        Assert.True(before.Cancellation.IsCancellationRequested);
        before.Answer.SetResult(story.Duo.Approved());

        var pending = Assert.IsType<ChallengeState.Pending>(story.StateOf(request));
        Assert.NotNull(pending);
        story.Prompter.Begin(request);
        (await story.Duo.NextAsync()).Answer.SetResult(story.Duo.Approved());
        Assert.True(SpinWait.SpinUntil(() => story.StateOf(request) is ChallengeState.Approved, TimeSpan.FromSeconds(30)));
        story.AssertNobodyIsAsked();
    }

    [Fact]
    public async Task Two_hundred_are_asked_at_once_without_a_thread_each()
    {
        await using var story = await PromptStory.StartAsync();
        var people = new List<TestPerson> { story.Ann };
        foreach (var name in new[] { "bob", "cy", "dee" })
        {
            people.Add(await story.Gateway.AddPersonAsync(name));
            await PromptStory.GiveAsync(story.Gateway, people[^1]);
        }

        using var self = Process.GetCurrentProcess();
        var threads = self.Threads.Count;
        var requests = new List<Challenge>();
        for (var number = 0; number < 200; number++)
        {
            requests.Add(await story.BeginAsync(people[number % people.Count]));
        }

        var asked = new List<ScriptedPrompt.Asked>();
        foreach (var _ in requests)
        {
            asked.Add(await story.Duo.NextAsync());
        }

        self.Refresh();
        Assert.True(self.Threads.Count < threads + 60, $"{threads} threads became {self.Threads.Count}");
        Assert.Equal((200, 0), (story.Prompter.Asking, story.Mail.Times));
        asked.ForEach(one => one.Answer.SetResult(story.Duo.Approved()));
        story.AssertNobodyIsAsked();
        Assert.All(requests, request => Assert.IsType<ChallengeState.Approved>(story.StateOf(request)));
        Assert.Equal(200, await story.CountAsync(AuditTypes.ChallengeApproved));
    }

    [Fact]
    public async Task A_round_takes_little_memory()
    {
        await using var story = await PromptStory.StartAsync(settings: new() { ["Holds:PerPerson"] = "5000", ["Holds:PromptsPerMinute"] = "5000", ["Holds:PromptsPerHour"] = "5000" });
        var never = new TaskCompletionSource<PromptAnswer>().Task;
        story.Duo.Does = (_, _) => never;
        var requests = new List<Challenge>();
        for (var number = 0; number < 1000; number++)
        {
            requests.Add(await story.OpenAsync());
        }

        var before = GC.GetTotalMemory(forceFullCollection: true);
        requests.ForEach(story.Prompter.Begin);
        Assert.True(SpinWait.SpinUntil(() => story.Duo.Times == 1000, TimeSpan.FromSeconds(60)));
        var each = (GC.GetTotalMemory(forceFullCollection: true) - before) / 1000;
        Assert.True(each < 8 * 1024, $"{each} bytes a round");
        GC.KeepAlive(requests);
    }
}
