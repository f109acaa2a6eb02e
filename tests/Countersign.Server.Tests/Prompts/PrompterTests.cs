using Countersign.Core.Challenges;
using Countersign.Server.Audit;
using Countersign.Server.Enforcement;
using Countersign.Server.People;
using Countersign.Server.Tests.Fixtures;

namespace Countersign.Server.Tests.Prompts;

/// <summary>Who is asked, when, and what an answer does.</summary>
public sealed class PrompterTests
{
    private static readonly TimeSpan HalfAMinute = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task The_first_factor_is_asked_at_once_and_its_approval_releases_the_command()
    {
        await using var story = await PromptStory.StartAsync();
        using var client = new Visitor(story.Gateway);
        var fetch = client.FetchAsync(story.Ann);
        var asked = await story.Duo.NextAsync();
        Assert.Equal(("ann", "ACME/core"), (asked.Prompt.Principal.Name, asked.Prompt.Challenge.Command.Repository.ToString()));
        Assert.False(fetch.IsCompleted);
        asked.Answer.SetResult(story.Duo.Approved(Strength.Basic));

        Assert.True(Visitor.Released(await fetch));
        Assert.Equal(0, story.Mail.Times);
        story.AssertNobodyIsAsked();
        var log = (await story.Gateway.AuditAsync()).Select(record => record.Event).ToList();
        Assert.Equal("DuoPush", Assert.Single(log, one => one.Type == AuditTypes.ChallengePrompted).Facts["factor"]);
        var approved = Assert.Single(log, one => one.Type == AuditTypes.ChallengeApproved);
        Assert.Equal(("ann", "DuoPush", "Basic", story.Ann.Id.Value.ToString("N")), (approved.Actor, approved.Facts["factor"], approved.Facts["strength"], approved.Facts["authenticator_id"]));
        Assert.True(log.FindIndex(one => one.Type == AuditTypes.ChallengePrompted) < log.FindIndex(one => one.Type == AuditTypes.ChallengeApproved));
    }

