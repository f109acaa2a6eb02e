using System.Net;
using Countersign.Server.Audit;
using Countersign.Server.Tests.Fixtures;
using static Countersign.Server.Tests.Regressions.RawConnection;
using Countersign.Server.Tests.Regressions;

namespace Countersign.Server.Tests.Proxies;

/// <summary>One client address for Git, pages and API: the proxy's word where it is trusted, the connection's where it is not.</summary>
[Trait("Category", "slow")]
public sealed class ClientAddressTests
{
    private const string Refs = "/scm/ACME/core.git/info/refs?service=git-receive-pack";

    [Fact]
    public async Task A_command_behind_a_trusted_proxy_is_bound_to_the_address_that_the_proxy_names()
    {
        await using var gateway = await BehindAProxyAsync();
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        using var connection = await RawConnection.OpenAsync(gateway);
        await connection.SendAsync(Get(Refs, Basic(ann) + "X-Forwarded-For: 198.51.100.1, 203.0.113.9\r\n"));
        var request = await ann.NextRequestAsync();
        Assert.Equal("203.0.113.9", request.Client.ToString());
        await ann.ApproveAsync(request);
        Assert.Equal(200, (await connection.ReadAnswerAsync()).Status);

        // The approval is that address's: another machine behind the same proxy is asked anew.
        using var other = await RawConnection.OpenAsync(gateway);
        await other.SendAsync(Get(Refs, Basic(ann) + "X-Forwarded-For: 203.0.113.10\r\n"));
        Assert.Equal("203.0.113.10", (await ann.DenyNextAsync()).Client.ToString());
        Assert.Equal(403, Effective(await other.ReadAnswerAsync()));
        await gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task Attack_garbage_where_the_address_stands_denies_Git_sign_in_and_pages()
    {
        await using var gateway = await BehindAProxyAsync();
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        var before = (await gateway.AuditAsync()).Count;
        foreach (var header in new[] { "unknown", "203.0.113.9, ;;;", "", "203.0.113.9\r\nX-Forwarded-For: x", string.Join(',', Enumerable.Repeat("203.0.113.9", 40)) })
        {
            var forwarded = $"X-Forwarded-For: {header}\r\n";
            foreach (var message in new[]
            {
                Get(Refs, Basic(ann) + forwarded),
                Get("/sign-in", forwarded),
                "POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\n" + forwarded + "\r\n{}",
            })
            {
                var answer = await AskAsync(gateway, message);
                Assert.Equal((400, "X-Forwarded-For must be a list of IP addresses.\n"), (answer.Status, answer.Body));
            }
        }

        Assert.Equal(before, (await gateway.AuditAsync()).Count);
        await gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task Attack_a_client_that_is_no_proxy_names_no_address()
    {
        await using var gateway = await GatewayFixture.StartAsync(options: options => options with { TrustedProxies = [IPNetwork.Parse("10.0.0.0/8")] });
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        using var connection = await RawConnection.OpenAsync(gateway);
        await connection.SendAsync(Get(Refs, Basic(ann) + "X-Forwarded-For: 203.0.113.9\r\nForwarded: for=203.0.113.9\r\nX-Real-IP: 203.0.113.9\r\n"));
        Assert.Equal("127.0.0.1", (await ann.DenyNextAsync()).Client.ToString());
        await connection.ReadAnswerAsync();

        // Garbage from somebody who is not believed anyway is nobody's business.
        Assert.Equal(401, (await AskAsync(gateway, Get(Refs, "X-Forwarded-For: ;;;\r\n"))).Status);
        await gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task A_proxy_that_names_nobody_speaks_for_itself()
    {
        await using var gateway = await BehindAProxyAsync();
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        using var connection = await RawConnection.OpenAsync(gateway);
        await connection.SendAsync(Get(Refs, Basic(ann) + "Forwarded: for=203.0.113.9\r\nX-Real-IP: 203.0.113.9\r\n"));
        Assert.Equal("127.0.0.1", (await ann.DenyNextAsync()).Client.ToString());
        await connection.ReadAnswerAsync();
        await gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task Sign_in_by_API_and_by_page_and_rejected_credentials_are_counted_by_the_same_address()
    {
        await using var gateway = await BehindAProxyAsync();
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        using var visitor = new Visitor(gateway);
        var session = await visitor.PostAsync("session", new { user = "ann", password = TestPerson.Password, totp = ann.FreshCode() }, ("X-Forwarded-For", "203.0.113.7"));
        Assert.Equal(200, session.Status);
        Assert.Equal(401, (await visitor.PostAsync("session", new { user = "ann", password = "wrong" }, ("X-Forwarded-For", "203.0.113.8"))).Status);
        Assert.Equal(401, (await AskAsync(gateway, Get(Refs, BasicOf("ann", "csn_wrong") + "X-Forwarded-For: 203.0.113.9\r\n"))).Status);

        var records = await gateway.AuditAsync();
        Assert.Equal("203.0.113.7", records.Single(record => record.Event.Type == AuditTypes.SessionStarted).Event.Facts["address"]);
        Assert.Equal("203.0.113.8", records.Single(record => record.Event.Type == AuditTypes.SessionRefused).Event.Facts["address"]);
        Assert.Equal("203.0.113.9", records.Single(record => record.Event.Type == AuditTypes.CredentialRejected).Event.Facts["client"]);
    }

    [Fact]
    public async Task Links_and_redirects_take_nothing_from_a_trusted_proxy_either()
    {
        await using var gateway = await BehindAProxyAsync();
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        const string Headers = "X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil.example.org\r\nX-Forwarded-Prefix: /evil\r\n";
        using var connection = await RawConnection.OpenAsync(gateway);
        await connection.SendAsync(Get(Refs, Basic(ann) + Headers));
        await ann.DenyNextAsync();
        var answer = await connection.ReadAnswerAsync();
        Assert.Contains(gateway.Url, answer.Body, StringComparison.Ordinal);
        Assert.DoesNotContain("evil", answer.Body, StringComparison.Ordinal);
        var page = await AskAsync(gateway, Get("/", Headers));
        Assert.DoesNotContain("evil", page.Header("Location") + page.Body, StringComparison.Ordinal);
        await gateway.AssertInvariantsAsync();
    }

    /// <summary>A client that is no git gets the refusal inside an answer 200: an ERR packet.</summary>
    private static int Effective(RawAnswer answer) => answer.Status == 200 && answer.Body.Contains("ERR ", StringComparison.Ordinal) ? 403 : answer.Status;

    private static Task<GatewayFixture> BehindAProxyAsync() =>
        GatewayFixture.StartAsync(options: options => options with { TrustedProxies = [IPNetwork.Parse("127.0.0.0/8")] });
}
