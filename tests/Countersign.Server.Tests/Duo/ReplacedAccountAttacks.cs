using Countersign.Core.Challenges;
using Countersign.Demo;
using Countersign.Server.Audit;
using Countersign.Server.Enforcement;
using Countersign.Server.Factors.DuoPush;
using Countersign.Server.People;
using Countersign.Server.Tests.Fixtures;

namespace Countersign.Server.Tests.Duo;

/// <summary>A phone that was taken out of use answers pushes that it still has. None of its answers counts.</summary>
public sealed class ReplacedAccountAttacks
{
    private const string Strong = "version: 1\nmode: enforce\nrules:\n  - { name: all, require: { strength: strong } }\n";

    private const string Basic = "version: 1\nmode: enforce\nrules:\n  - { name: all, require: { strength: basic } }\n";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(PhoneAnswer.Approve)]
    [InlineData(PhoneAnswer.Deny)]
    public async Task An_answer_from_an_account_of_before_neither_approves_nor_denies(object answer)
    {
        await using var story = await DuoGateway.StartAsync(Basic);
        using var git = new Visitor(story.Gateway);
        var fetch = git.FetchAsync(story.Ann);
        var request = await story.Ann.NextRequestAsync();
        var push = await story.ArrivedAsync();
        await ReplaceAsync(story);
        push.Reply((PhoneAnswer)answer);
        await FailedAsync(story);

        Assert.Equal(
            "Duo Push was changed while it asked you",
            Assert.Single(await story.Gateway.AuditAsync(), record => record.Event.Type == AuditTypes.ChallengePromptFailed).Event.Facts["why"]);
        Assert.IsType<ChallengeState.Pending>(story.Gateway.Get<ChallengeReader>().Find(request.Id)!.State);
        Assert.Single(await story.Gateway.Get<IAccessTokens>().ListAsync(story.Ann.Id, Cancellation));
        Assert.Equal(ApprovalOutcome.Done, (await story.Ann.ApproveAsync(request)).Outcome);
        Assert.True(Visitor.Released(await fetch));
    }

    [Fact]
    public async Task This_was_not_me_counts_also_from_an_account_that_somebody_has_replaced_meanwhile()
    {
        await using var story = await DuoGateway.StartAsync(Basic);
        using var git = new Visitor(story.Gateway);
        var fetch = git.FetchAsync(story.Ann);
        var push = await story.ArrivedAsync();
        await ReplaceAsync(story);
        push.Reply(PhoneAnswer.Fraud);
        Assert.False(Visitor.Released(await fetch));
        Assert.Empty(await story.Gateway.Get<IAccessTokens>().ListAsync(story.Ann.Id, Cancellation));
    }

    [Fact]
    public async Task After_another_device_was_chosen_the_one_before_answers_nothing_and_who_asks_again_asks_the_new_one()
    {
        await using var story = await DuoGateway.StartAsync(Basic);
        using var git = new Visitor(story.Gateway);
        var fetch = git.FetchAsync(story.Ann);
        var request = await story.Ann.NextRequestAsync();
        var push = await story.ArrivedAsync();
        story.Duo.Users["ann"].Devices.Add(new("DPTABLET", "Tablet", "push"));
        var enrolment = story.Gateway.Get<DuoEnrolment>();
        Assert.Null((await enrolment.BeginAsync(story.Ann.Id, DuoGateway.Session, DuoBench.Here, Cancellation)).Refusal);
        var trial = (await enrolment.PushAsync(story.Ann.Id, DuoGateway.Session, "DPTABLET", DuoBench.Here)).Value!;
        (await story.ArrivedAsync()).Reply(PhoneAnswer.Approve);
        await trial.Ended.WaitAsync(TimeSpan.FromSeconds(60), Cancellation);
        Assert.Null((await story.Gateway.Get<IFactorEnrolment>().ConfirmDuoAsync(story.Ann.Id, DuoGateway.Session, null, "ann", Cancellation)).Refusal);

        push.Reply(PhoneAnswer.Approve);
        await FailedAsync(story);
        Assert.IsType<ChallengeState.Pending>(story.Gateway.Get<ChallengeReader>().Find(request.Id)!.State);
        while (story.Gateway.Get<Prompter>().TryAsk(story.Ann.Principal, request, FactorKind.DuoPush) is AskOutcome.OnItsWay)
        {
            Cancellation.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        var again = await story.ArrivedAsync();
        Assert.Equal("DPTABLET", again.Device.Id);
        again.Reply(PhoneAnswer.Approve);
        Assert.True(Visitor.Released(await fetch));
        Assert.Equal("DPTABLET", Assert.Single(await story.Gateway.AuditAsync(), record => record.Event.Type == AuditTypes.ChallengeApproved).Event.Facts["device"]);
    }

    [Fact]
    public async Task The_number_does_not_finish_a_tap_on_an_account_of_before_and_a_tap_on_the_new_one_takes_its_place()
    {
        await using var story = await DuoGateway.StartAsync(Strong);
        using var git = new Visitor(story.Gateway);
        var fetch = git.FetchAsync(story.Ann);
        var request = await story.Ann.NextRequestAsync();
        (await story.ArrivedAsync()).Reply(PhoneAnswer.Approve);
        await story.Ann.NextAsync(change => change.AwaitsNumber is not null);
        await ReplaceAsync(story);
        var (approvals, number) = (story.Gateway.Get<Approvals>(), new ApprovalInput(request.Number, null, null, null));
        Assert.Equal(ApprovalOutcome.ProofOwed, (await approvals.ApproveAsync(story.Ann.Principal, request.Id, number, Cancellation)).Outcome);
        Assert.IsType<ChallengeState.Pending>(story.Gateway.Get<ChallengeReader>().Find(request.Id)!.State);

        Assert.Equal(AskOutcome.Begun, story.Gateway.Get<Prompter>().TryAsk(story.Ann.Principal, request, FactorKind.DuoPush));
        (await story.ArrivedAsync()).Reply(PhoneAnswer.Approve);
        var account = (await story.Gateway.Get<DuoAccounts>().FindAsync(story.Ann.Id, Cancellation))!.Id.ToString("N");
        await story.Ann.NextAsync(change => change.AwaitsNumber?.AuthenticatorId == account);
        Assert.Equal(ApprovalOutcome.Done, (await approvals.ApproveAsync(story.Ann.Principal, request.Id, number, Cancellation)).Outcome);
        Assert.True(Visitor.Released(await fetch));
    }

    [Fact]
    public async Task The_answer_of_an_authenticator_that_is_not_the_persons_is_refused_whoever_brings_it()
    {
        await using var story = await DuoGateway.StartAsync(Basic);
        var bob = await story.Gateway.AddPersonAsync("bob");
        await story.EnrolAsync(bob);
        var bobs = (await story.Gateway.Get<DuoAccounts>().FindAsync(bob.Id, Cancellation))!.Id.ToString("N");
        using var git = new Visitor(story.Gateway);
        var fetch = git.FetchAsync(story.Ann);
        var request = await story.Ann.NextRequestAsync();
        var push = await story.ArrivedAsync();
        var approvals = story.Gateway.Get<Approvals>();
        foreach (var id in new[] { bobs, Guid.NewGuid().ToString("N"), "", "x" })
        {
            foreach (var answer in new PromptAnswer[]
            {
                new PromptAnswer.Approved(new(FactorKind.DuoPush, Strength.Strong, "phone", id), NumberTyped: true),
                new PromptAnswer.Declined(Reported: true) { AuthenticatorId = id },
            })
            {
                Assert.Equal(ApprovalOutcome.ProofRefused, (await approvals.AnswerAsync(story.Ann.Id, request.Id, FactorKind.DuoPush, answer)).Outcome);
            }
        }

        Assert.IsType<ChallengeState.Pending>(story.Gateway.Get<ChallengeReader>().Find(request.Id)!.State);
        push.Reply(PhoneAnswer.Deny);
        await fetch;
    }

    [Fact]
    public async Task One_transaction_asks_about_one_request_and_an_account_of_before_has_none()
    {
        await using var story = await DuoGateway.StartAsync();
        var transactions = story.Gateway.Get<DuoTransactions>();
        var account = (await story.Gateway.Get<DuoAccounts>().FindAsync(story.Ann.Id, Cancellation))!;
        var (one, two) = (ChallengeId.From(new byte[16]), ChallengeId.From(Enumerable.Repeat((byte)1, 16).ToArray()));
        var push = new DuoPushed("45f7c92b", "DP1", "iPhone", "");
        Assert.True(await transactions.KeepAsync(one, account, push));
        Assert.True(await transactions.KeepAsync(one, account, push with { Code = "376" }));
        Assert.False(await transactions.KeepAsync(two, account, push));
        Assert.False(await transactions.ClaimAsync(push.Txid));
        Assert.True(await transactions.ClaimAsync("of a new device"));
        Assert.False(await transactions.KeepAsync(two, account, push with { Txid = "of a new device" }));
        Assert.Null(transactions.Find(two, account));
        Assert.Equal(push with { Code = "376" }, transactions.Find(one, account));
        await ReplaceAsync(story);
        Assert.Null(transactions.Find(one, (await story.Gateway.Get<DuoAccounts>().FindAsync(story.Ann.Id, Cancellation))!));

        await transactions.DropAsync(one); // settled: what it was approved by is used up all the same
        Assert.False(await transactions.KeepAsync(two, account, push));
    }

    [Fact]
    public async Task A_Duo_that_names_the_transaction_of_another_request_gets_no_second_approval_out_of_it()
    {
        await using var story = await DuoGateway.StartAsync(Basic);
        await story.Gateway.AddRepositoryAsync("other");
        using var git = new Visitor(story.Gateway);
        var first = git.FetchAsync(story.Ann);
        var push = await story.ArrivedAsync();
        await push.Watched.WaitAsync(TimeSpan.FromSeconds(60), Cancellation); // by then it is known as the first one's
        story.Duo.Play("auth", SimulatedAnswer.Body($$$"""{"stat":"OK","response":{"txid":"{{{push.Txid}}}"}}"""));
        var second = git.FetchAsync(story.Ann, "ACME/other");
        await FailedAsync(story);

        push.Reply(PhoneAnswer.Approve);
        Assert.True(Visitor.Released(await first));
        var other = story.Gateway.Get<ChallengeReader>().List(story.Ann.Id, 10).Single(request => request.Command.Repository.Name == "other");
        Assert.IsType<ChallengeState.Pending>(other.State);
        await story.Ann.DenyAsync(other);
        Assert.False(Visitor.Released(await second));
    }

    private static async Task FailedAsync(DuoGateway story)
    {
        while (!(await story.Gateway.AuditAsync()).Any(record => record.Event.Type == AuditTypes.ChallengePromptFailed))
        {
            Cancellation.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    /// <summary>The account is removed and set up anew, as after a phone was lost.</summary>
    private static async Task ReplaceAsync(DuoGateway story)
    {
        var factors = story.Gateway.Get<IFactorEnrolment>();
        var before = (await story.Gateway.Get<DuoAccounts>().FindAsync(story.Ann.Id, Cancellation))!.Id.ToString("N");
        Assert.Null((await factors.RemoveAsync(story.Ann.Id, before, "ann", Cancellation)).Refusal);
        await story.EnrolAsync(story.Ann, "New phone");
    }
}
