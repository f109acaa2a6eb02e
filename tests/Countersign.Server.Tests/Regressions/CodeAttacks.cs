using Countersign.Server.Audit;
using Countersign.Server.People;
using Countersign.Server.Tests.Api;
using Countersign.Server.Tests.Fixtures;
using Countersign.Server.Tests.Ssh;

namespace Countersign.Server.Tests.Regressions;

/// <summary>Attacks on one-time codes, on the count of failures, and on recovery codes.</summary>
[Trait("Category", "slow")]
public sealed class CodeAttacks
{
    [Fact]
    public async Task One_code_read_over_a_shoulder_is_raced_on_every_surface_and_works_once()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        using var owner = await Visitor.SignedInAsync(gateway, ann);
        using var browser = new Visitor(gateway);
        await browser.SubmitAsync("/sign-in", "/sign-in?handler=Password", new() { ["name"] = ann.Name, ["password"] = TestPerson.Password });
        using var client = new Visitor(gateway);
        using var stranger = new Visitor(gateway);
        var fetch = client.FetchAsync(ann);
        var request = await ann.NextRequestAsync();
        var code = ann.FreshCode();

        await using var relay = new SshRelay(gateway);
        var key = await SshStory.AddKeyAsync(gateway, ann);
        var surfaces = Enumerable.Range(0, 4).SelectMany(_ => new Func<Task<bool>>[]
        {
            async () => IsAccepted(await owner.ApproveAsync(request.Id.Value, new { totp = code })),
            async () => IsAccepted(await owner.PostAsync("step-up", new { totp = code })),
            async () => IsAccepted(await stranger.SignInAsync(ann, code)),
            async () => IsAccepted(await browser.CodeStepAsync(code)),
            async () => (await relay.RunAsync(key, $"approve {request.Id} {code}")).ExitCode == 0,
        });
        var accepted = await Task.WhenAll(surfaces.Select(attempt => Task.Run(attempt)));
        Assert.Single(accepted, won => won);
        if (!fetch.IsCompleted)
        {
            await ann.DenyAsync(request);
        }

        await fetch;
        await gateway.AssertInvariantsAsync();

