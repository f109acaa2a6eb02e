using System.Text.RegularExpressions;
using Countersign.Server.Audit;
using Countersign.Server.Tests.Api;
using Countersign.Server.Tests.Fixtures;

namespace Countersign.Server.Tests.Regressions;

/// <summary>Attacks on the verdict: approving by accident, by somebody else, twice, too late, or without seeing what is approved.</summary>
[Trait("Category", "slow")]
public sealed class ApprovalAttacks
{
    private const string Hostile = "evil.example";

    private const string PushPolicy =
        """
        version: 1
        mode: enforce
        rules:
          - { name: read, operations: [read], effect: allow }
          - { name: write, operations: [write] }
        """;

    private const string NumberPolicy =
        """
        version: 1
        mode: enforce
        rules:
          - { name: number, operations: [read, write], require: { strength: strong, number: true } }
        """;

    [Fact]
    public async Task Opening_prefetching_or_scanning_an_address_approves_nothing()
    {
        await using var story = await Story.StartAsync();
        using var browser = new Visitor(story.Gateway);
        await browser.BrowseAsync(story.Ann);
        var (request, fetch) = await story.HoldAsync();

        foreach (var path in new[]
        {
            $"/a/{request.Id}", $"/a/{request.Id}?handler=Approve", $"/a/{request.Id}?handler=Approve&totp=123456", $"/a/{request.Id}?handler=Deny",
            $"/a/{request.Id}/report", $"/w/{request.Id}-{request.Number}/scm/ACME/core.git", $"/w/{request.Id}-{request.Number}/",
            $"/api/v1/requests/{request.Id}/approve", $"/api/v1/requests/{request.Id}/deny", $"/api/v1/requests/{request.Id}/report",
        })
        {
            foreach (var headers in new[] { Array.Empty<(string, string)>(), [("Purpose", "prefetch"), ("Sec-Purpose", "prefetch;prerender")] })
            {
                var answer = await browser.GetAsync(path, headers);
                Assert.True(answer.Status is 200 or 302 or 403 or 404 or 405, $"{path}: {answer.Status}");
            }

            await browser.SendAsync(new(HttpMethod.Head, path));
        }

        Assert.Equal("pending", (await story.Owner.GetApiAsync($"requests/{request.Id}")).Json.GetProperty("state").GetString());
        Assert.False(fetch.IsCompleted);
        await story.Ann.DenyAsync(request);
        Assert.False(Visitor.Released(await fetch));
        await story.Gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task Approve_and_deny_race_and_exactly_one_verdict_is_durable()
    {
        await using var story = await Story.StartAsync();
        for (var round = 0; round < 10; round++)
        {
            var (request, fetch) = await story.HoldAsync(round % 2 == 0 ? "ACME/core" : "ACME/web");
            var assertion = await story.Owner.AssertForAsync(story.Key, request.Id.Value);
            var answers = await Task.WhenAll(
                Task.Run(() => story.Owner.ApproveAsync(request.Id.Value, new { assertion })),
                Task.Run(() => story.Owner.PostAsync($"requests/{request.Id}/deny", new { })),
                Task.Run(() => story.Owner.PostAsync($"requests/{request.Id}/deny", new { })));

            Assert.Equal(1, answers.Count(answer => answer.Status == 200));
            var state = (await story.Owner.GetApiAsync($"requests/{request.Id}")).Json.GetProperty("state").GetString();
            var approved = answers[0].Status == 200;
            Assert.Contains(state, approved ? new[] { "approved", "spent" } : ["denied"]);
            Assert.Equal(approved, Visitor.Released(await fetch));
            story.Gateway.Clock.Advance(TimeSpan.FromMinutes(16)); // grants and the cool-down end
            await story.RenewAsync();
        }

        var verdicts = (await story.Gateway.AuditAsync())
            .Where(record => record.Event.Type is AuditTypes.ChallengeApproved or AuditTypes.ChallengeDenied)
            .GroupBy(record => record.Event.Facts["challenge"]);
        Assert.All(verdicts, verdict => Assert.Single(verdict));
        await story.Gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task Another_person_an_administrator_and_nobody_find_no_such_request()
    {
        await using var story = await Story.StartAsync();
        var eve = await story.Gateway.AddPersonAsync("eve");
        await story.Gateway.MakeAdministratorAsync("eve");
        using var other = await Visitor.SignedInAsync(story.Gateway, eve);
        using var browser = new Visitor(story.Gateway);
        await browser.BrowseAsync(eve);
        using var nobody = new Visitor(story.Gateway);
        var (request, fetch) = await story.HoldAsync();
        var code = eve.FreshCode();

        foreach (var action in new[] { "approve", "deny", "report", "options" })
        {
            var there = await other.PostAsync($"requests/{request.Id}/{action}", action == "approve" ? new { totp = code } : new { });
            var notThere = await other.PostAsync($"requests/WDJB-MJHT/{action}", action == "approve" ? new { totp = code } : new { });
            there.IsProblem(404, "not_found");
            Assert.Equal(notThere.Body, there.Body);
            Assert.Equal((await nobody.PostAsync($"requests/WDJB-MJHT/{action}", new { })).Body, (await nobody.PostAsync($"requests/{request.Id}/{action}", new { })).Body);
        }

        foreach (var path in new[] { "/a/{0}", "/a/{0}/report" })
        {
            var there = await browser.GetAsync(string.Format(null, path, request.Id));
            var notThere = await browser.GetAsync(string.Format(null, path, "WDJB-MJHT"));
            Assert.Equal((404, WithoutKey(notThere)), (there.Status, WithoutKey(there)));
        }

        Assert.Equal(404, (await browser.SubmitAsync("/security", $"/a/{request.Id}?handler=Approve", new() { ["totp"] = code })).Status);
        Assert.Equal(404, (await browser.SubmitAsync("/security", $"/a/{request.Id}?handler=Deny", [])).Status);
        Assert.Equal(200, (await other.PostAsync("step-up", new { totp = code })).Status); // the code was not even tried
        Assert.False(fetch.IsCompleted);
        await story.Ann.DenyAsync(request);
        await fetch;
        await story.Gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task A_late_or_repeated_approval_releases_nothing()
    {
        await using var story = await Story.StartAsync();
        var (request, fetch) = await story.HoldAsync();
        var assertion = await story.Owner.AssertForAsync(story.Key, request.Id.Value);
        story.Gateway.Clock.Advance(TimeSpan.FromMinutes(5));
        Assert.False(Visitor.Released(await fetch));
        (await story.Owner.ApproveAsync(request.Id.Value, new { assertion })).IsProblem(409, "already_settled");

        await story.RenewAsync();
        var (second, secondFetch) = await story.HoldAsync();
        Assert.Equal(200, (await story.Owner.ApproveAsync(second.Id.Value, new { assertion = await story.Owner.AssertForAsync(story.Key, second.Id.Value) })).Status);
        Assert.True(Visitor.Released(await secondFetch));
        (await story.Owner.PostAsync($"requests/{second.Id}/options", new { })).IsProblem(404, "not_found");
        (await story.Owner.ApproveAsync(second.Id.Value, new { totp = story.Ann.FreshCode() })).IsProblem(409, "already_settled");
        (await story.Owner.PostAsync($"requests/{second.Id}/deny", new { })).IsProblem(409, "already_settled");
        await story.Gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task No_header_of_a_request_turns_a_link_elsewhere()
    {
        await using var story = await Story.StartAsync();
        using var browser = new Visitor(story.Gateway);
        await browser.BrowseAsync(story.Ann);
        (string, string)[] lies = [("Host", Hostile), ("X-Forwarded-Host", Hostile), ("X-Forwarded-Proto", "https"), ("Forwarded", $"host={Hostile}"), ("X-Original-Host", Hostile)];
        var fetch = story.Owner.FetchAsync(story.Ann, "ACME/core", lies);
        var request = await story.Ann.NextRequestAsync();

        var answers = new List<Answer>
        {
            await browser.GetAsync($"/a/{request.Id}", lies), await browser.GetAsync("/", lies), await browser.GetAsync("/repositories", lies), await browser.GetAsync("/security/token", lies),
            await new Visitor(story.Gateway).GetAsync("/security", lies), await story.Owner.GetAsync("/api/v1/requests", lies), await story.Owner.GetAsync("/openapi/v1.json", lies),
            await story.Owner.GetAsync($"/w/{request.Id}-{request.Number}/x", lies), await story.Owner.GetAsync("/scm/ACME/core.git/info/refs?service=git-upload-pack", [.. lies, ("User-Agent", "git/2.39.5")]),
            await story.Owner.GetAsync("/no/such/page", lies), await story.Owner.GetAsync("/api/v1/nothing", lies),
        };
        story.Gateway.Clock.Advance(TimeSpan.FromSeconds(50));
        answers.Add(await fetch);
        Assert.All(answers, answer =>
        {
            Assert.DoesNotContain(Hostile, answer.Body, StringComparison.OrdinalIgnoreCase);
            Assert.All(answer.Headers.Values, value => Assert.DoesNotContain(Hostile, value, StringComparison.OrdinalIgnoreCase));
        });
        Assert.Contains($"{story.Gateway.Url}/a/{request.Id}", answers[^1].Body, StringComparison.Ordinal);
        Assert.Equal($"{story.Gateway.Url}/a/{request.Id}", answers[5].Json[0].GetProperty("approveUrl").GetString());
        await story.Gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task Page_API_and_audit_log_show_the_same_refs_and_nothing_poses_as_something_else()
    {
        await using var story = await Story.StartAsync(PushPolicy);
        using var browser = new Visitor(story.Gateway);
        await browser.BrowseAsync(story.Ann);
        var tip = (await story.Gateway.TipAsync(Story.Core))!;
        string[] refs =
        [
            "refs/heads/zz", "refs/heads/x<script>alert(1)</script>", "refs/heads/a\u202eniam", "refs/heads/ma\u200bin", "refs/heads/\"><img", "refs/tags/v1", "refs/heads/&lt;b",
        ];
        var push = story.Owner.PushAsync(story.Ann, tip, refs);
        var request = await story.Ann.NextRequestAsync();

        var page = (await browser.GetAsync($"/a/{request.Id}")).Body;
        var api = (await story.Owner.GetApiAsync($"requests/{request.Id}")).Json.GetProperty("refs").EnumerateArray().Select(update => update.GetProperty("name").GetString()!).ToList();
        var audit = (await story.Gateway.AuditAsync()).Single(record => record.Event.Type == AuditTypes.ChallengeCreated).Event.Facts["refs"].Split('\n').Select(line => line.Split(' ')[1]).ToList();
        Assert.Equal(refs, api);
        Assert.Equal(refs, audit);
        string[] shown = ["zz", "x&lt;script&gt;alert(1)&lt;/script&gt;", "a&lt;U&#x2B;202E&gt;niam", "ma&lt;U&#x2B;200B&gt;in", "&quot;&gt;&lt;img", "v1", "&amp;lt;b"];
        var at = -1;
        foreach (var name in shown)
        {
            var next = page.IndexOf($"<bdi class=\"mono\">{name}</bdi>", StringComparison.Ordinal);
            Assert.True(next > at, name);
            at = next;
        }

        Assert.DoesNotContain("\u202e", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<script>alert", page, StringComparison.Ordinal);
        await story.Ann.DenyAsync(request);
        await push;
        Assert.Null(await story.Gateway.TipAsync(Story.Core, "refs/heads/zz"));
        await story.Gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task Without_the_terminals_number_a_tired_thumb_approves_nothing()
    {
        await using var story = await Story.StartAsync(NumberPolicy);
        var (request, fetch) = await story.HoldAsync();
        Assert.DoesNotContain($"\"{request.Number}\"", (await story.Owner.GetApiAsync($"requests/{request.Id}")).Body, StringComparison.Ordinal);
        var assertion = await story.Owner.AssertForAsync(story.Key, request.Id.Value);
        var wrong = request.Number == "00" ? "01" : "00";

        (await story.Owner.ApproveAsync(request.Id.Value, new { assertion })).IsProblem(400, "number_owed");
        (await story.Owner.ApproveAsync(request.Id.Value, new { assertion, number = "4" })).IsProblem(400, "malformed_number");
        (await story.Owner.ApproveAsync(request.Id.Value, new { assertion, number = wrong })).IsProblem(403, "number_wrong");
        Assert.Equal(200, (await story.Owner.ApproveAsync(request.Id.Value, new { assertion, number = request.Number })).Status); // the proof was not spent by a mistyped number
        Assert.True(Visitor.Released(await fetch));
        await story.Gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task Guessing_the_number_in_parallel_ends_the_request_at_the_third_wrong_one()
    {
        await using var story = await Story.StartAsync(NumberPolicy);
        var (request, fetch) = await story.HoldAsync();
        var guesses = Enumerable.Range(0, 100).Select(number => number.ToString("00", null)).Where(number => number != request.Number).Take(30);

        var answers = await Task.WhenAll(guesses.Select(number => Task.Run(() => story.Owner.ApproveAsync(request.Id.Value, new { number, totp = "000000" }))));

        Assert.All(answers, answer => Assert.True(answer.Code is "number_wrong" or "already_settled", answer.Body));
        Assert.False(Visitor.Released(await fetch));
        Assert.Equal("wrong-numbers", (await story.Owner.GetApiAsync($"requests/{request.Id}")).Json.GetProperty("cause").GetString());
        var assertion = new { number = request.Number, totp = story.Ann.FreshCode() };
        (await story.Owner.ApproveAsync(request.Id.Value, assertion)).IsProblem(409, "already_settled");
        Assert.Equal(2, (await story.Gateway.AuditAsync()).Count(record => record.Event.Type == AuditTypes.ChallengeNumberWrong));
        await story.Gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task Not_me_revokes_the_stolen_token_ends_grants_cancels_the_rest_and_tells()
    {
        await using var story = await Story.StartAsync();
        var admin = await story.Gateway.AddPersonAsync("root");
        await story.Gateway.MakeAdministratorAsync("root");
        using var administrator = await Visitor.SignedInAsync(story.Gateway, admin);
        var (granted, first) = await story.HoldAsync("ACME/web");
        Assert.Equal(200, (await story.Owner.ApproveAsync(granted.Id.Value, new { assertion = await story.Owner.AssertForAsync(story.Key, granted.Id.Value) })).Status);
        Assert.True(Visitor.Released(await first));
        await story.Gateway.AddRepositoryAsync("third");
        var (stolen, second) = await story.HoldAsync("ACME/core");
        var (waiting, third) = await story.HoldAsync("ACME/third");

        Assert.Equal(200, (await story.Owner.PostAsync($"requests/{stolen.Id}/report", new { })).Status);

        await Task.WhenAll(Settled(second), Settled(third));
        Assert.Equal("reported", (await story.Owner.GetApiAsync($"requests/{stolen.Id}")).Json.GetProperty("cause").GetString());
        Assert.Equal("cancelled", (await story.Owner.GetApiAsync($"requests/{waiting.Id}")).Json.GetProperty("state").GetString());
        Assert.Equal(401, (await story.Owner.FetchAsync(story.Ann, "ACME/web")).Status);
        Assert.Contains("You reported request", (await story.Owner.GetApiAsync("notices")).Body, StringComparison.Ordinal);
        Assert.Contains("ann reported request", (await administrator.GetApiAsync("notices")).Body, StringComparison.Ordinal);

        // Also when it was settled before: what counts is that somebody else has the token.
        Assert.Equal(200, (await story.Owner.PostAsync($"requests/{granted.Id}/report", new { })).Status);
        await story.Gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task A_flood_of_commands_is_coalesced_and_limited_and_the_person_recovers()
    {
        await using var gateway = await GatewayFixture.StartAsync(settings: new() { ["Holds:PerPerson"] = "3" });
        var ann = await gateway.AddPersonAsync();
        foreach (var name in new[] { "one", "two", "three", "four" })
        {
            await gateway.AddRepositoryAsync(name);
        }

        using var owner = await Visitor.SignedInAsync(gateway, ann);
        var same = Enumerable.Range(0, 20).Select(_ => owner.FetchAsync(ann, "ACME/one")).ToList();
        var others = new[] { owner.FetchAsync(ann, "ACME/two"), owner.FetchAsync(ann, "ACME/three") };
        for (var request = 0; request < 3; request++)
        {
            await ann.NextRequestAsync();
        }

        var tooMany = await owner.FetchAsync(ann, "ACME/four");
        Assert.False(Visitor.Released(tooMany));
        Assert.Contains("Too many commands are waiting", tooMany.Body, StringComparison.Ordinal);
        var pending = (await owner.GetApiAsync("requests?state=pending")).Json.EnumerateArray().Select(view => view.GetProperty("id").GetString()!).ToList();
        Assert.Equal(3, pending.Count);
        foreach (var id in pending)
        {
            Assert.Equal(200, (await owner.PostAsync($"requests/{id}/deny", new { })).Status);
        }

        Assert.All(await Task.WhenAll([.. same, .. others]), answer => Assert.False(Visitor.Released(answer)));
        var next = owner.FetchAsync(ann, "ACME/four");
        await ann.ApproveNextAsync();
        Assert.True(Visitor.Released(await next));
        await gateway.AssertInvariantsAsync();
    }

    private static string WithoutKey(Answer page) => Regex.Replace(page.Body, "name=\"form-key\"[^>]*", "");

    private static async Task Settled(Task<Answer> held)
    {
        try
        {
            Assert.False(Visitor.Released(await held));
        }
        catch (HttpRequestException)
        {
            // Cut off: its access ended while it waited.
        }
    }
}
