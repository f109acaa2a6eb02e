using System.Net;
using Countersign.Core.Challenges;
using Countersign.Core.Git;
using Countersign.Core.Identities;
using Countersign.Core.Policies;
using Countersign.Server.Audit;
using Countersign.Server.Enforcement;
using Countersign.Server.People;
using Countersign.Server.Tests.Fixtures;

namespace Countersign.Server.Tests.Regressions;

/// <summary>Whoever has somebody's token asks and asks, hoping that the person gives in.</summary>
public sealed class PromptFloodAttacks
{
    private static readonly Dictionary<string, string?> Defaults = new()
    {
        ["Holds:PromptsPerMinute"] = $"{new HoldOptions().PromptsPerMinute}", ["Holds:PromptsPerHour"] = $"{new HoldOptions().PromptsPerHour}",
    };

    private static readonly Decision.StepUp Owed = new(new FactorRequirement(), new GrantTerms()) { Reason = new(ReasonCode.SecondFactorOwed) };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public void Three_a_minute_and_ten_an_hour_are_the_defaults() =>
        Assert.Equal((3, 10), (new HoldOptions().PromptsPerMinute, new HoldOptions().PromptsPerHour));

    [Fact]
    public async Task Hundreds_at_once_from_many_addresses_with_many_credentials_prompt_three_times()
    {
        await using var gateway = await StartAsync();
        var (ann, bob) = (await gateway.AddPersonAsync(), await gateway.AddPersonAsync("bob"));
        var opened = await Task.WhenAll(Enumerable.Range(0, 300).Select(number => Task.Run(() => OpenAsync(gateway, ann, number))));

        Assert.Equal(3, opened.Count(one => one.Challenge is not null));
        var refused = opened.Where(one => one.Challenge is null).ToList();
        Assert.All(refused, one => Assert.Equal((ReasonCode.TooManyPrompts, TimeSpan.FromMinutes(1)), (one.Refused, one.RetryAfter)));
        Assert.Single(await gateway.AuditAsync(), record => record.Event.Type == AuditTypes.ChallengeLimited);
        Assert.Single(await gateway.Get<INotices>().ListAsync(ann.Id, Cancellation), notice => notice.Text.Contains("so often", StringComparison.Ordinal));
        Assert.NotNull((await OpenAsync(gateway, bob, 0)).Challenge);
    }

    [Fact]
    public async Task Ten_an_hour_are_the_most_and_the_oldest_makes_room_when_its_hour_is_over()
    {
        await using var gateway = await StartAsync();
        var ann = await gateway.AddPersonAsync();
        var asked = 0;
        for (var number = 0; number < 59; number++)
        {
            asked += (await OpenAsync(gateway, ann, number)).Challenge is null ? 0 : 1;
            gateway.Clock.Advance(TimeSpan.FromMinutes(1));
        }

        Assert.Equal(10, asked);
        Assert.Equal(TimeSpan.FromMinutes(1), (await OpenAsync(gateway, ann, 60)).RetryAfter);
        gateway.Clock.Advance(TimeSpan.FromMinutes(1));
        Assert.NotNull((await OpenAsync(gateway, ann, 61)).Challenge);
    }

    [Fact]
    public async Task A_restart_forgets_nothing_and_a_clock_that_is_set_back_or_forward_locks_nobody_out()
    {
        await using var gateway = await StartAsync();
        var ann = await gateway.AddPersonAsync();
        await ExhaustAsync(gateway, ann);
        await gateway.RestartAsync();
        Assert.Equal(ReasonCode.TooManyPrompts, (await OpenAsync(gateway, ann, 10)).Refused);

        gateway.Clock.Advance(TimeSpan.FromDays(-2));
        Assert.Equal(TimeSpan.FromMinutes(1), (await OpenAsync(gateway, ann, 11)).RetryAfter);
        gateway.Clock.Advance(TimeSpan.FromSeconds(59));
        Assert.Equal(ReasonCode.TooManyPrompts, (await OpenAsync(gateway, ann, 12)).Refused);
        gateway.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.NotNull((await OpenAsync(gateway, ann, 13)).Challenge);
    }

    [Fact]
    public async Task An_approval_starts_the_count_anew_and_a_denial_does_not()
    {
        await using var gateway = await StartAsync();
        var ann = await gateway.AddPersonAsync();
        var opened = await ExhaustAsync(gateway, ann);
        await ann.DenyAsync(opened[0]);
        Assert.Equal(ReasonCode.TooManyPrompts, (await OpenAsync(gateway, ann, 10)).Refused);
        Assert.Equal(ApprovalOutcome.Done, (await ann.ApproveAsync(opened[1])).Outcome);
        await ExhaustAsync(gateway, ann, 20);
        Assert.Equal(ReasonCode.TooManyPrompts, (await OpenAsync(gateway, ann, 30)).Refused);
    }