        // A page that signs in redirects; what an API address accepts it answers with 200.
        static bool IsAccepted(Answer answer) => answer is { Status: 302 } or { Status: 200, ContentType: "application/json" };
    }

    [Fact]
    public async Task A_spent_code_stays_spent_after_a_restart_and_when_the_clock_is_set_back()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        using var visitor = new Visitor(gateway);
        var code = ann.FreshCode();
        Assert.Equal(200, (await visitor.SignInAsync(ann, code)).Status);
        Assert.Equal(401, (await visitor.SignInAsync(ann, code)).Status);

        await gateway.RestartAsync();
        using var later = new Visitor(gateway);
        Assert.Equal(401, (await later.SignInAsync(ann, code)).Status);
        gateway.Clock.Advance(TimeSpan.FromSeconds(-30));
        Assert.Equal(401, (await later.SignInAsync(ann, code)).Status);
        Assert.NotEqual(200, (await later.SignInAsync(ann, ann.App!.CodeAt(AuthenticatorApp.StepOf(gateway.Clock.GetUtcNow())))).Status);
    }

    [Fact]
    public async Task The_previous_steps_code_serves_as_long_as_no_newer_one_was_used()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        using var visitor = new Visitor(gateway);
        var now = AuthenticatorApp.StepOf(gateway.Clock.GetUtcNow());

        Assert.Equal(401, (await visitor.SignInAsync(ann, ann.App!.CodeAt(now + 1))).Status); // the future's never
        Assert.Equal(200, (await visitor.SignInAsync(ann, ann.App.CodeAt(now - 1))).Status);
        Assert.Equal(200, (await visitor.SignInAsync(ann, ann.App.CodeAt(now))).Status);
        Assert.Equal(401, (await visitor.SignInAsync(ann, ann.App.CodeAt(now - 1))).Status);
        gateway.Clock.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal(200, (await visitor.SignInAsync(ann, ann.App.CodeAt(now + 1))).Status);
    }

    [Fact]
    public async Task Five_hundred_parallel_guesses_over_all_surfaces_try_no_more_codes_than_the_limit()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        using var owner = await Visitor.SignedInAsync(gateway, ann);
        using var client = new Visitor(gateway);
        var fetch = client.FetchAsync(ann);
        var request = await ann.NextRequestAsync();
        gateway.Clock.Advance(TimeSpan.FromSeconds(30));
        var wrong = Wrong(gateway, ann);

        for (var wave = 0; wave < 5; wave++)
        {
            var answers = await Task.WhenAll(Enumerable.Range(0, 100).Select(number => Task.Run(() => (number % 10) switch
            {
                0 => client.SignInAsync(ann, wrong),
                < 6 => owner.ApproveAsync(request.Id.Value, new { totp = wrong }),
                _ => owner.PostAsync("step-up", new { totp = wrong }),
            })));
            Assert.All(answers, answer => Assert.Contains(answer.Status, new[] { 401, 403, 409, 429 }));
            Assert.True(answers.Count(answer => answer.Status is not (429 or 409)) <= 3);
            gateway.Clock.Advance(TimeSpan.FromMinutes(5));
        }

        await fetch; // expired meanwhile
        var tried = (await gateway.AuditAsync()).Count(record => record.Event.Type is AuditTypes.FactorFailed or AuditTypes.FactorLocked);
        Assert.InRange(tried, 1, 10);
        for (var more = 0; more < 10; more++)
        {
            gateway.Clock.Advance(TimeSpan.FromMinutes(6));
            await owner.PostAsync("step-up", new { totp = Wrong(gateway, ann) });
        }

        Assert.Equal(10, (await gateway.AuditAsync()).Count(record => record.Event.Type is AuditTypes.FactorFailed or AuditTypes.FactorLocked));

        // A new request for approval gives no new attempts, even for the right code.
        using var again = await SignedInByRecoveryAsync(gateway, ann);
        var second = client.FetchAsync(ann);
        var next = await ann.NextRequestAsync();
        (await again.ApproveAsync(next.Id.Value, new { totp = ann.FreshCode() })).IsProblem(429, "proof_locked");
        await ann.DenyAsync(next);
        await second;
    }

    [Fact]
    public async Task A_locked_authenticator_app_leaves_the_passkey_and_the_passkey_unlocks_it()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        var (visitor, key) = await Visitor.WithPasskeyAsync(gateway, ann);
        using var owner = visitor;
        using var authenticator = key;
        for (var failure = 0; failure < 12; failure++)
        {
            gateway.Clock.Advance(TimeSpan.FromMinutes(5));
            await owner.SignInAsync(ann, Wrong(gateway, ann));
        }

        Assert.Equal(429, (await owner.SignInAsync(ann, ann.FreshCode())).Status);
        var fetch = owner.FetchAsync(ann);
        var request = await ann.NextRequestAsync();
        Assert.Equal(200, (await owner.ApproveAsync(request.Id.Value, new { assertion = await owner.AssertForAsync(key, request.Id.Value) })).Status);
        Assert.True(Visitor.Released(await fetch));
        Assert.Equal(200, (await owner.SignInAsync(ann, ann.FreshCode())).Status);
        Assert.Contains("locked", (await owner.GetApiAsync("notices")).Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ANN")]
    [InlineData("  ann  ")]
    [InlineData("aNn\t")]
    public async Task Another_spelling_of_a_name_opens_no_second_count(string spelling)
    {
        await using var gateway = await GatewayFixture.StartAsync();
        await gateway.AddPersonAsync();
        using var visitor = new Visitor(gateway);
        var statuses = new List<int>();
        for (var attempt = 0; attempt < 6; attempt++)
        {
            statuses.Add((await visitor.PostAsync("session", new { user = attempt % 2 == 0 ? "ann" : spelling, password = "wrong password" })).Status);
        }

        Assert.Equal([401, 401, 401, 429, 429, 429], statuses);
    }

    [Theory]
    [InlineData("\uff41\uff4e\uff4e")]
    [InlineData("ann\u200b")]
    [InlineData("\u0430nn")]
    public async Task A_name_that_only_looks_like_hers_is_nobodys_even_with_her_password(string spelling)
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        using var visitor = new Visitor(gateway);

        (await visitor.PostAsync("session", new { user = spelling, password = TestPerson.Password, totp = ann.FreshCode() })).IsProblem(401, "refused");
        Assert.Equal(200, (await visitor.SignInAsync(ann, ann.FreshCode())).Status);
    }

    [Theory]
    [InlineData("totp", "")]
    [InlineData("totp", "12345")]
    [InlineData("totp", "1234567")]
    [InlineData("totp", "12345a")]
    [InlineData("totp", "\u0661\u0662\u0663\u0664\u0665\u0666")]
    [InlineData("totp", "\uff11\uff12\uff13\uff14\uff15\uff16")]
    [InlineData("totp", "-12345")]
    [InlineData("totp", "123 456")]
    [InlineData("recoveryCode", "")]
    [InlineData("recoveryCode", "123456")]
    [InlineData("recoveryCode", "AAAA-AAAA-AAAA-AAA1")]
    [InlineData("recoveryCode", "AAAA-AAAA-AAAA-AAA\u00c4")]
    public async Task A_code_of_the_wrong_form_is_told_so_everywhere_and_costs_no_attempt(string field, string code)
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        using var owner = await Visitor.SignedInAsync(gateway, ann);
        var fetch = owner.FetchAsync(ann);
        var request = await ann.NextRequestAsync();
        var proof = new Dictionary<string, string> { [field] = code };

        for (var time = 0; time < 4; time++)
        {
            (await owner.ApproveAsync(request.Id.Value, proof)).IsProblem(400, "malformed_code");
            (await owner.PostAsync("step-up", proof)).IsProblem(400, "malformed_code");
            (await owner.PostAsync("session", new Dictionary<string, string>(proof) { ["user"] = "ann", ["password"] = TestPerson.Password })).IsProblem(400, "malformed_code");
        }

        Assert.Equal(200, (await owner.ApproveAsync(request.Id.Value, new { totp = ann.FreshCode() })).Status);
        Assert.True(Visitor.Released(await fetch));
    }

    [Fact]
    public async Task A_recovery_code_serves_its_owner_once_who_is_told_and_nobody_else()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        var eve = await gateway.AddPersonAsync("eve");
        await gateway.AddRepositoryAsync();
        using var owner = await Visitor.SignedInAsync(gateway, ann);
        using var thief = await Visitor.SignedInAsync(gateway, eve);
        var codes = await CodesAsync(owner);
        Assert.Equal(10, (await CodesAsync(thief)).Count);
        var theirs = thief.FetchAsync(eve);
        var hers = await eve.NextRequestAsync();

        (await thief.ApproveAsync(hers.Id.Value, new { recoveryCode = codes[0] })).IsProblem(403, "proof_refused");
        Assert.Equal(401, (await thief.PostAsync("session", new { user = "eve", password = TestPerson.Password, recoveryCode = codes[0] })).Status);
        Assert.Equal(403, (await thief.PostAsync("step-up", new { recoveryCode = codes[0] })).Status);
        await eve.DenyAsync(hers);
        await theirs;

        var fetch = owner.FetchAsync(ann);
        var request = await ann.NextRequestAsync();
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(number => Task.Run(() => number % 2 == 0
            ? owner.ApproveAsync(request.Id.Value, new { recoveryCode = codes[0] })
            : owner.PostAsync("session", new { user = "ann", password = TestPerson.Password, recoveryCode = codes[0].ToLowerInvariant() }))));
        Assert.Equal(1, answers.Count(answer => answer.Status == 200));
        await ann.DenyAsync(request);
        await fetch;
        Assert.Contains("A recovery code was used. 9 left", (await owner.GetApiAsync("notices")).Body, StringComparison.Ordinal);
        Assert.Equal(9, (await owner.GetApiAsync("me")).Json.GetProperty("person").GetProperty("recoveryCodesLeft").GetInt32());
        gateway.Clock.Advance(TimeSpan.FromMinutes(6)); // the lost races counted as failures
        Assert.Equal(200, (await owner.PostAsync("step-up", new { recoveryCode = codes[1] })).Status);
    }

    [Fact]
    public async Task An_access_token_opens_Git_under_its_owners_name_and_neither_API_nor_pages()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        await gateway.AddPersonAsync("eve");
        await gateway.AddRepositoryAsync();
        using var visitor = new Visitor(gateway) { Token = ann.Token };

        Assert.Equal(401, (await visitor.GetApiAsync("me")).Status);
        Assert.Equal(302, (await visitor.GetAsync("/security")).Status);
        Assert.Equal(302, (await visitor.GetAsync("/security", ("Cookie", $"__Host-countersign={ann.Token}"))).Status);
        Assert.Equal(401, (await visitor.PostAsync("session", new { user = "ann", password = ann.Token })).Status);
        foreach (var name in new[] { "eve", "nobody", "", "ann\u0000" })
        {
            Assert.Equal(401, (await visitor.FetchAsync(ann, headers: ("Authorization", Visitor.Basic(name, ann.Token)))).Status);
        }

        using var bearer = new Visitor(gateway);
        var fetch = bearer.SendAsync(new(HttpMethod.Get, "/scm/ACME/core.git/info/refs?service=git-upload-pack"), ("Authorization", $"Bearer {ann.Token}"));
        await ann.ApproveNextAsync();
        Assert.True(Visitor.Released(await fetch));
    }

    private static string Wrong(GatewayFixture gateway, TestPerson person)
    {
        var now = AuthenticatorApp.StepOf(gateway.Clock.GetUtcNow());
        string[] right = [person.App!.CodeAt(now - 1), person.App.CodeAt(now), person.App.CodeAt(now + 1)];
        return new[] { "000000", "111111", "222222", "333333" }.First(code => !right.Contains(code));
    }

    private static async Task<IReadOnlyList<string>> CodesAsync(Visitor visitor) =>
        [.. (await visitor.PostAsync("recovery-codes", new { })).Json.GetProperty("recoveryCodes").EnumerateArray().Select(code => code.GetString()!)];

    private static async Task<Visitor> SignedInByRecoveryAsync(GatewayFixture gateway, TestPerson person)
    {
        var codes = await gateway.Get<IFactorEnrolment>().MakeRecoveryCodesAsync(person.Id, "test", TestContext.Current.CancellationToken);
        var visitor = new Visitor(gateway);
        var answer = await visitor.PostAsync("session", new { user = person.Name, password = TestPerson.Password, recoveryCode = codes[0] });
        visitor.Token = answer.Json.GetProperty("token").GetString();
        return visitor;
    }
}
