using Countersign.Core.Challenges;
using Countersign.Demo;
using Countersign.Server.Audit;
using Countersign.Server.Enforcement;
using Countersign.Server.Factors;
using Countersign.Server.People;
using Countersign.Server.Storage.Sqlite;
using Countersign.Server.Tests.Fixtures;

namespace Countersign.Server.Tests.Duo;

/// <summary>Passcodes: what approves when the phone has no network.</summary>
public sealed class DuoPasscodeTests
{
    private static readonly ProofPurpose Purpose = new("approve", "AAAA-BBBB", "") { Client = DuoBench.Here };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_passcode_is_strong_works_once_and_goes_to_Duo_with_the_address()
    {
        await using var story = await DuoGateway.StartAsync();
        story.Duo.Users["ann"].Passcodes.Add("1234567");
        var proven = (await VerifyAsync(story, "1234567")).Proven!;
        Assert.Equal((FactorKind.DuoPush, Strength.Strong, "Ann's iPhone"), (proven.Kind, proven.Strength, proven.Authenticator));
        Assert.Equal(FactorFailure.Refused, (await VerifyAsync(story, "1234567")).Failure);
        Assert.Equal("203.0.113.9", story.Duo.Calls.First(call => call.Path == "/auth/v2/auth").Parameters["ipaddr"]);
    }

    [Fact]
    public async Task A_passcode_that_Duo_takes_twice_is_taken_here_once_also_after_a_restart()
    {
        await using var story = await DuoGateway.StartAsync();
        story.Duo.Play("auth", [.. Enumerable.Repeat(SimulatedAnswer.Body(SimulatedAnswer.Allow()), 4)]);
        Assert.Equal(FactorFailure.None, (await VerifyAsync(story, "1234567")).Failure);
        Assert.Equal(FactorFailure.Refused, (await VerifyAsync(story, "1234567")).Failure);
        await story.Gateway.RestartAsync();
        Assert.Equal(FactorFailure.Refused, (await VerifyAsync(story, "1234567")).Failure);
        Assert.Equal(FactorFailure.None, (await VerifyAsync(story, "7654321")).Failure); // another one is another one
        Assert.Equal(2, (await story.Gateway.AuditAsync()).Count(record => record.Event.Type == AuditTypes.PasscodeUsed));
        Assert.All(
            story.Gateway.Get<Ledger>().Reads.Query("SELECT value FROM spent WHERE kind = 'duo_passcode'", static row => row.GetString(0)),
            value => Assert.Matches("^[0-9a-f]{64}$", value));
    }