    [Fact]
    public async Task When_one_fails_the_next_is_asked_at_once()
    {
        await using var story = await PromptStory.StartAsync();
        await story.OrderAsync(FactorKind.DuoPush, FactorKind.EmailApproval);
        var request = await story.BeginAsync();
        (await story.Duo.NextAsync()).Answer.SetResult(new PromptAnswer.Failed("Duo does not answer"));
        (await story.Mail.NextAsync()).Answer.SetResult(story.Mail.Approved(Strength.Basic));

        Assert.IsType<ChallengeState.Approved>((await story.SettledAsync(request)).State);
        var failed = Assert.Single(await story.Gateway.AuditAsync(), record => record.Event.Type == AuditTypes.ChallengePromptFailed).Event;
        Assert.Equal(("DuoPush", "Duo does not answer"), (failed.Facts["factor"], failed.Facts["why"]));
        story.AssertNobodyIsAsked();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task After_half_a_minute_the_next_is_asked_beside_it_and_the_first_answer_counts(bool firstAnswers)
    {
        await using var story = await PromptStory.StartAsync();
        await story.OrderAsync(FactorKind.DuoPush, FactorKind.EmailApproval);
        var turn = story.TurnAsync();
        var request = await story.BeginAsync();
        var push = await story.Duo.NextAsync();
        await turn;
        story.Gateway.Clock.Advance(HalfAMinute - TimeSpan.FromSeconds(1));
        Assert.Equal(0, story.Mail.Times);
        story.Gateway.Clock.Advance(TimeSpan.FromSeconds(1));
        var mail = await story.Mail.NextAsync();
        Assert.False(push.Cancellation.IsCancellationRequested);

        var (winner, loser) = firstAnswers ? (push, mail) : (mail, push);
        var calledOff = loser.CalledOffAsync();
        winner.Answer.SetResult((firstAnswers ? story.Duo : story.Mail).Approved(Strength.Basic));
        Assert.Equal(firstAnswers ? FactorKind.DuoPush : FactorKind.EmailApproval, Assert.IsType<ChallengeState.Approved>((await story.SettledAsync(request)).State).Proof.Kind);
        await calledOff;
        story.AssertNobodyIsAsked();
    }

    [Fact]
    public async Task Answers_in_the_same_moment_are_one_verdict()
    {
        await using var story = await PromptStory.StartAsync();
        (story.Duo.IsDeaf, story.Mail.IsDeaf) = (true, true);
        for (var round = 0; round < 30; round++)
        {
            var request = await story.BeginAsync();
            var push = await story.Duo.NextAsync();
            Assert.Equal(AskOutcome.Begun, story.Prompter.TryAsk(story.Ann.Principal, request, FactorKind.EmailApproval));
            var mail = await story.Mail.NextAsync();
            await Task.WhenAll(
                Task.Run(() => push.Answer.SetResult(story.Duo.Approved(Strength.Basic)), TestContext.Current.CancellationToken),
                Task.Run(() => mail.Answer.SetResult(new PromptAnswer.Declined(Reported: false)), TestContext.Current.CancellationToken));
            await story.SettledAsync(request);
        }

        story.AssertNobodyIsAsked();
        Assert.Equal(30, await story.CountAsync(AuditTypes.ChallengeApproved) + await story.CountAsync(AuditTypes.ChallengeDenied));
    }

    [Fact]
    public async Task What_is_proven_on_the_page_takes_its_turn_of_half_a_minute()
    {
        await using var story = await PromptStory.StartAsync();
        await story.OrderAsync(FactorKind.Totp, FactorKind.EmailApproval, FactorKind.DuoPush);
        var turn = story.TurnAsync();
        var request = await story.BeginAsync();
        await turn;
        Assert.Equal((0, 0), (story.Duo.Times, story.Mail.Times));
        turn = story.TurnAsync();
        story.Gateway.Clock.Advance(HalfAMinute);
        await story.Mail.NextAsync();
        await turn;
        Assert.Equal(0, story.Duo.Times);
        story.Gateway.Clock.Advance(HalfAMinute);
        await story.Duo.NextAsync();
        await story.Ann.DenyAsync(request);
        story.AssertNobodyIsAsked();
    }

    [Fact]
    public async Task A_mail_that_was_sent_is_waited_for_like_any_other()
    {
        await using var story = await PromptStory.StartAsync();
        await story.OrderAsync(FactorKind.EmailApproval, FactorKind.DuoPush);
        story.Mail.Does = (_, _) => Task.FromResult<PromptAnswer>(new PromptAnswer.Sent());
        var turn = story.TurnAsync();
        var request = await story.BeginAsync();
        await turn;
        Assert.Equal(0, story.Duo.Times);
        story.Gateway.Clock.Advance(HalfAMinute);
        await story.Duo.NextAsync();
        await story.Ann.ApproveAsync(request);
        story.AssertNobodyIsAsked();
    }

    [Fact]
    public async Task A_refusal_denies_the_command_and_for_a_while_nobody_is_asked_again()
    {
        await using var story = await PromptStory.StartAsync();
        using var client = new Visitor(story.Gateway);
        var fetch = client.FetchAsync(story.Ann);
        (await story.Duo.NextAsync()).Answer.SetResult(new PromptAnswer.Declined(Reported: false));
        var denied = await fetch;
        Assert.Contains("Denied: this fetch was refused", denied.Body, StringComparison.Ordinal);
        Assert.Contains("Denied a moment ago", (await client.FetchAsync(story.Ann)).Body, StringComparison.Ordinal);
        Assert.Equal(1, story.Duo.Times);

        story.Gateway.Clock.Advance(TimeSpan.FromSeconds(61));
        fetch = client.FetchAsync(story.Ann);
        (await story.Duo.NextAsync()).Answer.SetResult(new PromptAnswer.Declined(Reported: false));
        await fetch;
        story.Gateway.Clock.Advance(TimeSpan.FromSeconds(61)); // it doubles
        Assert.Contains("Denied a moment ago", (await client.FetchAsync(story.Ann)).Body, StringComparison.Ordinal);
        Assert.Equal(2, story.Duo.Times);
    }

    [Fact]
    public async Task This_was_not_me_said_to_a_prompt_revokes_the_credential_and_tells_the_administrators()
    {
        await using var story = await PromptStory.StartAsync();
        var root = await story.Gateway.AddPersonAsync("root");
        await story.Gateway.MakeAdministratorAsync("root");
        using var client = new Visitor(story.Gateway);
        var fetch = client.FetchAsync(story.Ann);
        (await story.Duo.NextAsync()).Answer.SetResult(new PromptAnswer.Declined(Reported: true));
        Assert.Contains("was reported as", (await fetch).Body, StringComparison.Ordinal);
        await AssertToldAsync(story, root.Id); // the last thing that is done
        await AssertToldAsync(story, story.Ann.Id);
        Assert.Empty(await story.Gateway.Get<IAccessTokens>().ListAsync(story.Ann.Id, TestContext.Current.CancellationToken));
        Assert.Equal(401, (await client.FetchAsync(story.Ann)).Status);
    }

    [Fact]
    public async Task Only_kinds_that_the_rule_accepts_are_asked()
    {
        await using var story = await PromptStory.StartAsync();
        await story.OrderAsync(FactorKind.EmailApproval, FactorKind.DuoPush);
        var strong = await story.BeginAsync(requirement: new() { Strength = Strength.Strong });
        await story.Duo.NextAsync();
        var resistant = await story.BeginAsync(requirement: new() { Strength = Strength.PhishingResistant });
        var named = await story.BeginAsync(requirement: new() { Strength = Strength.Basic, Kinds = new HashSet<FactorKind> { FactorKind.Totp } });
        var mailed = await story.BeginAsync(requirement: new() { Strength = Strength.Basic, Kinds = new HashSet<FactorKind> { FactorKind.EmailApproval } });
        await story.Mail.NextAsync();

        Assert.Equal((1, 1, 2), (story.Duo.Times, story.Mail.Times, story.Prompter.Asking));
        Assert.Equal(AskOutcome.NotPossible, story.Prompter.TryAsk(story.Ann.Principal, strong, FactorKind.EmailApproval));
        Assert.Equal(AskOutcome.NotPossible, story.Prompter.TryAsk(story.Ann.Principal, resistant, FactorKind.DuoPush));
        Assert.Equal(AskOutcome.NotPossible, story.Prompter.TryAsk(story.Ann.Principal, named, FactorKind.DuoPush));
        foreach (var request in new[] { strong, resistant, named, mailed })
        {
            await story.Ann.DenyAsync(request);
        }

        story.AssertNobodyIsAsked();
    }

    [Fact]
    public async Task Nobody_is_asked_for_a_command_that_is_not_authenticated_or_denied_or_free()
    {
        await using var story = await PromptStory.StartAsync("version: 1\nmode: enforce\nrules:\n  - { name: reads, operations: [read], effect: allow }\n  - { name: writes, operations: [write], effect: deny }\n");
        using var client = new Visitor(story.Gateway);
        Assert.Equal(401, (await client.GetAsync("/scm/ACME/core.git/info/refs?service=git-upload-pack")).Status);
        Assert.Equal(401, (await client.GetAsync("/scm/ACME/core.git/info/refs?service=git-upload-pack", ("Authorization", Visitor.Basic("ann", "csn_wrong")))).Status);
        Assert.True(Visitor.Released(await client.FetchAsync(story.Ann)));
        await client.PushAsync(story.Ann, (await story.Gateway.TipAsync(story.Core))!, "refs/heads/new");
        Assert.Equal((0, 0, 0), (story.Duo.Times, story.Mail.Times, await story.CountAsync(AuditTypes.ChallengePrompted)));
    }

    [Fact]
    public async Task Commands_that_join_ask_once()
    {
        await using var story = await PromptStory.StartAsync();
        using var client = new Visitor(story.Gateway);
        var fetches = Enumerable.Range(0, 20).Select(_ => client.FetchAsync(story.Ann)).ToList();
        var asked = await story.Duo.NextAsync();
        Assert.True(SpinWait.SpinUntil(() => story.Gateway.Get<ChallengeAnnouncements>().Waiting == 20, TimeSpan.FromSeconds(30)));
        asked.Answer.SetResult(story.Duo.Approved(Strength.Basic));
        Assert.All(await Task.WhenAll(fetches), answer => Assert.True(Visitor.Released(answer)));
        Assert.Equal((1, 0), (story.Duo.Times, story.Mail.Times));
    }

    [Fact]
    public async Task Whoever_hangs_up_calls_the_prompt_off()
    {
        await using var story = await PromptStory.StartAsync();
        using var gone = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{story.Gateway.Url}/scm/ACME/core.git/info/refs?service=git-upload-pack");
        request.Headers.TryAddWithoutValidation("Authorization", Visitor.Basic("ann", story.Ann.Token));
        using var leaving = new CancellationTokenSource();
        var fetch = gone.SendAsync(request, leaving.Token);
        var asked = await story.Duo.NextAsync();
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => fetch);
        await asked.CalledOffAsync();
        story.AssertNobodyIsAsked();
    }

    /// <summary>The command hears of its end before everybody has been told.</summary>
    private static async Task AssertToldAsync(PromptStory story, Core.Identities.PrincipalId person)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(TimeSpan.FromSeconds(60));
        while (!(await story.Gateway.Get<INotices>().ListAsync(person, patience.Token)).Any(notice => notice.Text.Contains("reported request", StringComparison.Ordinal)))
        {
            await Task.Yield();
        }
    }
}
