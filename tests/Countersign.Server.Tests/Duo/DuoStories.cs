using System.Runtime.Versioning;
using Countersign.Core.Challenges;
using Countersign.Demo;
using Countersign.Server.Audit;
using Countersign.Server.Enforcement;
using Countersign.Server.Factors.DuoPush;
using Countersign.Server.People;
using Countersign.Server.Storage.Sqlite;
using Countersign.Server.Tests.Fixtures;

namespace Countersign.Server.Tests.Duo;

/// <summary>Real git, held until somebody has answered on a phone.</summary>
[Trait("Category", "slow")]
public sealed class DuoStories
{
    private const string Strong =
        """
        version: 1
        mode: enforce
        rules:
          - { name: reads, operations: [read], effect: allow }
          - { name: writes, operations: [write], require: { strength: strong } }
        """;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_push_over_HTTPS_waits_for_the_phone_which_shows_what_it_does_and_goes_on_when_approved()
    {
        await using var story = await DuoGateway.StartAsync();
        var (git, tip) = await story.CommittedAsync(story.Ann.UrlOf("ACME/core"));
        var running = git.StartAsync("push", "origin", "main");
        var push = await story.ArrivedAsync();
        var request = await story.Ann.NextRequestAsync();

        Assert.Equal(("ann", "Git push", "127.0.0.1"), (push.DisplayName, push.Type, push.Address));
        Assert.Equal(
            [
                ("Request", request.Id.Value), ("Gateway", new Uri(story.Gateway.Url).Authority), ("Repository", "ACME/core"), ("Ref", "main"), ("Commits", "1"),
                ("From", "127.0.0.1"), ("With", "laptop"),
            ],
            push.Info);
        Assert.NotEqual(tip, await story.Gateway.TipAsync(story.Core));
        await push.Watched.WaitAsync(TimeSpan.FromSeconds(60), Cancellation);
        push.Reply(PhoneAnswer.Approve);

        var result = await running.Completion;
        Assert.True(result.ExitCode == 0, result.Error);
        Assert.Equal(tip, await story.Gateway.TipAsync(story.Core));
        Assert.Contains("Duo push sent to Ann's iPhone", result.Error, StringComparison.Ordinal);
        var approved = Assert.Single(await story.Gateway.AuditAsync(), record => record.Event.Type == AuditTypes.ChallengeApproved).Event.Facts;
        Assert.Equal(("DuoPush", "Basic", "Ann's iPhone"), (approved["factor"], approved["strength"], approved["authenticator"]));
        Assert.Equal((push.Txid, push.Device.Id), (approved["txid"], approved["device"]));
        Assert.Null(story.Gateway.Get<DuoTransactions>().Find(request.Id, (await story.Gateway.Get<DuoAccounts>().FindAsync(story.Ann.Id, Cancellation))!));
        await AssertKeptSecretAsync(story);
        await story.Gateway.AssertInvariantsAsync();
    }

    [Theory]
    [InlineData(PhoneAnswer.Deny, false)]
    [InlineData(PhoneAnswer.Fraud, true)]
    public async Task A_push_that_is_denied_on_the_phone_fails_and_fraud_revokes_the_token(object answer, bool revokes)
    {
        await using var story = await DuoGateway.StartAsync();
        var (git, tip) = await story.CommittedAsync(story.Ann.UrlOf("ACME/core"));
        var running = git.StartAsync("push", "origin", "main");
        var push = await story.ArrivedAsync();
        push.Reply((PhoneAnswer)answer);

        var result = await running.Completion;
        Assert.NotEqual(0, result.ExitCode);
        using (var again = new Visitor(story.Gateway))
        {
            // At the very moment that Git has ended the token is dead already.
            Assert.Equal(revokes ? 401 : 200, (await again.FetchAsync(story.Ann)).Status);
        }

        Assert.NotEqual(tip, await story.Gateway.TipAsync(story.Core));
        var denied = Assert.Single(await story.Gateway.AuditAsync(), record => record.Event.Type == AuditTypes.ChallengeDenied).Event.Facts;
        Assert.Equal((push.Txid, push.Device.Id), (denied["txid"], denied["device"]));
        var state = Assert.IsType<ChallengeState.Denied>((await story.SettledAsync()).State);
        Assert.Equal(revokes ? DenialCause.Reported : DenialCause.Declined, state.Cause);
        Assert.Equal(revokes ? 0 : 1, (await story.Gateway.Get<IAccessTokens>().ListAsync(story.Ann.Id, Cancellation)).Count);
        await story.Gateway.AssertInvariantsAsync();
    }

