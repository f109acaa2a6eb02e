using Countersign.Server.Enforcement;
using Countersign.Server.Factors;
using Countersign.Server.Tests.Fakes;

namespace Countersign.Server.Tests.Factors;

public sealed class TotpFactorTests
{
    [Fact]
    public async Task The_current_and_the_previous_code_are_accepted_and_no_other()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        var ann = await gateway.AddPersonAsync("ann");
        var (secret, _) = await gateway.AddTotpAsync(ann);

        Assert.Equal(FactorFailure.Refused, (await gateway.TotpAsync(ann, gateway.CodeOf(secret, stepsAgo: 2))).Failure);
        Assert.Equal(FactorFailure.Refused, (await gateway.TotpAsync(ann, gateway.CodeOf(secret, stepsAgo: -1))).Failure);
        Assert.Equal(FactorFailure.None, (await gateway.TotpAsync(ann, gateway.CodeOf(secret, stepsAgo: 1))).Failure);
        Assert.Equal(FactorFailure.None, (await gateway.TotpAsync(ann, gateway.CodeOf(secret))).Failure);
    }

    [Fact]
    public async Task A_code_is_accepted_once_however_many_try_it_at_the_same_time()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        var ann = await gateway.AddPersonAsync("ann");
        var (secret, _) = await gateway.AddTotpAsync(ann);
        var code = gateway.CodeOf(secret);

        var results = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => Task.Run(() => gateway.TotpAsync(ann, code))));

        Assert.Single(results, result => result.Failure is FactorFailure.None);
    }

    [Fact]
    public async Task A_code_stays_spent_after_a_restart_and_after_the_clock_was_set_back()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        var ann = await gateway.AddPersonAsync("ann");
        var (secret, _) = await gateway.AddTotpAsync(ann);
        var code = gateway.CodeOf(secret);
        Assert.Equal(FactorFailure.None, (await gateway.TotpAsync(ann, code)).Failure);

        await gateway.RestartAsync();
        Assert.Equal(FactorFailure.Refused, (await gateway.TotpAsync(ann, code)).Failure);

        gateway.Clock.Advance(TimeSpan.FromSeconds(-30));
        Assert.Equal(FactorFailure.Refused, (await gateway.TotpAsync(ann, gateway.CodeOf(secret))).Failure);
    }

    [Fact]
    public async Task The_code_that_confirmed_the_app_proves_nothing_afterwards()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        var ann = await gateway.AddPersonAsync("ann");
        var (_, text) = await gateway.Enrolment.BeginTotpAsync(ann.Id, CancellationToken.None);
        var code = gateway.CodeOf(Base32Text.Decode(text));
        Assert.Null((await gateway.Enrolment.ConfirmTotpAsync(ann.Id, code, "phone", "test", CancellationToken.None)).Refusal);

        Assert.Equal(FactorFailure.Refused, (await gateway.TotpAsync(ann, code)).Failure);
    }

    [Fact]
    public async Task An_app_that_was_never_confirmed_is_no_factor()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        var ann = await gateway.AddPersonAsync("ann");
        var (_, text) = await gateway.Enrolment.BeginTotpAsync(ann.Id, CancellationToken.None);

        Assert.Equal(FactorFailure.NotSetUp, (await gateway.TotpAsync(ann, gateway.CodeOf(Base32Text.Decode(text)))).Failure);
        Assert.Empty(gateway.People.FindPrincipal(ann.Id)!.Factors);
    }

    [Fact]
    public async Task Hundreds_of_parallel_guesses_never_get_more_than_the_limit_verified()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        var ann = await gateway.AddPersonAsync("ann");
        var (secret, _) = await gateway.AddTotpAsync(ann);
        var wrong = gateway.WrongCodeOf(secret);

        var verified = 0;
        for (var wave = 0; wave < 12; wave++)
        {
            var results = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => Task.Run(() => gateway.TotpAsync(ann, wrong))));
            verified += results.Count(result => result.Failure is FactorFailure.Refused);
            gateway.Clock.Advance(TimeSpan.FromMinutes(6));
        }

        Assert.Equal(10, verified);
        Assert.Equal(FactorFailure.Locked, (await gateway.TotpAsync(ann, gateway.CodeOf(secret))).Failure);
    }

    [Fact]
    public async Task The_delay_grows_from_the_third_failure_and_a_restart_does_not_end_it()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        var ann = await gateway.AddPersonAsync("ann");
        var (secret, _) = await gateway.AddTotpAsync(ann);
        var waits = new List<double>();
        for (var failure = 1; failure <= 6; failure++)
        {
            Assert.Equal(FactorFailure.Refused, (await gateway.TotpAsync(ann, gateway.WrongCodeOf(secret))).Failure);
            if (failure < 3)
            {
                continue;
            }

            await gateway.RestartAsync();
            var delayed = await gateway.TotpAsync(ann, gateway.CodeOf(secret)); // even the right code has to wait
            Assert.Equal(FactorFailure.Delayed, delayed.Failure);
            waits.Add((delayed.RetryAt!.Value - gateway.Clock.GetUtcNow()).TotalSeconds);
            gateway.Clock.Advance(TimeSpan.FromSeconds(waits[^1]));
        }

        Assert.Equal([1, 2, 4, 8], waits);
    }

    [Fact]
    public async Task A_clock_that_is_set_back_lifts_no_lock_and_makes_nobody_wait_for_it()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        var ann = await gateway.AddPersonAsync("ann");
        var (secret, _) = await gateway.AddTotpAsync(ann);
        for (var failure = 0; failure < 5; failure++)
        {
            await gateway.TotpAsync(ann, gateway.WrongCodeOf(secret));
            gateway.Clock.Advance(Throttles.LongestDelay);
        }

        var attempts = 0;
        for (; attempts < 20 && (await gateway.TotpAsync(ann, gateway.WrongCodeOf(secret))).Failure is FactorFailure.Refused; attempts++)
        {
            gateway.Clock.Advance(TimeSpan.FromHours(-1));
        }

        Assert.Equal(5, attempts); // ten failures in all, and then the lock
        Assert.Equal(FactorFailure.Locked, (await gateway.TotpAsync(ann, gateway.CodeOf(secret))).Failure);
    }

    [Fact]
    public async Task Success_starts_the_count_anew_and_a_new_challenge_does_not()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        var ann = await gateway.AddPersonAsync("ann");
        var (secret, _) = await gateway.AddTotpAsync(ann);
        await gateway.TotpAsync(ann, gateway.WrongCodeOf(secret));
        await gateway.TotpAsync(ann, gateway.WrongCodeOf(secret));
        Assert.Equal(FactorFailure.None, (await gateway.TotpAsync(ann, gateway.CodeOf(secret))).Failure);

        for (var subject = 0; subject < 3; subject++)
        {
            var result = await gateway.Totp.VerifyAsync(ann, PeopleFixture.Approve($"challenge {subject}"), new(gateway.WrongCodeOf(secret), null), CancellationToken.None);
            Assert.Equal(FactorFailure.Refused, result.Failure);
        }

        var fourth = await gateway.Totp.VerifyAsync(ann, PeopleFixture.Approve("another challenge"), new(gateway.WrongCodeOf(secret), null), CancellationToken.None);
        Assert.Equal(FactorFailure.Delayed, fourth.Failure);
    }

    [Fact]
    public async Task A_locked_app_leaves_the_passkey_working_and_the_passkey_unlocks_it()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        var ann = await gateway.AddPersonAsync("ann");
        var (secret, _) = await gateway.AddTotpAsync(ann);
        using var key = await gateway.AddPasskeyAsync(ann);
        await LockAsync(gateway, ann, secret);

        var options = await gateway.OptionsAsync(ann, PeopleFixture.Approve("WDJB-MJHT"));
        var proven = await gateway.WebAuthn.VerifyAsync(ann, PeopleFixture.Approve("WDJB-MJHT"), new(null, key.Assert(options)), CancellationToken.None);

        Assert.Equal(FactorFailure.None, proven.Failure);
        Assert.Equal(FactorFailure.None, (await gateway.TotpAsync(ann, gateway.CodeOf(secret))).Failure);
    }

    [Fact]
    public async Task An_administrator_unlocks_and_the_person_was_told_of_the_lock()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        var ann = await gateway.AddPersonAsync("ann");
        var (secret, _) = await gateway.AddTotpAsync(ann);
        await LockAsync(gateway, ann, secret);
        Assert.True((await gateway.People.FindAsync("ann", CancellationToken.None))!.IsLocked);
        Assert.Contains(await gateway.Get<Countersign.Server.People.INotices>().ListAsync(ann.Id, CancellationToken.None), notice => notice.Text.Contains("locked", StringComparison.Ordinal));

        var unlocked = await gateway.People.UnlockAsync("ann", "root", CancellationToken.None);

        Assert.False(unlocked.Value!.IsLocked);
        Assert.Equal(FactorFailure.None, (await gateway.TotpAsync(ann, gateway.CodeOf(secret))).Failure);
    }

    [Fact]
    public async Task A_second_app_does_not_buy_further_guesses()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        var ann = await gateway.AddPersonAsync("ann");
        var (first, _) = await gateway.AddTotpAsync(ann);
        var (second, _) = await gateway.AddTotpAsync(ann);
        Assert.Equal(FactorFailure.None, (await gateway.TotpAsync(ann, gateway.CodeOf(second))).Failure);

        await LockAsync(gateway, ann, first);

        Assert.Equal(FactorFailure.Locked, (await gateway.TotpAsync(ann, gateway.CodeOf(second))).Failure);
    }

    [Fact]
    public async Task Neither_the_secret_nor_a_code_is_in_the_files_or_the_audit_log()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        var ann = await gateway.AddPersonAsync("ann");
        var (secret, codes) = await gateway.AddTotpAsync(ann);
        var code = gateway.CodeOf(secret);
        await gateway.TotpAsync(ann, code);

        Assert.DoesNotContain(gateway.AuditBodies(), body => body.Contains(code, StringComparison.Ordinal) || codes.Any(one => body.Contains(one, StringComparison.Ordinal)));
        foreach (var file in Directory.EnumerateFiles(gateway.Folder, "*.db*"))
        {
            await using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using var copy = new MemoryStream();
            await stream.CopyToAsync(copy, CancellationToken.None);
            Assert.True(copy.ToArray().AsSpan().IndexOf(secret) < 0);
        }
    }

    private static async Task LockAsync(PeopleFixture gateway, Countersign.Core.Identities.Principal person, byte[] secret)
    {
        for (var failure = 0; failure < 10; failure++)
        {
            Assert.Equal(FactorFailure.Refused, (await gateway.TotpAsync(person, gateway.WrongCodeOf(secret))).Failure);
            gateway.Clock.Advance(Throttles.LongestDelay);
        }

        Assert.Equal(FactorFailure.Locked, (await gateway.TotpAsync(person, gateway.CodeOf(secret))).Failure);
    }
}
