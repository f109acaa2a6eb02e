using System.Net;
using Countersign.Core.Identities;
using Countersign.Server.People;
using Countersign.Server.Tests.Fakes;

namespace Countersign.Server.Tests.People;

public sealed class SignInTests
{
    private const string Wrong = "wrong horse battery staple";

    [Fact]
    public async Task A_person_without_a_factor_signs_in_to_set_one_up()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        var ann = await gateway.AddPersonAsync("ann", PeopleFixture.Password);

        var start = (await SignInAsync(gateway, " ANN", PeopleFixture.Password)).Value!;

        Assert.Equal((ann.Id, false, true, false), (start.Person, start.SecondFactorPassed, start.MustSetUpFactor, start.SteppedUp));
    }

    [Fact]
    public async Task A_person_with_an_app_needs_its_code_and_the_code_is_spent()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        var ann = await gateway.AddPersonAsync("ann", PeopleFixture.Password);
        var (secret, recovery) = await gateway.AddTotpAsync(ann);
        var code = gateway.CodeOf(secret);

        Assert.Equal("code_required", (await SignInAsync(gateway, "ann", PeopleFixture.Password)).Refusal?.Code);
        Assert.True((await SignInAsync(gateway, "ann", PeopleFixture.Password, code)).Value!.SecondFactorPassed);
        Assert.Equal("refused", (await SignInAsync(gateway, "ann", PeopleFixture.Password, code)).Refusal?.Code);
        Assert.True((await SignInAsync(gateway, "ann", PeopleFixture.Password, recovery[0])).Value!.SecondFactorPassed);
        Assert.NotNull((await gateway.People.FindAsync("ann", CancellationToken.None))!.LastSignInAt);
    }

    [Fact]
    public async Task A_code_is_not_even_looked_at_when_the_password_is_wrong()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        var ann = await gateway.AddPersonAsync("ann", PeopleFixture.Password);
        var (secret, _) = await gateway.AddTotpAsync(ann);
        var code = gateway.CodeOf(secret);

        Assert.Equal("refused", (await SignInAsync(gateway, "ann", Wrong, code)).Refusal?.Code);
        Assert.NotNull((await SignInAsync(gateway, "ann", PeopleFixture.Password, code)).Value);
    }

    [Fact]
    public async Task Unknown_disabled_and_known_people_get_the_same_refusals_until_they_are_locked()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        await gateway.AddPersonAsync("ann", PeopleFixture.Password);
        await gateway.AddPersonAsync("bob"); // has no password
        await gateway.AddPersonAsync("carol", PeopleFixture.Password);
        await gateway.People.DisableAsync("carol", "root", CancellationToken.None);
        string[] names = ["ann", "bob", "carol", "nobody", "no such name!"];
        for (var attempt = 0; attempt < 12; attempt++)
        {
            var refusals = new List<Refusal?>();
            foreach (var (name, index) in names.Select((name, index) => (name, index)))
            {
                var password = name == "carol" ? PeopleFixture.Password : Wrong;
                refusals.Add((await SignInAsync(gateway, name, password, from: $"198.51.100.{index}")).Refusal);
            }

            Assert.Single(refusals.Distinct());
            Assert.Equal(attempt < 10 ? "refused" : "locked", refusals[0]?.Code);
            gateway.Clock.Advance(TimeSpan.FromMinutes(5));
        }
    }

    [Fact]
    public async Task Spellings_of_a_name_share_one_count()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        await gateway.AddPersonAsync("ann", PeopleFixture.Password);
        await SignInAsync(gateway, "ann", Wrong);
        await SignInAsync(gateway, "ANN", Wrong);
        await SignInAsync(gateway, " Ann ", Wrong);

        Assert.Equal("delayed", (await SignInAsync(gateway, "aNN", PeopleFixture.Password)).Refusal?.Code);
    }

    [Fact]
    public async Task Parallel_guesses_at_a_password_never_exceed_the_limit()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        await gateway.AddPersonAsync("ann", PeopleFixture.Password);

        var refusals = await Task.WhenAll(Enumerable.Range(0, 200).Select(number => Task.Run(() => SignInAsync(gateway, "ann", Wrong, from: $"198.51.{number}.1"))));

        Assert.Equal(3, refusals.Count(result => result.Refusal?.Code == "refused"));
        Assert.Equal(197, refusals.Count(result => result.Refusal?.Code == "delayed"));
    }

    [Fact]
    public async Task One_address_cannot_try_many_names_and_another_address_is_not_held_up()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        await gateway.AddPersonAsync("ann", PeopleFixture.Password);
        for (var number = 0; number < 10; number++)
        {
            Assert.Equal("refused", (await SignInAsync(gateway, $"name{number}", Wrong)).Refusal?.Code);
        }

        Assert.Equal("refused", (await SignInAsync(gateway, "name3", Wrong)).Refusal?.Code); // is one of the ten

        Assert.Equal("delayed", (await SignInAsync(gateway, "ann", PeopleFixture.Password)).Refusal?.Code);
        Assert.NotNull((await SignInAsync(gateway, "ann", PeopleFixture.Password, from: "198.51.100.1")).Value);
        gateway.Clock.Advance(TimeSpan.FromMinutes(16));
        Assert.NotNull((await SignInAsync(gateway, "ann", PeopleFixture.Password)).Value);
    }

    [Fact]
    public async Task One_name_may_be_mistyped_often_before_its_address_waits()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        await gateway.AddPersonAsync("ann", PeopleFixture.Password);
        for (var number = 0; number < 9; number++)
        {
            await SignInAsync(gateway, "typist", Wrong);
            gateway.Clock.Advance(TimeSpan.FromMinutes(5));
        }

        Assert.NotNull((await SignInAsync(gateway, "ann", PeopleFixture.Password)).Value);
    }

    [Fact]
    public async Task An_office_whose_people_mistype_and_then_get_in_is_never_held_up()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        for (var number = 0; number < 25; number++)
        {
            await gateway.AddPersonAsync($"person{number}", PeopleFixture.Password);
            Assert.Equal("refused", (await SignInAsync(gateway, $"person{number}", Wrong)).Refusal?.Code);
            Assert.NotNull((await SignInAsync(gateway, $"person{number}", PeopleFixture.Password)).Value);
        }
    }

    [Fact]
    public async Task Hundreds_of_stolen_passwords_at_once_from_one_IPv6_network_try_ten_names_known_or_not_and_after_a_restart_none_more()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        await gateway.AddPersonAsync("ann", PeopleFixture.Password);
        for (var number = 0; number < 20; number++)
        {
            await gateway.AddPersonAsync($"person{number}"); // known, among two hundred that are not
        }

        var refusals = await Task.WhenAll(Enumerable.Range(0, 200).Select(number => Task.Run(() =>
            SignInAsync(gateway, $"person{number}", Wrong, from: $"2001:db8:1:2::{number + 1:x}"))));
        Assert.Equal((10, 190), (refusals.Count(result => result.Refusal?.Code == "refused"), refusals.Count(result => result.Refusal?.Code == "delayed")));
        Assert.Single(refusals.Where(result => result.Refusal?.Code == "delayed").Select(result => result.Refusal!.Message).Distinct());

        await gateway.RestartAsync();
        Assert.Equal("delayed", (await SignInAsync(gateway, "ann", PeopleFixture.Password, from: "2001:db8:1:2::fff")).Refusal?.Code);
        Assert.NotNull((await SignInAsync(gateway, "ann", PeopleFixture.Password, from: "2001:db8:1:3::1")).Value);
        gateway.Clock.Advance(TimeSpan.FromDays(-1)); // a clock that was set back keeps nobody out for a day
        await SignInAsync(gateway, "ann", PeopleFixture.Password, from: "2001:db8:1:2::fff");
        gateway.Clock.Advance(TimeSpan.FromMinutes(16));
        Assert.NotNull((await SignInAsync(gateway, "ann", PeopleFixture.Password, from: "2001:db8:1:2::fff")).Value);
    }

    [Fact]
    public async Task A_network_from_which_passwords_are_stuffed_never_holds_up_a_passkey()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        var ann = await gateway.AddPersonAsync("ann", PeopleFixture.Password);
        using var key = await gateway.AddPasskeyAsync(ann);
        for (var number = 0; number < 60; number++)
        {
            await SignInAsync(gateway, $"name{number % 12}", Wrong);
        }

        Assert.Equal("delayed", (await SignInAsync(gateway, "ann", PeopleFixture.Password)).Refusal?.Code);
        var (options, ceremony) = await gateway.SignIn.PasskeyOptionsAsync(CancellationToken.None);
        Assert.NotNull((await gateway.SignIn.PasskeyAsync(ceremony, key.Assert(options), PeopleFixture.Home, CancellationToken.None)).Value);
    }

    [Fact]
    public async Task A_passkey_alone_signs_in_and_lifts_the_lock_on_the_password()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        var ann = await gateway.AddPersonAsync("ann", PeopleFixture.Password);
        using var key = await gateway.AddPasskeyAsync(ann);
        for (var failure = 0; failure < 10; failure++)
        {
            await SignInAsync(gateway, "ann", Wrong);
            gateway.Clock.Advance(TimeSpan.FromMinutes(5));
        }

        Assert.Equal("locked", (await SignInAsync(gateway, "ann", PeopleFixture.Password)).Refusal?.Code);
        var (options, ceremony) = await gateway.SignIn.PasskeyOptionsAsync(CancellationToken.None);
        var start = await gateway.SignIn.PasskeyAsync(ceremony, key.Assert(options), PeopleFixture.Home, CancellationToken.None);

        Assert.Equal((ann.Id, true, true), (start.Value!.Person, start.Value.SecondFactorPassed, start.Value.SteppedUp));
        Assert.Equal("code_required", (await SignInAsync(gateway, "ann", PeopleFixture.Password)).Refusal?.Code);
    }

    [Fact]
    public async Task A_passkey_sign_in_is_for_one_browser_once_and_needs_the_user_handle()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        var ann = await gateway.AddPersonAsync("ann");
        using var key = await gateway.AddPasskeyAsync(ann);
        var (options, ceremony) = await gateway.SignIn.PasskeyOptionsAsync(CancellationToken.None);
        var (_, other) = await gateway.SignIn.PasskeyOptionsAsync(CancellationToken.None);
        var assertion = key.Assert(options);

        Assert.NotNull((await gateway.SignIn.PasskeyAsync(other, assertion, PeopleFixture.Home, CancellationToken.None)).Refusal);
        Assert.NotNull((await gateway.SignIn.PasskeyAsync(ceremony, assertion, PeopleFixture.Home, CancellationToken.None)).Value);
        Assert.NotNull((await gateway.SignIn.PasskeyAsync(ceremony, assertion, PeopleFixture.Home, CancellationToken.None)).Refusal);

        (options, ceremony) = await gateway.SignIn.PasskeyOptionsAsync(CancellationToken.None);
        key.UserHandle = [];
        Assert.NotNull((await gateway.SignIn.PasskeyAsync(ceremony, key.Assert(options), PeopleFixture.Home, CancellationToken.None)).Refusal);
    }

    [Fact]
    public async Task A_disabled_person_does_not_sign_in_with_a_passkey()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        var ann = await gateway.AddPersonAsync("ann");
        using var key = await gateway.AddPasskeyAsync(ann);
        await gateway.People.DisableAsync("ann", "root", CancellationToken.None);
        var (options, ceremony) = await gateway.SignIn.PasskeyOptionsAsync(CancellationToken.None);

        Assert.Equal("refused", (await gateway.SignIn.PasskeyAsync(ceremony, key.Assert(options), PeopleFixture.Home, CancellationToken.None)).Refusal?.Code);
    }

    [Fact]
    public async Task Stepping_up_takes_the_highest_level_that_the_person_has()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        var ann = await gateway.AddPersonAsync("ann", PeopleFixture.Password);
        var (secret, recovery) = await gateway.AddTotpAsync(ann);
        Assert.True(await StepUpAsync(gateway, ann, code: gateway.CodeOf(secret)));
        using var key = await gateway.AddPasskeyAsync(ann);
        gateway.Clock.Advance(TimeSpan.FromMinutes(1));

        Assert.False(await StepUpAsync(gateway, ann, code: gateway.CodeOf(secret)));
        Assert.False((await SignInAsync(gateway, "ann", PeopleFixture.Password, gateway.CodeOf(secret))).Value!.SteppedUp);
        Assert.True(await StepUpAsync(gateway, ann, code: recovery[0]));
        Assert.True(await StepUpAsync(gateway, ann, assertion: key.Assert(await gateway.SignIn.StepUpOptionsAsync(ann.Id, "session", CancellationToken.None))));
        Assert.False(await StepUpAsync(gateway, ann, assertion: key.Assert(await gateway.SignIn.StepUpOptionsAsync(ann.Id, "other session", CancellationToken.None))));
        Assert.False(await StepUpAsync(gateway, ann));
    }

    [Fact]
    public async Task No_password_and_no_typed_name_reaches_the_audit_log()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        await gateway.AddPersonAsync("ann", PeopleFixture.Password);
        await SignInAsync(gateway, "ann", "hunter2-hunter2");
        await SignInAsync(gateway, "hunter2-hunter2", "ann"); // typed into the wrong field

        Assert.DoesNotContain(gateway.AuditBodies(), body => body.Contains("hunter2", StringComparison.Ordinal));
        Assert.Equal(2, gateway.AuditBodies().Count(body => body.Contains("session.refused", StringComparison.Ordinal)));
    }

    private static Task<Result<SessionStart>> SignInAsync(PeopleFixture gateway, string name, string password, string? code = null, string? from = null) =>
        gateway.SignIn.PasswordAsync(name, password, code, from is null ? PeopleFixture.Home : new(IPAddress.Parse(from)), CancellationToken.None);

    private static async Task<bool> StepUpAsync(PeopleFixture gateway, Principal person, string? code = null, string? assertion = null) =>
        (await gateway.SignIn.StepUpAsync(person.Id, "session", code, assertion, ClientAddress.Unknown, CancellationToken.None)).Value;
}