    [Theory]
    [InlineData("down", true, DuoAuthApi.NoAnswer)]
    [InlineData("slow", false, DuoAuthApi.NoAnswer)]
    [InlineData("lying", true, DuoAuthApi.NotUnderstood)]
    [InlineData("lying", false, DuoAuthApi.NotUnderstood)]
    [InlineData("forgetful", true, DuoPushes.NotEnrolled)]
    [SupportedOSPlatform("linux")]
    public async Task Where_Duo_is_down_slow_or_wrong_the_terminal_says_so_and_the_push_waits_for_the_next_factor(string state, bool ssh, string why)
    {
        await using var story = ssh ? await DuoGateway.StartWithSshAsync() : await DuoGateway.StartAsync(settings: new() { ["Factors:DuoPush:AnswerSeconds"] = "37" });
        switch (state)
        {
            case "down":
                story.Duo.Play("preauth", SimulatedAnswer.Status(500));
                break;
            case "slow":
                story.Duo.Play("preauth", SimulatedAnswer.Silence);
                break;
            case "lying":
                story.Duo.Play("auth_status", SimulatedAnswer.Body("""{"stat":"OK","response":{"result":"allow","status":"bypass"}}"""));
                break;
            default:
                story.Duo.Users["ann"].Access = SimulatedAccess.Enrol;
                break;
        }

        var (url, environment) = (story.Ann.UrlOf("ACME/core"), (IReadOnlyDictionary<string, string>?)null);
        if (ssh)
        {
            var (identity, _) = await story.Ssh.AddKeyAsync(story.Ann);
            (url, environment) = ($"ssh://git@127.0.0.1:{story.Ssh.Port}/ACME/core.git", identity.GitEnvironment(story.Ssh.Port));
        }

        var (git, tip) = await story.CommittedAsync(url, environment);
        var asked = state == "slow" ? story.Gateway.Clock.WhenArmedAsync(TimeSpan.FromSeconds(36), TimeSpan.FromSeconds(37)) : Task.CompletedTask;
        var running = git.StartAsync("push", "origin", "main");
        var request = await story.Ann.NextRequestAsync();
        await asked;
        story.Gateway.Clock.Advance(TimeSpan.FromSeconds(state == "slow" ? 37 : 0));
        while (!(await story.Gateway.AuditAsync()).Any(record => record.Event.Type == AuditTypes.ChallengePromptFailed))
        {
            Cancellation.ThrowIfCancellationRequested();
            await Task.Yield(); // else the approval may be quicker than Duo's answer
        }

        Assert.False(running.Completion.IsCompleted);
        Assert.Equal(ApprovalOutcome.Done, (await story.Ann.ApproveAsync(request)).Outcome);

        var result = await running.Completion;
        Assert.True(result.ExitCode == 0, result.Error);
        Assert.Equal(tip, await story.Gateway.TipAsync(story.Core));
        var failed = Assert.Single(await story.Gateway.AuditAsync(), record => record.Event.Type == AuditTypes.ChallengePromptFailed).Event.Facts;
        Assert.Equal(state == "forgetful" ? $"{why}: enrol at {story.Gateway.Url}/two-step/duo" : why, failed["why"]);
        Assert.Contains(failed["why"], result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(story.Duo.Users["ann"].EnrolLink, result.Error, StringComparison.Ordinal); // whoever holds a stolen key reads this too
        Assert.Equal(state == "lying", story.Duo.Pushes.Any(push => push.Type == "Git push"));
    }

    [Fact]
    public async Task This_was_not_me_on_the_phone_counts_also_when_somebody_has_approved_the_command_in_another_way()
    {
        await using var story = await DuoGateway.StartAsync();
        var (git, _) = await story.CommittedAsync(story.Ann.UrlOf("ACME/core"));
        var running = git.StartAsync("push", "origin", "main");
        var push = await story.ArrivedAsync();
        var request = await story.Ann.NextRequestAsync();
        await push.Watched.WaitAsync(TimeSpan.FromSeconds(60), Cancellation);
        Assert.Equal(ApprovalOutcome.Done, (await story.Ann.ApproveAsync(request)).Outcome);
        Assert.Equal(0, (await running.Completion).ExitCode);
        push.Reply(PhoneAnswer.Fraud);
        await RevokedAsync(story);
        var reported = Assert.Single(await story.Gateway.AuditAsync(), record => record.Event.Type == AuditTypes.ChallengeReported).Event.Facts;
        Assert.Equal((request.Id.Value, push.Txid), (reported["challenge"], reported["txid"]));
    }

    [Fact]
    public async Task This_was_not_me_on_the_phone_counts_also_when_the_gateway_was_started_anew_meanwhile()
    {
        await using var story = await DuoGateway.StartAsync();
        var (git, _) = await story.CommittedAsync(story.Ann.UrlOf("ACME/core"));
        var running = git.StartAsync("push", "origin", "main");
        var push = await story.ArrivedAsync();
        await push.Watched.WaitAsync(TimeSpan.FromSeconds(60), Cancellation);
        await story.Gateway.RestartAsync();
        Assert.NotEqual(0, (await running.Completion).ExitCode);
        push.Reply(PhoneAnswer.Fraud);
        await RevokedAsync(story);
    }

    [Fact]
    public async Task This_was_not_me_on_the_phone_counts_also_when_whoever_ran_the_command_has_hung_up()
    {
        await using var story = await DuoGateway.StartAsync();
        var (git, _) = await story.CommittedAsync(story.Ann.UrlOf("ACME/core"));
        var running = git.StartAsync("push", "origin", "main");
        var push = await story.ArrivedAsync();
        await push.Watched.WaitAsync(TimeSpan.FromSeconds(60), Cancellation);
        running.Kill();
        await running.Completion;
        while (!(await story.Gateway.AuditAsync()).Any(record => record.Event.Type == AuditTypes.ChallengeCancelled))
        {
            Cancellation.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        push.Reply(PhoneAnswer.Fraud);
        await RevokedAsync(story);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_tap_is_strong_once_the_number_from_the_terminal_is_typed_in_whatever_order(bool numberFirst)
    {
        await using var story = await DuoGateway.StartAsync(Strong);
        var (git, tip) = await story.CommittedAsync(story.Ann.UrlOf("ACME/core"));
        var running = git.StartAsync("push", "origin", "main");
        var push = await story.ArrivedAsync();
        var request = await story.Ann.NextRequestAsync();
        var approvals = story.Gateway.Get<Approvals>();
        var number = new ApprovalInput(request.Number, null, null, null);
        if (numberFirst)
        {
            Assert.Equal(ApprovalOutcome.NumberTaken, (await approvals.ApproveAsync(story.Ann.Principal, request.Id, number, Cancellation)).Outcome);
            push.Reply(PhoneAnswer.Approve);
        }
        else
        {
            push.Reply(PhoneAnswer.Approve);
            await story.Ann.NextAsync(challenge => challenge.AwaitsNumber is not null);
            Assert.False(running.Completion.IsCompleted);
            Assert.NotEqual(tip, await story.Gateway.TipAsync(story.Core));
            Assert.Equal(ApprovalOutcome.Done, (await approvals.ApproveAsync(story.Ann.Principal, request.Id, number, Cancellation)).Outcome);
        }

        var result = await running.Completion;
        Assert.True(result.ExitCode == 0, result.Error);
        Assert.Contains("type the number from this terminal on the approval page, too", result.Error, StringComparison.Ordinal);
        var approved = Assert.Single(await story.Gateway.AuditAsync(), record => record.Event.Type == AuditTypes.ChallengeApproved).Event.Facts;
        Assert.Equal(("DuoPush", "Strong"), (approved["factor"], approved["strength"]));
        Assert.Equal(tip, await story.Gateway.TipAsync(story.Core));
    }

    [Fact]
    public async Task A_Verified_Push_is_strong_by_itself_and_its_number_is_in_the_terminal()
    {
        await using var story = await DuoGateway.StartAsync(Strong);
        story.Duo.Users["ann"].VerifiedPush = true;
        var (git, tip) = await story.CommittedAsync(story.Ann.UrlOf("ACME/core"));
        var running = git.StartAsync("push", "origin", "main");
        var push = await story.ArrivedAsync();
        await push.Watched.WaitAsync(TimeSpan.FromSeconds(60), Cancellation);
        push.TypeCode(push.Code!);

        var result = await running.Completion;
        Assert.True(result.ExitCode == 0, result.Error);
        Assert.Contains($"type {push.Code} in Duo Mobile", result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("approval page, too", result.Error, StringComparison.Ordinal);
        Assert.Equal(tip, await story.Gateway.TipAsync(story.Core));
    }

    [Fact]
    public async Task A_rule_that_wants_a_number_takes_the_one_of_a_Verified_Push_which_no_page_shows()
    {
        await using var story = await DuoGateway.StartAsync(Strong.Replace("strength: strong }", "strength: strong, number: true }", StringComparison.Ordinal));
        story.Duo.Users["ann"].VerifiedPush = true;
        var (git, tip) = await story.CommittedAsync(story.Ann.UrlOf("ACME/core"));
        var running = git.StartAsync("push", "origin", "main");
        var push = await story.ArrivedAsync();
        var request = await story.Ann.NextRequestAsync();
        await push.Watched.WaitAsync(TimeSpan.FromSeconds(60), Cancellation);
        Assert.Equal(["Duo push sent to Ann's iPhone"], story.Gateway.Get<Prompter>().SaidOf(request.Id));
        push.TypeCode(push.Code!);
        var result = await running.Completion;
        Assert.True(result.ExitCode == 0, result.Error);
        Assert.Contains($"type {push.Code} in Duo Mobile", result.Error, StringComparison.Ordinal);
        Assert.Equal(tip, await story.Gateway.TipAsync(story.Core));
    }

    [Fact]
    public async Task After_a_restart_the_command_that_is_run_again_joins_the_push_that_is_on_the_phone()
    {
        // Without the redirect, as with every client but Git's command line and over SSH: with it a command that is run again has a
        // link of its own, which replaces the request of before.
        await using var story = await DuoGateway.StartAsync(settings: new() { ["Holds:Redirect"] = "false" });
        var (git, tip) = await story.CommittedAsync(story.Ann.UrlOf("ACME/core"));
        var first = git.StartAsync("push", "origin", "main");
        var push = await story.ArrivedAsync();
        await push.Watched.WaitAsync(TimeSpan.FromSeconds(60), Cancellation);
        var polls = push.Polls;
        await story.Gateway.RestartAsync();
        Assert.NotEqual(0, (await first.Completion).ExitCode);

        var second = git.StartAsync("push", "origin", "main");
        Assert.True(await Task.Run(() => SpinWait.SpinUntil(() => push.Polls > polls, TimeSpan.FromSeconds(60)), Cancellation));
        push.Reply(PhoneAnswer.Approve);
        var result = await second.Completion;
        Assert.True(result.ExitCode == 0, result.Error);
        Assert.Equal(tip, await story.Gateway.TipAsync(story.Core));
        Assert.Single(story.Duo.Pushes, one => one.Type == "Git push");
        Assert.Empty(story.Gateway.Get<Ledger>().Reads.Query("SELECT txid FROM duo_transactions", row => row.GetString(0)));
    }

    [Fact]
    [SupportedOSPlatform("linux")]
    public async Task A_push_over_SSH_says_in_the_terminal_where_the_push_went_and_goes_on_when_it_is_approved()
    {
        await using var story = await DuoGateway.StartWithSshAsync();
        var (identity, _) = await story.Ssh.AddKeyAsync(story.Ann);
        var (git, tip) = await story.CommittedAsync($"ssh://git@127.0.0.1:{story.Ssh.Port}/ACME/core.git", identity.GitEnvironment(story.Ssh.Port));
        var running = git.StartAsync("push", "origin", "main");
        var push = await story.ArrivedAsync();
        await push.Watched.WaitAsync(TimeSpan.FromSeconds(60), Cancellation);
        push.Reply(PhoneAnswer.Approve);
        var result = await running.Completion;
        Assert.True(result.ExitCode == 0, result.Error);
        Assert.Contains("countersign: Duo push sent to Ann's iPhone\n", result.Error, StringComparison.Ordinal);
        Assert.Equal(tip, await story.Gateway.TipAsync(story.Core));
    }

    [Fact]
    public async Task Forty_refs_are_shown_as_six_the_dangerous_ones_first_and_a_count()
    {
        await using var story = await DuoGateway.StartAsync();
        var (git, _) = await story.CommittedAsync(story.Ann.UrlOf("ACME/core"));
        var branches = Enumerable.Range(1, 9).Select(number => $"refs/heads/topic-{number}").ToList();
        await git.SucceedAsync("push", "-q", "--no-verify", story.Gateway.BareFolder(story.Core), "HEAD~1:refs/heads/old");
        var running = git.StartAsync(["push", "origin", .. branches.Select(branch => $"HEAD:{branch}"), ":refs/heads/old"]);
        var push = await story.ArrivedAsync();
        var refs = Assert.Single(push.Info, line => line.Name == "10 refs").Value;
        Assert.Equal("DELETE old, new topic-1, new topic-2, new topic-3, new topic-4, new topic-5, and 4 more", refs);
        push.Reply(PhoneAnswer.Deny);
        await running.Completion;
    }

    private static async Task AssertKeptSecretAsync(DuoGateway story)
    {
        var log = string.Concat((await story.Gateway.AuditAsync()).SelectMany(record => record.Event.Facts.Values));
        Assert.DoesNotContain(story.Duo.SecretKey, log, StringComparison.Ordinal);
        var files = Directory.EnumerateFiles(story.Gateway.Options.Data, "*", SearchOption.AllDirectories).Where(file => Path.GetExtension(file) is not (".lock" or ".sock"));
        Assert.All(files, file =>
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var reader = new StreamReader(stream, System.Text.Encoding.Latin1);
            Assert.DoesNotContain(story.Duo.SecretKey, reader.ReadToEnd(), StringComparison.Ordinal);
        });
    }

    private static async Task RevokedAsync(DuoGateway story)
    {
        while ((await story.Gateway.Get<IAccessTokens>().ListAsync(story.Ann.Id, Cancellation)).Count > 0)
        {
            Cancellation.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }
}
