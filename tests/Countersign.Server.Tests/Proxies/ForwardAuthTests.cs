using System.Net;
using Countersign.Core.Git;
using Countersign.Core.Identities;
using Countersign.Server.Audit;
using Countersign.Server.Enforcement;
using Countersign.Server.People;
using Countersign.Server.Tests.Cli;
using Countersign.Server.Tests.Fixtures;
using Countersign.Server.Tests.Regressions;
using Countersign.Server.Web.Views;
using static Countersign.Server.Tests.Regressions.RawConnection;

namespace Countersign.Server.Tests.Proxies;

/// <summary>The questions of proxies, in each of their forms, and what is no question.</summary>
[Trait("Category", "slow")]
public sealed class ForwardAuthTests
{
    private const string Fetch = "/scm/ACME/core.git/info/refs?service=git-upload-pack";
    private const string Push = "/scm/ACME/core.git/git-receive-pack";
    private const string PushType = "Content-Type: application/x-git-receive-pack-request\r\n";
    private const string From = "X-Forwarded-For: 203.0.113.9\r\n";
    private const string Open = "version: 1\nmode: enforce\nrules:\n  - { name: open, effect: allow }\n";

    public static TheoryData<string, string> Questions => new()
    {
        { "/forward-auth", $"X-Original-Method: GET\r\nX-Original-URI: {Fetch}\r\n" },
        { "/forward-auth", $"X-Forwarded-Method: GET\r\nX-Forwarded-Uri: {Fetch}\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: git.example.org\r\n" },
        { "/forward-auth" + Fetch, "" },
    };

