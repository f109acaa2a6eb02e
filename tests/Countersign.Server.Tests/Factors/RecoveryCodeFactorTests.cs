using Countersign.Server.Enforcement;
using Countersign.Server.Tests.Fakes;

namespace Countersign.Server.Tests.Factors;

public sealed class RecoveryCodeFactorTests
{
    [Fact]
    public async Task The_first_factor_brings_ten_codes_and_a_second_brings_none()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        var ann = await gateway.AddPersonAsync("ann");
        var (_, first) = await gateway.AddTotpAsync(ann);
        var (_, second) = await gateway.AddTotpAsync(ann);

        Assert.Equal(10, first.Distinct().Count());
        Assert.All(first, code => Assert.Matches("^[A-Z2-7]{4}(-[A-Z2-7]{4}){3}$", code));
        Assert.Empty(second);
    }

    [Fact]
    public async Task A_code_works_once_over_parallel_callers_and_restarts()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        var ann = await gateway.AddPersonAsync("ann");
        var (_, codes) = await gateway.AddTotpAsync(ann);

        var results = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Task.Run(() => gateway.RecoveryAsync(ann, codes[0]))));
        Assert.Single(results, result => result.Failure is FactorFailure.None);

        await gateway.RestartAsync();
        gateway.Clock.Advance(TimeSpan.FromMinutes(10));
        Assert.Equal(FactorFailure.Refused, (await gateway.RecoveryAsync(ann, codes[0])).Failure);
        Assert.Equal(9, (await gateway.People.FindAsync(ann.Id, CancellationToken.None))!.RecoveryCodesLeft);
    }

    [Fact] // CVE-2025-64175
    public async Task A_code_of_one_person_never_serves_another()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        var ann = await gateway.AddPersonAsync("ann");
        var eve = await gateway.AddPersonAsync("eve");
        var (_, codes) = await gateway.AddTotpAsync(ann);
        await gateway.AddTotpAsync(eve);

        Assert.Equal(FactorFailure.Refused, (await gateway.RecoveryAsync(eve, codes[0])).Failure);
        Assert.Equal(FactorFailure.None, (await gateway.RecoveryAsync(ann, codes[0])).Failure);
    }

    [Fact]
    public async Task Case_and_spacing_do_not_matter_and_the_owner_is_told()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        var ann = await gateway.AddPersonAsync("ann");
        var (_, codes) = await gateway.AddTotpAsync(ann);

        Assert.Equal(FactorFailure.None, (await gateway.RecoveryAsync(ann, " " + codes[0].Replace("-", " ", StringComparison.Ordinal).ToLowerInvariant() + " ")).Failure);

        var notices = await gateway.Get<Countersign.Server.People.INotices>().ListAsync(ann.Id, CancellationToken.None);
        Assert.Contains(notices, notice => notice.Text.Contains("9 left", StringComparison.Ordinal));
        Assert.Contains(gateway.AuditBodies(), body => body.Contains("factor.recovery_code_used", StringComparison.Ordinal));
    }

    [Fact]
    public async Task New_codes_end_the_old_ones()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        var ann = await gateway.AddPersonAsync("ann");
        var (_, old) = await gateway.AddTotpAsync(ann);
        var codes = await gateway.Enrolment.MakeRecoveryCodesAsync(ann.Id, "ann", CancellationToken.None);

        Assert.Equal(FactorFailure.Refused, (await gateway.RecoveryAsync(ann, old[0])).Failure);
        Assert.Equal(FactorFailure.None, (await gateway.RecoveryAsync(ann, codes[0])).Failure);
    }

    [Fact]
    public async Task Removing_the_last_factor_removes_the_codes()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        var ann = await gateway.AddPersonAsync("ann");
        var (_, codes) = await gateway.AddTotpAsync(ann);
        var app = Assert.Single((await gateway.People.FindAsync(ann.Id, CancellationToken.None))!.Factors);

        Assert.Null((await gateway.Enrolment.RemoveAsync(ann.Id, app.Id, "ann", CancellationToken.None)).Refusal);

        Assert.Equal(FactorFailure.NotSetUp, (await gateway.RecoveryAsync(ann, codes[0])).Failure);
        Assert.Empty(gateway.People.FindPrincipal(ann.Id)!.Factors);
    }

    [Fact]
    public async Task Wrong_codes_wait_longer_and_longer_and_the_tenth_locks_until_an_administrator_unlocks()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        var ann = await gateway.AddPersonAsync("ann");
        var (_, codes) = await gateway.AddTotpAsync(ann);
        var wait = TimeSpan.FromSeconds(1);
        for (var failure = 1; failure <= 10; failure++)
        {
            Assert.Equal(FactorFailure.Refused, (await gateway.RecoveryAsync(ann, "AAAA-AAAA-AAAA-AAAA")).Failure);
            if (failure is > 2 and < 10)
            {
                var early = await gateway.RecoveryAsync(ann, codes[0]);
                Assert.Equal((FactorFailure.Delayed, gateway.Clock.GetUtcNow() + wait), (early.Failure, early.RetryAt));
                gateway.Clock.Advance(wait);
                wait *= 2;
            }
        }

        await gateway.RestartAsync();
        gateway.Clock.Advance(TimeSpan.FromDays(1));
        Assert.Equal(FactorFailure.Locked, (await gateway.RecoveryAsync(ann, codes[0])).Failure);
        Assert.Contains(gateway.AuditBodies(), body => body.Contains("factor.locked", StringComparison.Ordinal));
        Assert.Null((await gateway.People.UnlockAsync("ann", "root", CancellationToken.None)).Refusal);
        Assert.Equal(FactorFailure.None, (await gateway.RecoveryAsync(ann, codes[0])).Failure);
    }

    [Theory]
    [InlineData("")]
    [InlineData("123456")]
    [InlineData("AAAA-AAAA-AAAA-AAA1")]
    [InlineData("AAAA-AAAA-AAAA-AAAA-AAAA")]
    [InlineData("АААА-АААА-АААА-АААА")]
    public async Task What_is_no_recovery_code_is_refused_and_costs_no_attempt(string typed)
    {
        await using var gateway = await PeopleFixture.StartAsync();
        var ann = await gateway.AddPersonAsync("ann");
        await gateway.AddTotpAsync(ann);
        for (var attempt = 0; attempt < 20; attempt++)
        {
            Assert.Equal(FactorFailure.Refused, (await gateway.RecoveryAsync(ann, typed)).Failure);
        }
    }
}