    [Fact]
    public async Task Of_many_that_send_one_passcode_at_once_to_a_Duo_that_takes_them_all_one_gets_through()
    {
        await using var story = await DuoGateway.StartAsync();
        story.Duo.Play("auth", [.. Enumerable.Repeat(SimulatedAnswer.Body(SimulatedAnswer.Allow()), 20)]);
        var results = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Task.Run(() => VerifyAsync(story, "1234567"))));
        Assert.Single(results, result => result.Failure is FactorFailure.None);
    }

    [Fact]
    public async Task Switched_off_they_approve_nothing_sign_nobody_in_and_no_page_asks_for_them()
    {
        await using var story = await DuoGateway.StartAsync(policy: null, settings: new() { ["Factors:DuoPush:Passcodes"] = "false" });
        story.Duo.Users["ann"].Passcodes.UnionWith(["12345678", "23456789"]);
        using var ann = await Visitor.SignedInAsync(story.Gateway, story.Ann);
        using var page = new Visitor(story.Gateway);
        Assert.DoesNotContain("passcode", (await page.SubmitAsync("/sign-in", "/sign-in?handler=Password", new() { ["name"] = "ann", ["password"] = TestPerson.Password })).Body, StringComparison.Ordinal);
        Assert.Equal(401, (await page.PostAsync("session", new { user = "ann", password = TestPerson.Password, duoPasscode = "23456789" })).Status);
        await page.BrowseAsync(story.Ann);
        using var git = new Visitor(story.Gateway);
        var fetch = git.FetchAsync(story.Ann);
        var id = (await story.Ann.NextRequestAsync()).Id.Value;
        var push = await story.ArrivedAsync();
        var shown = (await page.GetAsync($"/a/{id}")).Body;
        Assert.Contains("way-duo-push", shown, StringComparison.Ordinal);
        Assert.DoesNotContain("passcode", shown, StringComparison.OrdinalIgnoreCase);
        Assert.Equal("factor_not_set_up", (await ann.ApproveAsync(id, new { duoPasscode = "12345678" })).Json.GetProperty("code").GetString());
        Assert.Equal(2, story.Duo.Users["ann"].Passcodes.Count);
        Assert.DoesNotContain(story.Duo.Calls, call => call.Parameters.GetValueOrDefault("factor") == "passcode");
        push.Reply(PhoneAnswer.Deny);
        await fetch;
    }

    [Fact]
    public async Task Without_passcodes_Duo_is_nobodys_first_factor()
    {
        await using var story = await DuoGateway.StartAsync(settings: new() { ["Factors:DuoPush:Passcodes"] = "false" }, app: false, enrolled: false);
        story.Duo.AddUser("ann");
        using var ann = await Visitor.SignedInAsync(story.Gateway, story.Ann);
        Assert.Equal("duo_not_first", (await ann.PostAsync("duo", new { })).Json.GetProperty("code").GetString());
        Assert.Empty(story.Duo.Calls);
    }

    [Theory]
    [InlineData("12345")]
    [InlineData("123456789")]
    [InlineData("12345a")]
    [InlineData("１２３４５６")]
    [InlineData("")]
    public async Task What_is_no_passcode_is_not_even_asked_about(string code)
    {
        await using var story = await DuoGateway.StartAsync();
        Assert.Equal(FactorFailure.Refused, (await VerifyAsync(story, code)).Failure);
        Assert.Empty(story.Duo.Calls);
    }

    [Fact]
    public async Task Ten_wrong_passcodes_lock_them_for_good_and_of_hundreds_at_once_no_more_reach_Duo()
    {
        await using var story = await DuoGateway.StartAsync();
        await Task.WhenAll(Enumerable.Range(0, 200).Select(number => Task.Run(() => VerifyAsync(story, $"{100000 + number}"))));
        Assert.InRange(Asked(story), 1, 3);
        while ((await VerifyAsync(story, "000000")).Failure is not FactorFailure.Locked)
        {
            story.Gateway.Clock.Advance(TimeSpan.FromMinutes(5));
        }

        Assert.Equal(ThrottleRule.Limit, Asked(story));
        story.Duo.Users["ann"].Passcodes.Add("123456");
        Assert.Equal(FactorFailure.Locked, (await VerifyAsync(story, "123456")).Failure);
        Assert.Contains(await story.Gateway.AuditAsync(), record => record.Event.Type == AuditTypes.FactorLocked && record.Event.Facts["factor"] == "DuoPush");
        var locks = await story.Gateway.Get<ILocks>().ReadAsync(Cancellation);
        Assert.Contains(locks.Locks, one => one is { What: "duo", Person: "ann" });
        await story.Gateway.Get<IPeople>().UnlockAsync("ann", "root", Cancellation);
        Assert.Equal(FactorFailure.None, (await VerifyAsync(story, "123456")).Failure);
    }

    [Fact]
    public async Task A_Duo_that_does_not_answer_locks_nobody()
    {
        await using var story = await DuoGateway.StartAsync();
        story.Duo.Play("auth", [.. Enumerable.Repeat(SimulatedAnswer.Status(500), 4)]);
        for (var outage = 0; outage < 4; outage++)
        {
            Assert.Equal(FactorFailure.Unavailable, (await VerifyAsync(story, "123456")).Failure);
        }

        story.Duo.Users["ann"].Passcodes.Add("123456");
        Assert.Equal(FactorFailure.None, (await VerifyAsync(story, "123456")).Failure);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_request_is_approved_by_a_passcode_over_the_API_and_on_the_page(bool onPage)
    {
        await using var story = await DuoGateway.StartAsync(policy: null);
        story.Duo.Users["ann"].Passcodes.Add("12345678");
        story.Duo.Play("preauth", SimulatedAnswer.Status(500)); // no push, just the passcode
        using var ann = onPage ? new Visitor(story.Gateway) : await Visitor.SignedInAsync(story.Gateway, story.Ann);
        if (onPage)
        {
            await ann.BrowseAsync(story.Ann);
        }

        using var git = new Visitor(story.Gateway);
        var fetch = git.FetchAsync(story.Ann);
        var id = (await story.Ann.NextRequestAsync()).Id.Value;
        if (onPage)
        {
            Assert.Equal(302, (await ann.SubmitAsync($"/a/{id}", $"/a/{id}?handler=Approve", new() { ["duoPasscode"] = "1234 5678" })).Status);
        }
        else
        {
            Assert.Equal(400, (await ann.ApproveAsync(id, new { duoPasscode = "12345678", totp = "123456" })).Status);
            Assert.Equal(400, (await ann.ApproveAsync(id, new { duoPasscode = "12345" })).Status);
            Assert.Equal(200, (await ann.ApproveAsync(id, new { duoPasscode = "12345678" })).Status);
        }

        Assert.True(Visitor.Released(await fetch));
    }

    private static int Asked(DuoGateway story) => story.Duo.Calls.Count(call => call.Path == "/auth/v2/auth");

    private static Task<FactorResult> VerifyAsync(DuoGateway story, string code)
    {
        var factors = (IEnumerable<IFactor>)story.Gateway.App.Services.GetService(typeof(IEnumerable<IFactor>))!;
        return factors.Single(factor => factor.Kind is FactorKind.DuoPush).VerifyAsync(story.Ann.Principal, Purpose, new(code, null), Cancellation);
    }
}
