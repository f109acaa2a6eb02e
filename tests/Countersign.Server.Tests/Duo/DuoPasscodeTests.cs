using Countersign.Core.Challenges;
using Countersign.Demo;
using Countersign.Server.Audit;
using Countersign.Server.Enforcement;
using Countersign.Server.Factors;
using Countersign.Server.People;
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
