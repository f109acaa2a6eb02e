using Countersign.Core.Identities;
using Countersign.Server.People;
using Countersign.Server.Tests.Fakes;

namespace Countersign.Server.Tests.People;

public sealed class SessionsTests
{
    [Fact]
    public async Task A_session_ends_after_an_idle_hour_and_lives_while_it_is_used()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        var secret = await StartAsync(gateway, await gateway.AddPersonAsync("ann"));
        for (var touch = 0; touch < 3; touch++)
        {
            gateway.Clock.Advance(TimeSpan.FromMinutes(59));
            Assert.NotNull(gateway.Sessions.Find(secret));
            await gateway.Get<LastUses>().DrainAsync(CancellationToken.None);
        }

        gateway.Clock.Advance(TimeSpan.FromMinutes(60));
        Assert.Null(gateway.Sessions.Find(secret));
    }

    [Fact]
    public async Task A_session_ends_after_a_day_however_busy()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        var secret = await StartAsync(gateway, await gateway.AddPersonAsync("ann"));
        for (var touch = 0; touch < 47; touch++)
        {
            gateway.Clock.Advance(TimeSpan.FromMinutes(30));
            Assert.NotNull(gateway.Sessions.Find(secret));
            await gateway.Get<LastUses>().DrainAsync(CancellationToken.None);
        }

        gateway.Clock.Advance(TimeSpan.FromMinutes(30));
        Assert.Null(gateway.Sessions.Find(secret));
    }

    [Fact]
    public async Task Rotating_ends_the_old_secret_at_once_and_only_one_of_two_rotations_wins()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        var secret = await StartAsync(gateway, await gateway.AddPersonAsync("ann"), passed: false);
        Assert.Matches("^css_[A-Za-z0-9_-]{43}$", secret);
        var before = gateway.Sessions.Find(secret)!;
        Assert.Equal((false, null), (before.SecondFactorPassed, before.SteppedUpAt));

        var next = await gateway.Sessions.RotateAsync(secret, steppedUp: true, CancellationToken.None);

        Assert.Null(gateway.Sessions.Find(secret));
        var after = gateway.Sessions.Find(next)!;
        Assert.Equal((before.Key, true, gateway.Clock.GetUtcNow()), (after.Key, after.SecondFactorPassed, after.SteppedUpAt));
        await Assert.ThrowsAsync<InvalidOperationException>(() => gateway.Sessions.RotateAsync(secret, steppedUp: true, CancellationToken.None));
    }

    [Fact]
    public async Task Sessions_are_listed_and_ended_by_their_owner_only()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        var ann = await gateway.AddPersonAsync("ann");
        var eve = await gateway.AddPersonAsync("eve");
        var (first, second) = (await StartAsync(gateway, ann), await StartAsync(gateway, ann));
        var key = gateway.Sessions.Find(first)!.Key;
        Assert.Equal(2, (await gateway.Sessions.ListAsync(ann.Id, CancellationToken.None)).Count);

        await gateway.Sessions.EndByKeyAsync(eve.Id, key, CancellationToken.None);
        Assert.NotNull(gateway.Sessions.Find(first));
        await gateway.Sessions.EndByKeyAsync(ann.Id, key, CancellationToken.None);
        Assert.Null(gateway.Sessions.Find(first));
        Assert.NotNull(gateway.Sessions.Find(second));
        await gateway.Sessions.EndAllAsync(ann.Id, CancellationToken.None);
        Assert.Null(gateway.Sessions.Find(second));
        Assert.Equal(2, gateway.AuditBodies().Count(body => body.Contains("session.ended", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Resetting_factors_ends_sessions_and_removes_every_factor()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        var ann = await gateway.AddPersonAsync("ann");
        await gateway.AddTotpAsync(ann);
        using var key = await gateway.AddPasskeyAsync(ann);
        var secret = await StartAsync(gateway, ann);

        var reset = await gateway.Enrolment.ResetAsync("ann", "root", CancellationToken.None);

        Assert.Empty(reset.Value!.Factors);
        Assert.Equal(0, reset.Value.RecoveryCodesLeft);
        Assert.Null(gateway.Sessions.Find(secret));
        Assert.Empty(gateway.People.FindPrincipal(ann.Id)!.Factors);
    }

    private static async Task<string> StartAsync(PeopleFixture gateway, Principal person, bool passed = true) =>
        (await gateway.Sessions.StartAsync(new(person.Id, person.Name, passed, !passed), PeopleFixture.Home, "test\u001b[31m", CancellationToken.None)).Secret;
}
