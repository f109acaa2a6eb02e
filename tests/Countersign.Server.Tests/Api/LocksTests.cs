using Countersign.Server.Audit;
using Countersign.Server.Factors;
using Countersign.Server.People;
using Countersign.Server.Tests.Fixtures;

namespace Countersign.Server.Tests.Api;

/// <summary>The one screen of administrators for what is locked, and the same by the API.</summary>
[Trait("Category", "slow")]
public sealed class LocksTests
{
    private const string Wrong = "wrong horse battery staple";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_administrator_sees_what_is_locked_and_why_and_unlocks_it()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        await gateway.AddPersonAsync("bob");
        await gateway.MakeAdministratorAsync("ann");
        using var admin = await Visitor.SignedInAsync(gateway, ann);
        var calm = (await admin.GetApiAsync("locks")).Json;
        Assert.Equal(0, calm.GetProperty("locks").GetArrayLength());
        Assert.Equal(24, calm.GetProperty("hours").GetArrayLength());

        var began = gateway.Clock.GetUtcNow();
        for (var number = 0; number < 10; number++)
        {
            gateway.Clock.Advance(TimeSpan.FromSeconds(25));
            await gateway.Get<ISignIn>().PasswordAsync($"name{number}", Wrong, null, new(System.Net.IPAddress.Parse("192.0.2.9")), Cancellation);
        }

        await LockPasswordAsync(gateway, "bob");
        using (var again = await Visitor.SignedInAsync(gateway, ann))
        {
            admin.Token = again.Token; // with a fresh proof
        }

        var report = (await admin.GetApiAsync("locks")).Json;
        var locks = report.GetProperty("locks").EnumerateArray().ToDictionary(one => one.GetProperty("what").GetString()!);
        Assert.Equal("bob", locks["password"].GetProperty("person").GetString());
        Assert.Equal(10, locks["password"].GetProperty("attempts").GetInt32());
        Assert.True(locks["password"].GetProperty("since").GetDateTimeOffset() >= began);
        Assert.False(locks["password"].TryGetProperty("until", out var until) && until.ValueKind != System.Text.Json.JsonValueKind.Null);
        Assert.True(report.GetProperty("hours").EnumerateArray().Sum(hour => hour.GetProperty("failed").GetInt32()) >= 10);

        Assert.Equal(200, (await admin.PostAsync("people/bob/unlock", new { })).Status);
        Assert.DoesNotContain("\"bob\"", (await admin.GetApiAsync("locks")).Body, StringComparison.Ordinal);
        Assert.Contains(await gateway.AuditAsync(), record => record.Event.Type == AuditTypes.PersonUnlocked && record.Event.Actor == "ann");
        await gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task Many_names_from_one_network_are_shown_with_their_end_and_recorded_once()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        await gateway.MakeAdministratorAsync("ann");
        for (var number = 0; number < 15; number++)
        {
            await gateway.Get<ISignIn>().PasswordAsync($"name{number}", Wrong, null, new(System.Net.IPAddress.Parse("192.0.2.9")), Cancellation);
        }

