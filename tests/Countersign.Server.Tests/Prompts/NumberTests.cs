using System.Globalization;
using Countersign.Core.Challenges;
using Countersign.Core.Policies;
using Countersign.Server.Audit;
using Countersign.Server.Enforcement;
using Countersign.Server.People;
using Countersign.Server.Tests.Api;
using Countersign.Server.Tests.Fixtures;
using Countersign.Server.Tests.Ssh;

namespace Countersign.Server.Tests.Prompts;

/// <summary>A tap on a phone proves little; together with the number that only the right terminal shows it is a strong factor.</summary>
public sealed class NumberTests
{
    private static readonly FactorRequirement Strong = new() { Strength = Strength.Strong };
    private static readonly FactorRequirement Number = new() { Strength = Strength.Strong, Number = true };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Category", "slow")]
    public async Task It_has_six_digits_where_taps_can_count_and_the_redirect_shows_it()
    {
        await using var story = await PromptStory.StartAsync(PromptStory.Strong);
        using var ann = await Visitor.SignedInAsync(story.Gateway, story.Ann);
        var git = new GitClient(Path.Combine(story.Gateway.Folder.FullName, "work"));
        var clone = git.StartAsync("clone", story.Ann.UrlOf("ACME/core"), "c");
        var asked = await story.Duo.NextAsync();
        var request = asked.Prompt.Challenge;
        Assert.Matches("^[0-9]{6}$", request.Number);
        var turn = story.Ann.NextAsync(change => change.AwaitsNumber is not null);
        asked.Answer.SetResult(story.Duo.Approved(Strength.Basic));
        await turn;
        Assert.False(clone.Completion.IsCompleted);
        Assert.Equal(200, (await ann.ApproveAsync(request.Id.Value, new { number = request.Number })).Status);

        var result = await clone.Completion;
        Assert.True(result.ExitCode == 0, result.Error);
        Assert.Contains($"warning: redirecting to {story.Gateway.Url}/w/{request.Id}-{request.Number}/scm/", result.Error, StringComparison.Ordinal);
        Assert.Equal(1, story.Duo.Times);
        var approved = Assert.Single(await story.Gateway.AuditAsync(), record => record.Event.Type == AuditTypes.ChallengeApproved).Event;
        Assert.Equal(("DuoPush", "Strong"), (approved.Facts["factor"], approved.Facts["strength"]));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_number_first_or_the_tap_first_is_the_same_and_page_and_api_say_what_is_missing(bool numberIsAskedByTheRule)
    {
        await using var story = await PromptStory.StartAsync();
        using var api = await Visitor.SignedInAsync(story.Gateway, story.Ann);
        using var page = new Visitor(story.Gateway);
        await page.BrowseAsync(story.Ann);

        var typed = await story.BeginAsync(requirement: numberIsAskedByTheRule ? Number : Strong);
        var asked = await story.Duo.NextAsync();
        var answer = await api.ApproveAsync(typed.Id.Value, new { number = typed.Number });
        Assert.Equal((200, "pending", true, false), Of(answer));
        Assert.Contains("The number is right.", (await page.GetAsync($"/a/{typed.Id}")).Body, StringComparison.Ordinal);
        asked.Answer.SetResult(story.Duo.Approved(Strength.Basic));
        Assert.Equal(Strength.Strong, Assert.IsType<ChallengeState.Approved>((await story.SettledAsync(typed)).State).Proof.Strength);

        var tapped = await story.BeginAsync(requirement: numberIsAskedByTheRule ? Number : Strong);
        asked = await story.Duo.NextAsync();
        asked.Answer.SetResult(story.Duo.Approved(Strength.Basic));
        await story.Ann.NextAsync(change => change.Id == tapped.Id && change.AwaitsNumber is not null);
        Assert.Equal((200, "pending", false, true), Of(await api.GetApiAsync($"requests/{tapped.Id}")));
        var shown = (await page.GetAsync($"/a/{tapped.Id}")).Body;
        Assert.Contains("You approved on your phone.", shown, StringComparison.Ordinal);
        Assert.Contains("Finish with the number", shown, StringComparison.Ordinal);
        Assert.DoesNotContain(tapped.Number, shown, StringComparison.Ordinal);
        var finished = await page.SubmitAsync($"/a/{tapped.Id}", $"/a/{tapped.Id}?handler=Approve", new() { ["number"] = $"{tapped.Number[..3]} {tapped.Number[3..]}" });
        Assert.Equal(302, finished.Status);
        Assert.IsType<ChallengeState.Approved>((await story.SettledAsync(tapped)).State);
        story.AssertNobodyIsAsked();
    }

    [Fact]
    public async Task Typing_the_number_on_the_page_sends_the_push_that_it_needs()
    {
        await using var story = await PromptStory.StartAsync();
        await story.OrderAsync(FactorKind.Totp, FactorKind.DuoPush);
        using var page = new Visitor(story.Gateway);
        await page.BrowseAsync(story.Ann);
        var request = await story.OpenAsync(requirement: Strong);
        Assert.Contains("id=\"number-tap\"", (await page.GetAsync($"/a/{request.Id}")).Body, StringComparison.Ordinal);
        Assert.Equal(302, (await page.SubmitAsync($"/a/{request.Id}", $"/a/{request.Id}?handler=Approve", new() { ["number"] = request.Number })).Status);
        (await story.Duo.NextAsync()).Answer.SetResult(story.Duo.Approved(Strength.Basic));
        Assert.IsType<ChallengeState.Approved>((await story.SettledAsync(request)).State);
    }

    [Fact]
    public async Task What_was_typed_once_need_not_be_typed_again_with_a_code()
    {
        await using var story = await PromptStory.StartAsync();
        var request = await story.OpenAsync(requirement: Number);
        Assert.Equal(ApprovalOutcome.NumberOwed, (await story.Ann.ApproveAsync(request)).Outcome);
        Assert.Equal(ApprovalOutcome.NumberTaken, (await TypeAsync(story, request, request.Number)).Outcome);
        Assert.Equal(ApprovalOutcome.Done, (await story.Ann.ApproveAsync(request)).Outcome);
    }

    [Fact]
    public async Task Alone_it_is_worth_nothing_where_no_tap_can_count()
    {
        await using var story = await PromptStory.StartAsync();
        var resistant = await story.OpenAsync(requirement: new() { Strength = Strength.PhishingResistant });
        var basic = await story.OpenAsync(requirement: new() { Strength = Strength.Basic });
        var coded = await story.OpenAsync(requirement: new() { Strength = Strength.Strong, Kinds = new HashSet<FactorKind> { FactorKind.Totp }, Number = true });
        foreach (var request in new[] { resistant, basic, coded })
        {
            Assert.Equal(ApprovalOutcome.ProofOwed, (await TypeAsync(story, request, request.Number)).Outcome);
            Assert.IsType<ChallengeState.Pending>(story.StateOf(request));
        }

        await story.TakeDuoAsync();
        var strong = await story.OpenAsync(requirement: Strong);
        Assert.Equal(ApprovalOutcome.ProofOwed, (await TypeAsync(story, strong, strong.Number)).Outcome);
    }

    [Fact]
    public async Task Three_wrong_ones_end_the_request_and_the_person_and_the_terminal_hear_of_it()
    {
        await using var story = await PromptStory.StartAsync(PromptStory.Strong);
        using var client = new Visitor(story.Gateway);
        var fetch = client.FetchAsync(story.Ann);
        var asked = await story.Duo.NextAsync();
        var request = asked.Prompt.Challenge;
        var calledOff = asked.CalledOffAsync();
        asked.Answer.SetResult(story.Duo.Approved(Strength.Basic));
        await story.Ann.NextAsync(change => change.AwaitsNumber is not null);
        for (var wrong = 0; wrong < 3; wrong++)
        {
            Assert.Equal(ApprovalOutcome.NumberWrong, (await TypeAsync(story, request, Other(request.Number))).Outcome);
        }

        Assert.Contains("the number was wrong three times", (await fetch).Body, StringComparison.Ordinal);
        await calledOff;
        var notice = Assert.Single(await story.Gateway.Get<INotices>().ListAsync(story.Ann.Id, Cancellation), notice => notice.Text.Contains("three wrong numbers", StringComparison.Ordinal));
        Assert.Contains($"{request.Id} (ACME/core, from {request.Client})", notice.Text, StringComparison.Ordinal);
        Assert.Equal(ApprovalOutcome.AlreadySettled, (await TypeAsync(story, request, request.Number)).Outcome);
        Assert.Contains("Denied a moment ago", (await client.FetchAsync(story.Ann)).Body, StringComparison.Ordinal);
        story.AssertNobodyIsAsked();
    }

    [Theory]
    [Trait("Category", "slow")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Of_a_hundred_guesses_at_once_no_more_than_three_are_looked_at(bool tapped)
    {
        await using var story = await PromptStory.StartAsync();
        using var ann = await Visitor.SignedInAsync(story.Gateway, story.Ann);
        for (var round = 0; round < 5; round++)
        {
            var request = await story.BeginAsync(requirement: Strong);
            var asked = await story.Duo.NextAsync();
            if (tapped)
            {
                asked.Answer.SetResult(story.Duo.Approved(Strength.Basic));
                await story.Ann.NextAsync(change => change.Id == request.Id && change.AwaitsNumber is not null);
            }

            var right = int.Parse(request.Number, CultureInfo.InvariantCulture);
            var guesses = Enumerable.Range(right - 50 + round, 100).Select(guess => ((guess + 1_000_000) % 1_000_000).ToString("000000", CultureInfo.InvariantCulture)).ToList();
            Assert.Contains(request.Number, guesses);
            var answers = await Task.WhenAll(guesses.Select(guess => Task.Run(() => ann.ApproveAsync(request.Id.Value, new { number = guess }), Cancellation)));
            var codes = answers.Select(answer => answer.Status == 200 ? "200" : answer.Json.GetProperty("code").GetString()!).ToList();
            var wrong = codes.Count(code => code == "number_wrong");
            var taken = codes.Count(code => code == "200");
            Assert.All(codes, code => Assert.Contains(code, new[] { "number_wrong", "200", "already_settled" }));
            Assert.True(tapped && taken == 1 ? wrong <= 2 : wrong == 3 && taken <= 1, $"{wrong} wrong, {taken} taken");
            Assert.True(story.StateOf(request) is ChallengeState.Denied || (tapped && taken == 1));
        }
    }

    [Fact]
    [Trait("Category", "slow")]
    public async Task Guesses_on_pages_and_over_the_api_count_together()
    {
        await using var story = await PromptStory.StartAsync();
        using var api = await Visitor.SignedInAsync(story.Gateway, story.Ann);
        using var page = new Visitor(story.Gateway);
        await page.BrowseAsync(story.Ann);
        var request = await story.OpenAsync(requirement: Number);
        var wrong = Other(request.Number);
        await Task.WhenAll(Enumerable.Range(0, 60).Select(number => Task.Run(
            () => number % 2 == 0
                ? api.ApproveAsync(request.Id.Value, new { number = wrong })
                : page.SubmitAsync($"/a/{request.Id}", $"/a/{request.Id}?handler=Approve", new() { ["number"] = wrong, ["totp"] = "000000" }),
            Cancellation)));
        Assert.Equal(new ChallengeState.Denied(DenialCause.WrongNumbers), story.StateOf(request));
        Assert.Equal((2, 1), (await story.CountAsync(AuditTypes.ChallengeNumberWrong), await story.CountAsync(AuditTypes.ChallengeDenied)));
        Assert.Equal(0, await story.CountAsync(AuditTypes.FactorFailed)); // no code was tried with a wrong number
        Assert.Single(await story.Gateway.Get<INotices>().ListAsync(story.Ann.Id, Cancellation), notice => notice.Text.Contains("three wrong numbers", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Over_ssh_the_list_says_what_is_missing()
    {
        var scripted = new PromptStory.Scripted();
        await using var story = await SshStory.StartAsync(PromptStory.Strong, replace: scripted.Replace);
        await PromptStory.GiveAsync(story.Gateway, story.Ann);
        using var held = story.Relay.Begin(story.Key, "git-upload-archive '/ACME/core.git'");
        await held.WriteAsync("0012argument main\n0000", last: true);
        var asked = await scripted.Duo.NextAsync();
        var request = asked.Prompt.Challenge;
        Assert.Contains($"number {request.Number}", await held.ReadErrorsAsync("number"), StringComparison.Ordinal);
        asked.Answer.SetResult(scripted.Duo.Approved(Strength.Basic));
        await story.Ann.NextAsync(change => change.AwaitsNumber is not null);
        Assert.Contains("Now type the number on the approval page to finish.", await held.ReadErrorsAsync("finish.\n"), StringComparison.Ordinal);
        Assert.Contains($"approved on your device; type its number at {story.Gateway.Url}/a/{request.Id}\n", (await story.Relay.RunAsync(story.Key, "requests")).Output, StringComparison.Ordinal);

        // Another way goes on being open.
        Assert.Equal(0, (await story.Relay.RunAsync(story.Key, $"approve {request.Id} {story.Ann.FreshCode()}")).ExitCode);
        Assert.Equal(0, await held.EndAsync());
    }

    private static (int, string?, bool, bool) Of(Answer answer) =>
        (answer.Status, answer.Json.GetProperty("state").GetString(), answer.Json.GetProperty("numberTyped").GetBoolean(), answer.Json.GetProperty("awaitsNumber").GetBoolean());

    private static string Other(string number) => number == "000000" ? "000001" : "000000";

    private static Task<ApprovalResult> TypeAsync(PromptStory story, Challenge request, string number) =>
        story.Gateway.Get<Approvals>().ApproveAsync(story.Ann.Principal, request.Id, new(number, null, null, null), Cancellation);
}
