using Countersign.Core.Challenges;
using Countersign.Demo;
using Countersign.Server.Audit;
using Countersign.Server.Enforcement;
using Countersign.Server.Factors.DuoPush;
using Countersign.Server.People;
using Countersign.Server.Storage.Sqlite;
using Countersign.Server.Tests.Fixtures;
using Microsoft.Data.Sqlite;

namespace Countersign.Server.Tests.Duo;

/// <summary>Setting Duo up as a way to ring somebody's phone, to flood Duo, or to get a device into use that is not the person's.</summary>
public sealed class DuoTrialAttacks
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_set_up_push_is_in_the_audit_log_before_it_is_on_the_phone()
    {
        await using var story = await DuoGateway.StartAsync(enrolled: false);
        var device = await BeginAsync(story);
        await story.Gateway.Get<DuoEnrolment>().PushAsync(story.Ann.Id, DuoGateway.Session, device, DuoBench.Here);
        await story.ArrivedAsync();
        var records = await story.Gateway.AuditAsync();
        var prompted = Assert.Single(records, record => record.Event.Type == AuditTypes.FactorPrompted).Event.Facts;
        Assert.Equal(("DuoPush", device, DuoGateway.Session, "203.0.113.9"), (prompted["factor"], prompted["device"], prompted["session"], prompted["client"]));
    }

    [Fact]
    [Trait("Category", "slow")]
    public async Task While_nothing_can_be_recorded_no_set_up_push_goes_out_and_afterwards_one_does()
    {
        await using var story = await DuoGateway.StartAsync(enrolled: false);
        var device = await BeginAsync(story);
        var enrolment = story.Gateway.Get<DuoEnrolment>();
        await using (var connection = new SqliteConnection($"Data Source={story.Gateway.Options.LedgerFile};Pooling=False"))
        {
            await connection.OpenAsync(Cancellation);
            await using var block = connection.CreateCommand();
            block.CommandText = "BEGIN IMMEDIATE";
            await block.ExecuteNonQueryAsync(Cancellation);
            await Assert.ThrowsAsync<LedgerUnavailableException>(() => enrolment.PushAsync(story.Ann.Id, DuoGateway.Session, device, DuoBench.Here));
        }

        Assert.Empty(story.Duo.Pushes);
        Assert.Null((await enrolment.PushAsync(story.Ann.Id, DuoGateway.Session, device, DuoBench.Here)).Refusal);
        await story.ArrivedAsync();
    }

    [Fact]
    public async Task Set_up_pushes_count_with_all_prompts_whatever_session_asks_and_however_many_at_once()
    {
        await using var story = await DuoGateway.StartAsync(enrolled: false, settings: new() { ["Holds:PromptsPerMinute"] = "3", ["Holds:PromptsPerHour"] = "5" });
        var device = await BeginAsync(story);
        var (trials, enrolment) = (story.Gateway.Get<DuoTrials>(), story.Gateway.Get<DuoEnrolment>());
        var offer = trials.Find(story.Ann.Id, DuoGateway.Session)!.Offer;
        var sessions = Enumerable.Range(0, 40).Select(_ => Guid.NewGuid().ToString("N")).ToList();
        sessions.ForEach(session => trials.Begin(story.Ann.Id, session, offer));
        var results = await Task.WhenAll(sessions.Concat(sessions).Select(session => Task.Run(() => enrolment.PushAsync(story.Ann.Id, session, device, DuoBench.Here), Cancellation)));
        Assert.All(results, result => Assert.Contains(result.Refusal?.Code, new[] { null, "duo_limited" }));
        Assert.Equal(3, story.Duo.Pushes.Count);
        var records = await story.Gateway.AuditAsync();
        Assert.Equal(3, records.Count(record => record.Event.Type == AuditTypes.FactorPrompted));
        Assert.Single(records, record => record.Event.Type == AuditTypes.ChallengeLimited);

        // A command finds the limit used up as well, and beginning anew resets nothing.
        var (git, _) = await story.CommittedAsync(story.Ann.UrlOf("ACME/core"));
        var refused = await git.StartAsync("push", "origin", "main").Completion;
        Assert.Contains("asked too often", refused.Error, StringComparison.Ordinal);
        await BeginAsync(story);
        Assert.Equal("duo_limited", (await enrolment.PushAsync(story.Ann.Id, DuoGateway.Session, device, DuoBench.Here)).Refusal!.Code);
        story.Gateway.Clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Null((await enrolment.PushAsync(story.Ann.Id, DuoGateway.Session, device, DuoBench.Here)).Refusal);
    }

    [Fact]
    public async Task Somebody_who_begins_again_and_again_floods_no_Duo()
    {
        await using var story = await DuoGateway.StartAsync(enrolled: false);
        story.Duo.AddUser("ann");
        var enrolment = story.Gateway.Get<DuoEnrolment>();
        var results = await Task.WhenAll(Enumerable.Range(0, 60).Select(_ => Task.Run(() => enrolment.BeginAsync(story.Ann.Id, DuoGateway.Session, DuoBench.Here, Cancellation), Cancellation)));
        Assert.InRange(story.Duo.Calls.Count(call => call.Path == "/auth/v2/preauth"), 1, 6);
        Assert.All(results.Where(result => result.Refusal is not null), result => Assert.Equal("delayed", result.Refusal!.Code));
        using var ann = await Visitor.SignedInAsync(story.Gateway, story.Ann);
        var refused = await ann.PostAsync("duo", new { });
        Assert.Equal(429, refused.Status);
        story.Gateway.Clock.Advance(TimeSpan.FromMinutes(16));
        Assert.Null((await enrolment.BeginAsync(story.Ann.Id, DuoGateway.Session, DuoBench.Here, Cancellation)).Refusal);
    }

    [Fact]
    public async Task This_was_not_me_to_a_set_up_push_ends_the_session_that_asked_before_it_hears_so_and_what_else_waits_and_tells_the_administrators()
    {
        await using var story = await DuoGateway.StartAsync(policy: null, enrolled: false);
        var root = await story.Gateway.AddPersonAsync("root");
        await story.Gateway.MakeAdministratorAsync("root");
        story.Duo.AddUser("ann");
        using var git = new Visitor(story.Gateway);
        using var thief = await Visitor.SignedInAsync(story.Gateway, story.Ann);
        var device = (await thief.PostAsync("duo", new { })).Json.GetProperty("devices")[0].GetProperty("id").GetString();
        await thief.PostAsync("duo/push", new { device });
        var trial = await story.TrialAsync(story.Ann);
        using var ann = await Visitor.SignedInAsync(story.Gateway, story.Ann);
        var fetch = git.FetchAsync(story.Ann);
        var waits = await story.Ann.NextRequestAsync();
        var push = await story.ArrivedAsync();
        push.Reply(PhoneAnswer.Fraud);
        await trial.Ended.WaitAsync(TimeSpan.FromSeconds(60), Cancellation);

        Assert.Equal(401, (await thief.GetApiAsync("duo")).Status);
        Assert.Equal(200, (await ann.GetApiAsync("me")).Status);
        Assert.Equal(DuoTrialState.Declined, trial.State);
        Assert.IsType<ChallengeState.Cancelled>(story.Gateway.Get<ChallengeReader>().Find(waits.Id)!.State);
        Assert.False(Visitor.Released(await fetch));
        var denied = Assert.Single(await story.Gateway.AuditAsync(), record => record.Event.Type == AuditTypes.FactorDenied).Event.Facts;
        Assert.Equal(("Reported", push.Txid, push.Device.Id, trial.Session), (denied["cause"], denied["txid"], denied["device"], denied["session"]));
        Assert.Contains(await story.Gateway.AuditAsync(), record => record.Event.Type == AuditTypes.SessionEnded && record.Event.Facts["session"] == trial.Session);
        Assert.Contains(await story.Gateway.Get<INotices>().ListAsync(story.Ann.Id, Cancellation), notice => notice.Text.StartsWith("You reported a push", StringComparison.Ordinal));
        Assert.Contains(await story.Gateway.Get<INotices>().ListAsync(root.Id, Cancellation), notice => notice.Text.StartsWith("ann reported a push", StringComparison.Ordinal));
        Assert.DoesNotContain(FactorKind.DuoPush, story.Ann.Principal.Factors);
    }

    [Fact]
    public async Task This_was_not_me_counts_also_when_the_session_that_asked_has_signed_out_meanwhile()
    {
        await using var story = await DuoGateway.StartAsync(enrolled: false);
        story.Duo.AddUser("ann");
        using var thief = await Visitor.SignedInAsync(story.Gateway, story.Ann);
        var device = (await thief.PostAsync("duo", new { })).Json.GetProperty("devices")[0].GetProperty("id").GetString();
        await thief.PostAsync("duo/push", new { device });
        var trial = await story.TrialAsync(story.Ann);
        Assert.Equal(204, (await thief.ApiAsync(HttpMethod.Delete, "session", null)).Status);
        (await story.ArrivedAsync()).Reply(PhoneAnswer.Fraud);
        await trial.Ended.WaitAsync(TimeSpan.FromSeconds(60), Cancellation);
        Assert.Equal("Reported", Assert.Single(await story.Gateway.AuditAsync(), record => record.Event.Type == AuditTypes.FactorDenied).Event.Facts["cause"]);
        Assert.Contains(await story.Gateway.Get<INotices>().ListAsync(story.Ann.Id, Cancellation), notice => notice.Text.StartsWith("You reported a push", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_one_session_began_no_other_sees_or_finishes()
    {
        await using var story = await DuoGateway.StartAsync(enrolled: false);
        story.Duo.AddUser("ann");
        using var ann = await Visitor.SignedInAsync(story.Gateway, story.Ann);
        var device = (await ann.PostAsync("duo", new { })).Json.GetProperty("devices")[0].GetProperty("id").GetString();
        await ann.PostAsync("duo/push", new { device });
        var trial = await story.TrialAsync(story.Ann);
        (await story.ArrivedAsync()).Reply(PhoneAnswer.Approve);
        await trial.Ended.WaitAsync(TimeSpan.FromSeconds(60), Cancellation);
        using var thief = await Visitor.SignedInAsync(story.Gateway, story.Ann);
        Assert.Equal(404, (await thief.GetApiAsync("duo")).Status);
        Assert.Equal(400, (await thief.PostAsync("duo/push", new { device })).Status);
        Assert.Equal("not_begun", (await thief.PostAsync("duo/confirm", new { })).Json.GetProperty("code").GetString());
        Assert.Equal(200, (await ann.PostAsync("duo/confirm", new { })).Status);
    }

    [Theory]
    [InlineData("sign-out")]
    [InlineData("reset")]
    [InlineData("removal")]
    public async Task An_approved_push_adds_nothing_any_more_after(string what)
    {
        await using var story = await DuoGateway.StartAsync(enrolled: false);
        story.Duo.AddUser("ann");
        using var ann = await Visitor.SignedInAsync(story.Gateway, story.Ann);
        var device = (await ann.PostAsync("duo", new { })).Json.GetProperty("devices")[0].GetProperty("id").GetString();
        await ann.PostAsync("duo/push", new { device });
        var trial = await story.TrialAsync(story.Ann);
        (await story.ArrivedAsync()).Reply(PhoneAnswer.Approve);
        await trial.Ended.WaitAsync(TimeSpan.FromSeconds(60), Cancellation);
        Assert.Equal(DuoTrialState.Approved, trial.State);
        var factors = story.Gateway.Get<IFactorEnrolment>();
        switch (what)
        {
            case "sign-out":
                Assert.Equal(204, (await ann.ApiAsync(HttpMethod.Delete, "session", null)).Status);
                break;
            case "reset":
                Assert.Null((await factors.ResetAsync("ann", "root", Cancellation)).Refusal);
                break;
            default:
                var app = (await ann.GetApiAsync("factors")).Json[0].GetProperty("id").GetString()!;
                Assert.Null((await factors.RemoveAsync(story.Ann.Id, app, "ann", Cancellation)).Refusal);
                break;
        }

        Assert.Null(story.Gateway.Get<DuoEnrolment>().TrialOf(story.Ann.Id, trial.Session));
        Assert.Equal("not_begun", (await story.Gateway.Get<DuoEnrolment>().ConfirmAsync(story.Ann.Principal, trial.Session, null, "ann", Cancellation)).Refusal!.Code);
        Assert.DoesNotContain(FactorKind.DuoPush, story.Ann.Principal.Factors);
    }

    [Fact]
    public async Task A_chosen_device_that_is_gone_is_not_replaced_by_another_in_silence()
    {
        await using var story = await DuoGateway.StartAsync(enrolled: false);
        var device = await BeginAsync(story);
        story.Duo.Users["ann"].Devices[0] = new("DPOTHER", "Somebody's tablet", "push");
        var refusal = (await story.Gateway.Get<DuoEnrolment>().PushAsync(story.Ann.Id, DuoGateway.Session, device, DuoBench.Here)).Refusal!;
        Assert.Equal(("duo_device_gone", "Duo does not send pushes to that device any more. Begin again, and choose one of those that it offers now."), (refusal.Code, refusal.Message));
        Assert.Empty(story.Duo.Pushes);
    }

    private static async Task<string> BeginAsync(DuoGateway story)
    {
        story.Duo.AddUser("ann");
        return (await story.Gateway.Get<DuoEnrolment>().BeginAsync(story.Ann.Id, DuoGateway.Session, DuoBench.Here, Cancellation)).Value!.Devices[0].Id;
    }
}