    [Fact]
    public async Task Saying_that_it_was_not_me_or_an_administrator_lets_the_person_be_asked_again()
    {
        await using var gateway = await StartAsync();
        var ann = await gateway.AddPersonAsync();
        var opened = await ExhaustAsync(gateway, ann);
        await ann.DenyAsync(opened[0], reported: true);
        await ExhaustAsync(gateway, ann, 10);
        Assert.Equal(ReasonCode.TooManyPrompts, (await OpenAsync(gateway, ann, 20)).Refused);
        Assert.Null((await gateway.Get<IPeople>().UnlockAsync("ann", "root", Cancellation)).Refusal);
        await ExhaustAsync(gateway, ann, 30);
    }

    [Fact]
    public async Task The_same_command_joins_its_request_and_an_older_one_outlives_a_refusal()
    {
        await using var gateway = await StartAsync();
        var ann = await gateway.AddPersonAsync();
        var opened = await ExhaustAsync(gateway, ann);
        Assert.Equal(opened[0].Id, (await OpenAsync(gateway, ann, 0)).Challenge?.Id);

        // Its hold has ended; run again, the command has a link of its own, but nobody may be asked about it.
        Assert.True(ChallengeId.TryParse("WDJB-MJHT", out var id));
        var again = RequestOf(ann, 0) with { CommandToken = new(id, "12") };
        Assert.Equal(ReasonCode.TooManyPrompts, (await gateway.Get<ChallengeOpenings>().OpenAsync(again, Owed)).Refused);
        Assert.IsType<ChallengeState.Pending>(gateway.Get<ChallengeReader>().Find(opened[0].Id)!.State);
    }

    [Fact]
    public async Task A_denied_command_whose_clock_was_set_back_is_asked_again_after_its_minute()
    {
        await using var gateway = await StartAsync();
        var ann = await gateway.AddPersonAsync();
        await ann.DenyAsync((await OpenAsync(gateway, ann, 0)).Challenge!);
        gateway.Clock.Advance(TimeSpan.FromHours(-5));
        Assert.Equal((ReasonCode.RecentlyDenied, TimeSpan.FromMinutes(1)), await RefusedAsync());
        gateway.Clock.Advance(TimeSpan.FromSeconds(60));
        await ann.DenyAsync((await OpenAsync(gateway, ann, 0)).Challenge!);
        Assert.Equal((ReasonCode.RecentlyDenied, TimeSpan.FromMinutes(2)), await RefusedAsync());

        async Task<(ReasonCode, TimeSpan?)> RefusedAsync() => await OpenAsync(gateway, ann, 0) is var refused ? (refused.Refused, refused.RetryAfter) : default;
    }

    [Fact]
    [Trait("Category", "slow")]
    public async Task The_git_user_reads_when_to_try_again_and_keeps_the_stored_token()
    {
        await using var gateway = await StartAsync();
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        await ExhaustAsync(gateway, ann);
        var git = new GitClient(Path.Combine(gateway.Folder.FullName, "work"));
        foreach (var command in new[] { "ls-remote", "clone" })
        {
            var result = await git.RunAsync(command, ann.UrlOf("ACME/core"));
            Assert.NotEqual(0, result.ExitCode);
            Assert.Contains("You were asked too often without approving", result.Shown, StringComparison.Ordinal);
            Assert.Contains("or try again in 60 s.", result.Shown, StringComparison.Ordinal);
            Assert.DoesNotContain("Authentication failed", result.Error, StringComparison.Ordinal);
        }

        gateway.Clock.Advance(TimeSpan.FromMinutes(1));
        var clone = git.StartAsync("clone", ann.UrlOf("ACME/core"), "now");
        Challenge asked;
        do
        {
            asked = await ann.NextRequestAsync();
        }
        while (asked.Command.Repository.ToString() != "ACME/core");
        await ann.ApproveAsync(asked);
        Assert.Equal(0, (await clone.Completion).ExitCode);
        await gateway.AssertInvariantsAsync();
    }

    private static Task<GatewayFixture> StartAsync() => GatewayFixture.StartAsync(settings: new(Defaults));

    private static async Task<List<Challenge>> ExhaustAsync(GatewayFixture gateway, TestPerson person, int first = 0)
    {
        var opened = new List<Challenge>();
        for (var number = first; number < first + 3; number++)
        {
            opened.Add((await OpenAsync(gateway, person, number)).Challenge!);
        }

        Assert.All(opened, Assert.NotNull);
        return opened;
    }

    private static Task<OpenedChallenge> OpenAsync(GatewayFixture gateway, TestPerson person, int number) =>
        gateway.Get<ChallengeOpenings>().OpenAsync(RequestOf(person, number), Owed);

    /// <summary>A fetch of a repository, with a credential and from an address that no other number has.</summary>
    private static CommandRequest RequestOf(TestPerson person, int number)
    {
        Assert.True(RepositoryPath.TryParse($"ACME/r{number}", out var repository));
        var service = number % 2 == 0 ? GitService.UploadPack : GitService.ReceivePack;
        var client = new ClientAddress(new IPAddress([198, 51, (byte)(number / 256), (byte)number]));
        return new(person.Id, person.Name, new($"credential{number}", "laptop"), new(service, repository), client, null, "git");
    }
}