    [Theory]
    [MemberData(nameof(Questions))]
    public async Task A_question_is_held_until_it_is_approved_and_denied_with_403(string target, string headers)
    {
        await using var gateway = await BehindAProxyAsync();
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        Assert.Equal(401, (await AskAsync(gateway, Get(target, headers + From))).Status);
        Assert.Equal(401, (await AskAsync(gateway, Get(target, headers + From + BasicOf("ann", "csn_wrong")))).Status);

        using var connection = await RawConnection.OpenAsync(gateway);
        await connection.SendAsync(Get(target, headers + From + Basic(ann)));
        var request = await ann.ApproveNextAsync();
        Assert.Equal(("203.0.113.9", "ACME/core"), (request.Client.ToString(), request.Command.Repository.ToString()));
        var allowed = await connection.ReadAnswerAsync();
        Assert.Equal((200, "", "ann"), (allowed.Status, allowed.Body, allowed.Header("X-Countersign-Person")));
        var record = (await gateway.AuditAsync()).Single(record => record.Seq.ToString() == allowed.Header("X-Countersign-Decision"));
        Assert.Equal((AuditTypes.CommandDecided, "allow", "proxy"), (record.Event.Type, record.Event.Facts["outcome"], record.Event.Facts["carrier"]));

        await connection.SendAsync(Get(target.Replace("core", "web"), headers.Replace("core", "web") + From + Basic(ann)));
        var unknown = await connection.ReadAnswerAsync();
        Assert.Equal((403, null), (unknown.Status, unknown.Header("X-Countersign-Decision")));
        Assert.Contains("ACME/web was not found", unknown.Body, StringComparison.Ordinal);

        await connection.SendAsync(Get(target, headers + From.Replace('9', '8') + Basic(ann)));
        var denial = await ann.DenyNextAsync();
        var denied = await connection.ReadAnswerAsync();
        Assert.Equal((403, null), (denied.Status, denied.Header("X-Countersign-Decision")));
        Assert.Contains($"(request {denial.Id})", denied.Body, StringComparison.Ordinal);
        await gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task The_page_says_of_a_push_through_a_proxy_that_nobody_here_will_know_its_refs()
    {
        await using var gateway = await BehindAProxyAsync();
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        using var connection = await RawConnection.OpenAsync(gateway);
        await connection.SendAsync(Get("/forward-auth", $"X-Original-Method: GET\r\nX-Original-URI: {Fetch.Replace("upload", "receive", StringComparison.Ordinal)}\r\n" + From + Basic(ann)));
        var asked = await ann.NextRequestAsync();
        Assert.Equal(
            "A proxy sends it to the Git host itself. Which refs and files it changes is not seen here, now or later.",
            new RequestView(asked, gateway.Clock.GetUtcNow()).Note);
        await ann.ApproveAsync(asked);
        Assert.Equal(200, (await connection.ReadAnswerAsync()).Status);
        await gateway.RestartAsync();
        Assert.NotEqual(HiddenRefs.None, gateway.Get<ChallengeReader>().ListAll(1)[0].Command.Hidden);
    }

    [Fact]
    public async Task Attack_whoever_is_no_proxy_finds_nothing_there()
    {
        await using var gateway = await GatewayFixture.StartAsync(Open, options: options => options with { TrustedProxies = [IPNetwork.Parse("10.0.0.0/8")] });
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        foreach (var target in new[] { "/forward-auth", "/forward-auth" + Fetch, "/forward-auth?x" })
        {
            Assert.Equal(404, (await AskAsync(gateway, Get(target, $"X-Original-Method: GET\r\nX-Original-URI: {Fetch}\r\n" + From + Basic(ann)))).Status);
        }

        Assert.DoesNotContain(await gateway.AuditAsync(), record => record.Event.Type == AuditTypes.CommandDecided);
    }

    [Fact]
    public async Task Attack_two_sources_or_none_and_a_nameless_client_are_refused()
    {
        await using var gateway = await BehindAProxyAsync(Open);
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        var nginx = $"X-Original-Method: GET\r\nX-Original-URI: {Fetch}\r\n";
        var traefik = $"X-Forwarded-Method: GET\r\nX-Forwarded-Uri: {Fetch}\r\n";
        Assert.Equal(200, (await AskAsync(gateway, Get("/forward-auth", nginx + From + Basic(ann)))).Status);
        var questions = new Dictionary<string, string>
        {
            ["both"] = Get("/forward-auth", nginx + traefik + From),
            ["one and a half"] = Get("/forward-auth", nginx + $"X-Forwarded-Uri: {Fetch}\r\n" + From),
            ["the other half"] = Get("/forward-auth", traefik + "X-Original-Method: GET\r\n" + From),
            ["a length from the client"] = Get("/forward-auth", traefik + "X-Original-Content-Length: 4\r\n" + From),
            ["headers and a prefix"] = Get("/forward-auth" + Fetch, nginx + From),
            ["other headers and a prefix"] = Get("/forward-auth" + Fetch, traefik + From),
            ["none"] = Get("/forward-auth", From),
            ["a query"] = Get("/forward-auth?x=y", nginx + From),
            ["no method"] = Get("/forward-auth", $"X-Original-URI: {Fetch}\r\n" + From),
            ["an empty method"] = Get("/forward-auth", $"X-Original-Method: \r\nX-Original-URI: {Fetch}\r\n" + From),
            ["no target"] = Get("/forward-auth", "X-Original-Method: GET\r\n" + From),
            ["two targets"] = Get("/forward-auth", nginx + "X-Original-URI: /scm/ACME/web.git/info/refs?service=git-upload-pack\r\n" + From),
            ["two methods"] = Get("/forward-auth", nginx + "X-Original-Method: POST\r\n" + From),
            ["two lengths"] = Get("/forward-auth", nginx + "X-Original-Content-Length: 4\r\nX-Original-Content-Length: 400\r\n" + From),
            ["nobody's address"] = Get("/forward-auth", nginx),
        };
        foreach (var (name, question) in questions)
        {
            var answer = await AskAsync(gateway, question.Replace("Host: localhost\r\n", "Host: localhost\r\n" + Basic(ann), StringComparison.Ordinal));
            Assert.True(answer.Status == 403 && answer.Header("X-Countersign-Decision") is null, $"{name}: {answer.Status}");
        }
    }

    [Theory]
    [InlineData("/scm/acme/core/info/refs?service=git-upload-pack", 200)] // as Bitbucket shows it
    [InlineData("/scm/ACME/core/info/refs?service=git-upload-pack", 200)]
    [InlineData("/scm/Acme/core.git/info/refs?service=git-upload-pack", 403)]
    [InlineData("/scm/ACME/Core.git/info/refs?service=git-upload-pack", 403)]
    [InlineData("/scm/ACME/core.GIT/info/refs?service=git-upload-pack", 403)]
    [InlineData("/scm/ACME/core.git.git/info/refs?service=git-upload-pack", 403)]
    [InlineData("/scm/ACME/%63ore.git/info/refs?service=git-upload-pack", 403)]
    [InlineData("/scm/%7Eann/core.git/info/refs?service=git-upload-pack", 403)]
    [InlineData("/scm/ACME/%2e%2e/ACME/core.git/info/refs?service=git-upload-pack", 403)]
    [InlineData("/scm/ACME/../ACME/core.git/info/refs?service=git-upload-pack", 403)]
    [InlineData("//scm/ACME/core.git/info/refs?service=git-upload-pack", 403)]
    [InlineData("/scm//ACME/core.git/info/refs?service=git-upload-pack", 403)]
    [InlineData("/scm/ACME/core.git//info/refs?service=git-upload-pack", 403)]
    [InlineData("/scm/ACME/core.git/info/refs?service=git-upload-pack&service=git-receive-pack", 403)]
    [InlineData("/scm/ACME/core.git/info/refs?service=git-upload-pack&", 403)]
    [InlineData("/scm/ACME/core.git/info/refs?Service=git-upload-pack", 403)]
    [InlineData("/scm/ACME/core.git/info/refs?service=git%2dupload-pack", 403)]
    [InlineData("/scm/ACME/core.git/info/refs;x?service=git-upload-pack", 403)]
    [InlineData("/scm/ACME/core.git/info/refs", 403)]
    [InlineData("/scm/ACME/core.git/HEAD", 403)]
    [InlineData("/scm/ACME/core.git/objects/info/packs", 403)]
    [InlineData("/w/WDJB-MJHT-42/scm/ACME/core.git/info/refs?service=git-upload-pack", 403)]
    [InlineData("http://git.example.org/scm/ACME/core.git/info/refs?service=git-upload-pack", 403)]
    [InlineData("/scm/ACME/core.git/info/refs?service=git-upload-pack#x", 403)]
    [InlineData("/scm/ACME/core.git/info/refs?service=git-upload-archive", 403)]
    [InlineData("/rest/api/1.0/projects", 403)]
    public async Task Attack_only_the_plain_spelling_is_let_through_because_nothing_can_be_rewritten(string target, int status)
    {
        await using var gateway = await BehindAProxyAsync(Open);
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        var answer = await AskAsync(gateway, Get("/forward-auth", $"X-Original-Method: GET\r\nX-Original-URI: {target}\r\n" + From + Basic(ann)));
        Assert.Equal(status, answer.Status);
        if (!target.Contains('#', StringComparison.Ordinal) && target.StartsWith('/'))
        {
            Assert.Equal(status, (await AskAsync(gateway, Get("/forward-auth" + target, From + Basic(ann)))).Status);
        }
    }

    [Theory]
    [InlineData("/scm", "--workspace ACME=beta --workspace BETA=acme", "/scm/ACME/core.git", 403)] // to the host that is BETA's
    [InlineData("/scm", "--workspace ACME=beta --workspace BETA=acme", "/scm/acme/core.git", 403)]
    [InlineData("/scm", "--workspace ACME=beta", "/scm/ACME/core.git", 403)] // to the host that is nobody's here
    [InlineData("/git", "--workspace ACME=beta", "/git/beta/core.git", 200)]
    [InlineData("/git", "--workspace ACME=beta", "/scm/ACME/core.git", 403)]
    [InlineData("/scm", "--workspace BETA=acme", "/scm/acme/local.git", 403)] // ACME is on this machine, to the host it is BETA's
    [InlineData("/scm", "--workspace BETA=acme", "/scm/ACME/local.git", 403)]
    [InlineData("/scm", "--workspace ACME=acme", "/scm/ACME/core.git", 200)]
    [InlineData("/scm", "--workspace ACME=acme", "/scm/acme/core", 200)]
    [InlineData("/", "--workspace ACME=acme", "/acme/core.git", 200)]
    [InlineData("/", "--workspace ACME=acme", "/scm/ACME/core.git", 403)] // a group called scm
    [InlineData("/scm --mount none", "--workspace ACME=acme", "/scm/ACME/core.git", 200)]
    [InlineData("/scm --mount none", "--workspace ACME=beta", "/scm/ACME/core.git", 403)]
    public async Task Attack_an_address_that_leads_the_host_to_another_workspaces_repository_is_refused(string path, string workspaces, string repository, int status)
    {
        await using var gateway = await BehindAProxyAsync(Open);
        var ann = await gateway.AddPersonAsync();
        await CommandAsync(gateway, "workspace add BETA");
        await CommandAsync(gateway, $"upstream add far --kind smart-http --base http://127.0.0.1:1 --path {path} {workspaces}");
        if (repository.Contains("local", StringComparison.Ordinal))
        {
            await CommandAsync(gateway, "repo add ACME/local");
        }

        Assert.Equal(status, (await AskAsync(gateway, Get("/forward-auth", Question("GET", $"{repository}/info/refs?service=git-upload-pack") + Basic(ann)))).Status);
    }

    [Fact]
    public async Task A_push_uses_its_approval_up_and_a_probe_does_not()
    {
        await using var gateway = await BehindAProxyAsync();
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        var list = Question("GET", "/scm/ACME/core.git/info/refs?service=git-receive-pack");
        var push = PushType + Question("POST", Push);
        using var connection = await RawConnection.OpenAsync(gateway);
        await connection.SendAsync(Get("/forward-auth", list + Basic(ann)));
        await ann.ApproveNextAsync();
        Assert.Equal(200, (await connection.ReadAnswerAsync()).Status);
        foreach (var question in new[] { push + "X-Original-Content-Length: 4\r\n", push + "X-Original-Content-Length: 400\r\n" })
        {
            await connection.SendAsync(Get("/forward-auth", question + Basic(ann)));
            Assert.Equal(200, (await connection.ReadAnswerAsync()).Status);
        }

        // The approval was for one push: the next is asked about anew, and its denial stands.
        await connection.SendAsync(Get("/forward-auth", push + Basic(ann)));
        await ann.DenyNextAsync();
        Assert.Equal(403, (await connection.ReadAnswerAsync()).Status);
        await gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task Attack_two_pushes_at_once_share_no_approval()
    {
        await using var gateway = await BehindAProxyAsync();
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        var push = Get("/forward-auth", PushType + Question("POST", Push) + Basic(ann));
        using var one = await RawConnection.OpenAsync(gateway);
        using var other = await RawConnection.OpenAsync(gateway);
        await one.SendAsync(push);
        var first = await ann.NextRequestAsync();
        await other.SendAsync(push);
        await ann.ApproveAsync(first);
        await ann.DenyNextAsync(); // the loser of the race is asked anew
        var statuses = new[] { (await one.ReadAnswerAsync()).Status, (await other.ReadAnswerAsync()).Status };
        Assert.Equal([200, 403], statuses.Order());
        await gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task Attack_a_rule_about_some_refs_is_escaped_by_no_push()
    {
        await using var gateway = await BehindAProxyAsync("version: 1\nmode: enforce\nrules:\n  - { name: open, effect: allow }\n  - { name: closed, refs: [release/**], effect: deny }\n");
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        foreach (var question in new[] { Question("GET", "/scm/ACME/core.git/info/refs?service=git-receive-pack"), PushType + Question("POST", Push) })
        {
            var answer = await AskAsync(gateway, Get("/forward-auth", question + Basic(ann)));
            Assert.Equal(403, answer.Status);
            Assert.Contains("(rule closed)", answer.Body, StringComparison.Ordinal);
        }

        Assert.Equal(200, (await AskAsync(gateway, Get("/forward-auth", Question("GET", Fetch) + Basic(ann)))).Status);
    }

    [Fact]
    public async Task The_list_of_refs_is_held_in_every_protocol_version()
    {
        await using var gateway = await BehindAProxyAsync();
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        using var connection = await RawConnection.OpenAsync(gateway);
        await connection.SendAsync(Get("/forward-auth", Question("GET", Fetch) + "Git-Protocol: version=2\r\nUser-Agent: git/2.39.5\r\n" + Basic(ann)));
        await ann.DenyNextAsync();
        Assert.Equal(403, (await connection.ReadAnswerAsync()).Status);
        await gateway.AssertInvariantsAsync();
    }

    [Theory]
    [InlineData("GET", "/info/lfs/locks?path=a%2Fb&limit=1", true)]
    [InlineData("GET", "/info/lfs/objects/" + Oid, true)]
    [InlineData("GET", "/info/lfs/objects/abc", null)]
    [InlineData("GET", "/info/lfs/objects/" + Oid + "/x", null)]
    [InlineData("POST", "/info/lfs/objects/batch", false)]
    [InlineData("POST", "/info/lfs/locks", false)]
    [InlineData("PUT", "/info/lfs/objects/" + Oid, false)]
    [InlineData("TRACE", "/info/lfs/objects/batch", null)]
    [InlineData("get", "/info/lfs/objects/batch", null)]
    public async Task Large_files_are_reads_by_GET_and_writes_otherwise(string method, string end, bool? read)
    {
        await using var gateway = await BehindAProxyAsync("version: 1\nmode: enforce\nrules:\n  - { name: reads, operations: [read], effect: allow }\n");
        var ann = await gateway.AddPersonAsync(role: Role.Write);
        await gateway.AddRepositoryAsync();
        var answer = await AskAsync(gateway, Get("/forward-auth", Question(method, "/scm/ACME/core.git" + end) + "Content-Type: application/vnd.git-lfs+json\r\n" + Basic(ann)));
        Assert.Equal(read == true ? 200 : 403, answer.Status);
        var decided = (await gateway.AuditAsync()).Where(record => record.Event.Type == AuditTypes.CommandDecided).Select(record => record.Event.Facts["service"]);
        Assert.Equal(read switch { true => [$"{GitService.UploadPack}"], false => [$"{GitService.ReceivePack}"], null => [] }, decided);
    }

    [Fact]
    public async Task Disabling_the_person_ends_a_held_question()
    {
        await using var gateway = await BehindAProxyAsync();
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        using var connection = await RawConnection.OpenAsync(gateway);
        await connection.SendAsync(Get("/forward-auth", Question("GET", Fetch) + Basic(ann)));
        await ann.NextRequestAsync();
        Assert.Null((await gateway.Get<IPeople>().DisableAsync("ann", "test", TestContext.Current.CancellationToken)).Refusal);
        Assert.Equal(403, (await connection.ReadAnswerAsync()).Status);
        await gateway.AssertInvariantsAsync();
    }

    private const string Oid = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    private static string Question(string method, string target) => $"X-Original-Method: {method}\r\nX-Original-URI: {target}\r\n" + From;

    private static async Task CommandAsync(GatewayFixture gateway, string words)
    {
        var (exit, _, error) = await CommandLineTests.RunAsync([.. words.Split(' '), "--data", gateway.Options.Data]);
        Assert.True(exit == 0, error);
    }

    private static Task<GatewayFixture> BehindAProxyAsync(string? policy = null) =>
        GatewayFixture.StartAsync(policy, options: options => options with { TrustedProxies = [IPNetwork.Parse("127.0.0.1/32")] });
}
