using Countersign.Server.Audit;
using Countersign.Server.Tests.Fixtures;
using Countersign.Server.Transports.Https;
using static Countersign.Server.Tests.Regressions.RawConnection;

namespace Countersign.Server.Tests.Regressions;

/// <summary>Looking for a door that leads past the enforcement point: other protocols, other methods, other spellings.</summary>
[Trait("Category", "slow")]
public sealed class DoorTests
{
    private const string Core = "/scm/ACME/core.git";

    [Fact]
    public async Task Every_other_door_than_smart_HTTP_is_shut()
    {
        await using var gateway = await GatewayFixture.StartAsync(AllowAll);
        var ann = await gateway.AddPersonAsync();
        var tip = await gateway.TipAsync(await gateway.AddRepositoryAsync());
        var before = (await gateway.AuditAsync()).Count;
        string[] addresses =
        [
            "/info/refs", "/info/refs?", "/info/refs?service=", "/HEAD", "/config", "/description", "/packed-refs", "/hooks/pre-receive", "/objects/info/packs",
            "/objects/info/alternates", "/objects/info/http-alternates", $"/objects/{tip![..2]}/{tip[2..]}", "/objects/pack/pack-0000.pack",
            "/refs/heads/main", "/logs/HEAD", "/git-upload-archive", "/archive.zip", "/archive/main.tar.gz", "/raw/main/file1.txt", "/browse",
            "/info/refs?service=git-upload-archive", "/info/refs?service=git-upload-pack&service=git-receive-pack", "/info/refs?service=git-receive-pack&service=git-upload-pack",
            "/info/refs?service=git-upload-pack&x=1", "/info/refs?x=1&service=git-upload-pack", "/info/refs?Service=git-upload-pack", "/info/refs?service=GIT-UPLOAD-PACK",
            "/info/refs?service=git%2dupload-pack", "/info/refs?service=git-upload-pack%00", "/info/refs?service=git-upload-pack%26service=git-receive-pack",
            "/info/refs;service=git-upload-pack", "/info/refs/?service=git-upload-pack", "/info/REFS?service=git-upload-pack", "/info/refs?service=git-upload-pack#x",
            "/info/lfs", "/info/lfs/objects/batch", "/info/lfs/locks/verify", "/info/lfs/objects/0000", "/git-upload-pack", "/git-receive-pack", "", "/", "/.git/config",
        ];
        foreach (var address in addresses)
        {
            var answer = await AskAsync(gateway, Get(Core + address, Basic(ann)));
            Assert.True(answer.Status is >= 400 and < 500 && IsEmptyOfContent(answer), $"GET {address}: {answer}");
        }

        string[] methods = ["HEAD", "OPTIONS", "TRACE", "PUT", "DELETE", "PATCH", "PROPFIND", "PROPPATCH", "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK", "REPORT", "get", "Get", "QUERY", "CONNECT"];
        foreach (var method in methods)
        {
            foreach (var address in new[] { "/info/refs?service=git-upload-pack", "/info/refs?service=git-receive-pack", "/git-upload-pack", "/git-receive-pack", "/objects/info/packs" })
            {
                var answer = await AskToTheEndAsync(gateway, $"{method} {Core}{address} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{Basic(ann)}\r\n");
                Assert.True(answer.StartsWith("HTTP/1.1 4", StringComparison.Ordinal), $"{method} {address}: {answer}");
                Assert.DoesNotContain("refs/heads", answer, StringComparison.Ordinal);
            }
        }

        var archive = await AskAsync(gateway, Post(Core, "git-upload-archive", Basic(ann), "0000"));
        Assert.Equal(404, archive.Status);
        Assert.Equal(before, (await gateway.AuditAsync()).Count);
        await gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task A_write_cannot_be_dressed_as_a_read_by_its_content_type_or_service()
    {
        await using var gateway = await GatewayFixture.StartAsync(AllowAll);
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        var before = (await gateway.AuditAsync()).Count;
        string Send(string service, string type) =>
            $"POST {Core}/{service} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nConnection: close\r\n{type}{Basic(ann)}\r\n0000";
        foreach (var type in new[]
        {
            "", "Content-Type: application/x-git-upload-pack-request\r\n", "Content-Type: application/x-git-receive-pack-request; charset=utf-8\r\n",
            "Content-Type: application/x-git-receive-pack-result\r\n", "Content-Type: text/plain\r\n", "Content-Type: APPLICATION/x-git-receive-pack-request\r\n",
            "Content-Type: application/x-git-receive-pack-request\r\nContent-Type: application/x-git-upload-pack-request\r\n",
        })
        {
            Assert.StartsWith("HTTP/1.1 4", await AskToTheEndAsync(gateway, Send("git-receive-pack", type)), StringComparison.Ordinal);
        }

        foreach (var service in new[] { "git-receive-pack/", "git-receive-pack?service=git-upload-pack", "Git-receive-pack", "git-receive-pack%20", "git-receive-pack;x", "git-receive-pack.git" })
        {
            Assert.StartsWith("HTTP/1.1 4", await AskToTheEndAsync(gateway, Send(service, "Content-Type: application/x-git-receive-pack-request\r\n")), StringComparison.Ordinal);
        }

        Assert.Equal(before, (await gateway.AuditAsync()).Count);
        await gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task No_second_spelling_of_an_address_reaches_a_repository()
    {
        await using var gateway = await GatewayFixture.StartAsync(AllowAll);
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        await gateway.AddRepositoryAsync("other");
        var before = (await gateway.AuditAsync()).Count;
        const string Ask = "/info/refs?service=git-upload-pack";
        string[] spellings =
        [
            "//scm/ACME/core.git", "/scm//ACME/core.git", "/scm/ACME//core.git", "/scm/ACME/core.git/", "/./scm/ACME/core.git", "/scm/./ACME/core.git",
            "/scm/ACME/./core.git", "/scm/ACME/../ACME/core.git", "/x/../scm/ACME/core.git", "/scm/ACME/other/../core.git", "/scm/ACME/core.git/../core.git",
            "/scm/%2e/ACME/core.git", "/scm/ACME/%2e%2e/ACME/core.git", "/scm/ACME%2fcore.git", "/scm/ACME/core%2egit", "/scm%2fACME/core.git", "/%73cm/ACME/core.git",
            "/scm/ACME%5ccore.git", "/scm/ACME\\core.git", "/scm\\ACME/core.git", "/scm/ACME/core.git%00", "/scm/ACME/core%00.git", "/scm/ACME/core.git%0a", "/scm/ACME/core.git%20",
            "/scm/ACME/%63ore.git", "/scm/ACME/%2563ore.git", "/scm/ACME/%252e%252e/ACME/core.git", "/scm/%25%34%31CME/core.git", "/scm/ACME/core.git;x=1", "/scm/ACME;x/core.git",
            "/scm;x/ACME/core.git", "/SCM/ACME/core.git", "/Scm/ACME/core.git", "/scm/ACME/core.git.git", "/scm/ACME/core.git/.git", "/scm/ACME/.git", "/scm/ACME/core.lock", "/scm/ACME/core.",
            "/scm/ACME/..", "/scm/../core.git", "/scm/ACME/core\u00adx.git", "/scm/ACME/cor\u00e9.git", "/scm/ACME/core.git#", "/scm/ACME/%2e%67it", "/scm/ACME/~core.git", "/scm/ACME/core~1",
            "/scm/ACME/core.git::$DATA", "/scm/ACME/c*re.git", "/scm/ACME/core@{1}", "/scm/ACME/core.git/x/..", "/w/scm/ACME/core.git", "/w//scm/ACME/core.git", "/w/x/y/scm/ACME/core.git", "/a/../scm/ACME/core.git",
            "http://localhost/scm/ACME/core.git", "http://evil.example.org/scm/ACME/core.git", "https://localhost/scm/ACME/core.git", "*", "scm/ACME/core.git",
        ];
        foreach (var spelling in spellings)
        {
            var answer = await AskToTheEndAsync(gateway, $"GET {spelling}{Ask} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{Basic(ann)}\r\n");
            Assert.True(answer.StartsWith("HTTP/1.1 4", StringComparison.Ordinal), $"{spelling}: {answer}");
            Assert.DoesNotContain("refs/heads", answer, StringComparison.Ordinal);
        }

        Assert.DoesNotContain((await gateway.AuditAsync()).Skip(before), record => record.Event.Facts.GetValueOrDefault("outcome") == "allow");

        // These are one repository with one name, and that name is what was decided on.
        foreach (var spelling in new[] { "/scm/acme/CORE.GIT", "/scm/ACME/core", "/scm/AcMe/Core.git" })
        {
            Assert.Equal(200, (await AskAsync(gateway, Get(spelling + Ask, Basic(ann)))).Status);
            Assert.Equal("ACME/core", (await gateway.AuditAsync()).Last(record => record.Event.Type == AuditTypes.CommandDecided).Event.Facts["repository"]);
        }

        await gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task A_key_of_a_command_opens_nothing_for_another_repository_or_another_person_or_when_forged()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        var bob = await gateway.AddPersonAsync("bob");
        await gateway.AddRepositoryAsync();
        await gateway.AddRepositoryAsync("other");
        const string Ask = "/info/refs?service=git-upload-pack";
        const string Refs = "0014command=ls-refs\n0000";
        var v2 = "Git-Protocol: version=2\r\nUser-Agent: git/2.39.5\r\n";
        var location = (await AskAsync(gateway, Get(Core + Ask, v2))).Header("Location")!;
        var token = location.Split('/')[2];
        using var held = await RawConnection.OpenAsync(gateway);
        await held.SendAsync(Post($"/w/{token}{Core}", "git-upload-pack", v2 + Basic(ann), Refs));
        var request = await ann.ApproveNextAsync();
        Assert.Equal(token, request.CommandToken!.ToString());
        Assert.Contains("refs/heads/main", (await held.ReadAnswerAsync()).Body, StringComparison.Ordinal);

        // Used again by the same command: that is what it is for.
        Assert.Contains("refs/heads/main", (await AskAsync(gateway, Post($"/w/{token}{Core}", "git-upload-pack", v2 + Basic(ann), Refs))).Body, StringComparison.Ordinal);

        // Bob's command with ann's key is bob's, and waits for bob.
        using var bobs = await RawConnection.OpenAsync(gateway);
        await bobs.SendAsync(Post($"/w/{token}{Core}", "git-upload-pack", v2 + Basic(bob), Refs));
        var asked = await bob.DenyNextAsync();
        Assert.NotEqual(request.Id, asked.Id);
        Assert.DoesNotContain("refs/heads", (await bobs.ReadAnswerAsync()).Body, StringComparison.Ordinal);

        // For another repository, without the key, and with a forged key, ann is asked anew.
        var forged = Enumerable.Range(0, 100).Select(number => $"{request.Id}-{number:00}").First(text => text != token);
        foreach (var path in new[] { $"/w/{token}/scm/ACME/other.git", $"/w/{forged}{Core}", Core })
        {
            using var other = await RawConnection.OpenAsync(gateway);
            await other.SendAsync(Post(path, "git-upload-pack", v2 + Basic(ann), Refs));
            var fresh = await ann.DenyNextAsync();
            Assert.NotEqual(request.Id, fresh.Id);
            Assert.DoesNotContain("refs/heads", (await other.ReadAnswerAsync()).Body, StringComparison.Ordinal);
            gateway.Clock.Advance(TimeSpan.FromSeconds(16)); // three of these stay within the grant's minute
            Assert.Equal(200, (await AskAsync(gateway, Post($"/w/{token}{Core}", "git-upload-pack", v2 + Basic(ann), Refs))).Status);
            gateway.Clock.Advance(TimeSpan.FromSeconds(46)); // past the denial's cool-down
        }

        foreach (var broken in new[] { "x", "-", "AAAA-BBBB", "AAAA-BBBB-", $"{token}0", $"{token}-1", token.ToLowerInvariant() + "%00", ".." })
        {
            var answer = await AskAsync(gateway, Post($"/w/{broken}{Core}", "git-upload-pack", v2 + Basic(ann), Refs));
            Assert.True(answer.Status is 400 or 404, $"{broken}: {answer}");
        }

        await gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task Copying_the_line_from_the_terminal_into_a_browser_leads_to_the_approval_page_and_approves_nothing()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var path = await gateway.AddRepositoryAsync();
        var token = gateway.Get<CommandRedirect>().Mint(path);
        var answer = await AskAsync(gateway, Get($"/w/{token}{Core}/", ""));
        Assert.Equal((302, $"/a/{token.Id}"), (answer.Status, answer.Header("Location")));
        Assert.DoesNotContain(await gateway.AuditAsync(), record => record.Event.Type.StartsWith("challenge.", StringComparison.Ordinal));
        await gateway.AssertInvariantsAsync();
    }

    private const string AllowAll = "version: 1\nmode: enforce\nrules:\n  - { name: open, effect: allow }\n";

    private static bool IsEmptyOfContent(RawAnswer answer) =>
        !answer.Body.Contains("refs/heads", StringComparison.Ordinal) && !answer.Body.Contains("[core]", StringComparison.Ordinal);
}