        using var admin = await Visitor.SignedInAsync(gateway, ann);
        var one = Assert.Single((await admin.GetApiAsync("locks")).Json.GetProperty("locks").EnumerateArray());
        Assert.Equal(("names", "192.0.2.9", 10), (one.GetProperty("what").GetString(), one.GetProperty("subject").GetString(), one.GetProperty("attempts").GetInt32()));
        Assert.True(one.GetProperty("until").GetDateTimeOffset() > gateway.Clock.GetUtcNow());
        Assert.Single(await gateway.AuditAsync(), record => record.Event.Type == AuditTypes.SessionLimited);
        var hour = (await admin.GetApiAsync("locks")).Json.GetProperty("hours").EnumerateArray().Last();
        Assert.Equal((10, 5), (hour.GetProperty("failed").GetInt32(), hour.GetProperty("refused").GetInt32()));
    }

    [Fact]
    public async Task The_page_shows_the_same_and_what_was_typed_for_a_name_is_not_on_it()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        await gateway.AddPersonAsync("bob");
        await gateway.MakeAdministratorAsync("ann");
        using (var before = new Visitor(gateway))
        {
            await before.BrowseAsync(ann);
            Assert.Contains("Nothing is locked.", (await before.GetAsync("/locks")).Body, StringComparison.Ordinal);
        }

        await LockPasswordAsync(gateway, "bob");
        await LockPasswordAsync(gateway, "hunter2");
        using var admin = new Visitor(gateway);
        await admin.BrowseAsync(ann);
        var page = (await admin.GetAsync("/locks")).Body;
        Assert.Contains("10 wrong passwords", page, StringComparison.Ordinal);
        Assert.Contains("A name that nobody has", page, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", page, StringComparison.Ordinal);
        Assert.Contains("<table", page, StringComparison.Ordinal);
        Assert.DoesNotContain("style=", page, StringComparison.Ordinal);
        var done = await admin.SubmitAsync("/locks", "/locks?handler=Unlock", new() { ["person"] = "bob" });
        Assert.Equal(302, done.Status);
        Assert.False((await gateway.Get<IPeople>().FindAsync("bob", Cancellation))!.IsLocked);
    }

    [Fact]
    public async Task Pauses_that_hold_a_person_or_a_network_up_are_shown_with_why_and_an_unlock_lifts_the_persons()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        var bob = await gateway.AddPersonAsync("bob");
        await gateway.AddRepositoryAsync();
        await gateway.MakeAdministratorAsync("ann");
        using var git = new Visitor(gateway);
        var fetch = git.FetchAsync(bob);
        await bob.DenyNextAsync();
        await fetch;
        var throttles = gateway.Get<Throttles>();
        var network = ThrottleRule.Passkeys(new(System.Net.IPAddress.Parse("192.0.2.9")));
        await Task.WhenAll(Enumerable.Range(0, ThrottleRule.PasskeysFree + 1).Select(_ => throttles.ReserveAsync(network)));
        await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => throttles.ReserveAsync(ThrottleRule.DuoBegin(bob.Id))));
        await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => throttles.ReserveAsync(ThrottleRule.EmailSend(bob.Id))));

        using var admin = new Visitor(gateway);
        await admin.BrowseAsync(ann);
        var page = (await admin.GetAsync("/locks")).Body;
        Assert.Contains("denied once, so nobody is asked again for a while: reading ACME/core from 127.0.0.1", page, StringComparison.Ordinal);
        Assert.Contains("began 6 times, and waits longer and longer", page, StringComparison.Ordinal);
        Assert.Contains("asked for 5 codes, and waits longer and longer", page, StringComparison.Ordinal);
        Assert.Contains("300 passkeys refused", page, StringComparison.Ordinal);
        Assert.Equal(302, (await admin.SubmitAsync("/locks", "/locks?handler=Unlock", new() { ["person"] = "bob" })).Status);
        var left = Assert.Single((await gateway.Get<ILocks>().ReadAsync(Cancellation)).Locks);
        Assert.Equal(("passkeys", "192.0.2.9", null), (left.What, left.Subject, left.Person));
        fetch = git.FetchAsync(bob);
        await bob.DenyNextAsync(); // asked again
        await fetch;
    }

    [Fact]
    public async Task To_others_neither_the_page_nor_the_address_exists()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var bob = await gateway.AddPersonAsync("bob");
        using var visitor = await Visitor.SignedInAsync(gateway, bob);
        Assert.Equal(403, (await visitor.GetApiAsync("locks")).Status);
        using var browser = new Visitor(gateway);
        gateway.Clock.Advance(TimeSpan.FromSeconds(30));
        await browser.BrowseAsync(bob);
        Assert.Equal(404, (await browser.GetAsync("/locks")).Status);
        using var stranger = new Visitor(gateway);
        Assert.Equal(401, (await stranger.GetApiAsync("locks")).Status);
    }

    private static async Task LockPasswordAsync(GatewayFixture gateway, string name)
    {
        for (var attempt = 0; attempt < 10; attempt++)
        {
            gateway.Clock.Advance(TimeSpan.FromMinutes(5));
            await gateway.Get<Throttles>().ReserveAsync(ThrottleRule.Password(name));
        }
    }
}
