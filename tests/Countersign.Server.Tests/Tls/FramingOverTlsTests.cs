using System.Net.Security;
using Countersign.Server.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Countersign.Server.Tests.Tls;

/// <summary>What is refused on a bare connection is refused behind TLS, and HTTP/2 has its own ways to be read twice.</summary>
[Trait("Category", "slow")]
public sealed class FramingOverTlsTests
{
    private const string Path = "/scm/ACME/core.git/info/refs?service=git-upload-pack";

    [Theory]
    [InlineData("http/1.1")]
    [InlineData("")]
    public async Task Attack_the_guard_of_HTTP_1_stands_behind_TLS_too(string alpn)
    {
        using var authority = new TestAuthority();
        await using var gateway = await GatewayFixture.StartAsync(options: authority.Serve);
        foreach (var broken in new[]
        {
            "Transfer-Encoding: chunked\r\n\r\n5;ext=1\r\nhello\r\n0\r\n\r\n",
            "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Trailer: 1\r\n\r\n",
            "Content-Length: +5\r\n\r\nhello",
            "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        })
        {
            using var client = await TlsClient.OpenAsync(gateway, authority, alpn.Length == 0 ? null : SslApplicationProtocol.Http11);
            await client.SendAsync("POST /scm/ACME/core.git/git-upload-pack HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-git-upload-pack-request\r\n" + broken);
            Assert.Matches("^HTTP/1.1 40[01]", await client.ReadHeadAsync()); // 401 where the head alone is asked; the body never counts
        }
    }

    [Fact]
    public async Task HTTP_2_has_its_authority_in_place_of_a_Host_header()
    {
        using var authority = new TestAuthority();
        await using var gateway = await GatewayFixture.StartAsync(options: authority.Serve);
        Assert.Equal("401", await AskAsync(gateway, authority, [.. Pseudo()]));
        Assert.Equal("404", await AskAsync(gateway, authority, [.. Pseudo("/scm/ACME")]));
    }

    public static TheoryData<string, string> ConnectionHeaders => new()
    {
        { "transfer-encoding", "chunked" },
        { "connection", "close" },
        { "connection", "upgrade" },
        { "keep-alive", "timeout=5" },
        { "proxy-connection", "keep-alive" },
        { "upgrade", "h2c" },
        { "te", "gzip" },
        { "http2-settings", "AAMAAABkAAQAAP__" },
    };

    [Theory]
    [MemberData(nameof(ConnectionHeaders))]
    public async Task Attack_headers_about_the_connection_have_no_place_in_HTTP_2(string name, string value)
    {
        using var authority = new TestAuthority();
        await using var gateway = await GatewayFixture.StartAsync(options: authority.Serve);
        Assert.Contains(await AskAsync(gateway, authority, [.. Pseudo(), (name, value)]), new[] { "400", "reset", "goaway" });
    }

    [Fact]
    public async Task Attack_what_is_no_TLS_greeting_ends_its_own_connection_and_says_nothing_in_the_log()
    {
        using var authority = new TestAuthority();
        using var log = new CollectedLog();
        await using var gateway = await GatewayFixture.StartAsync(options: authority.Serve, replace: services => services.AddLogging(logging => logging.AddProvider(log)));
        foreach (var greeting in new[] { "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "\x15\x03\x01\0\x02\x02\x46", "SSH-2.0-x\r\n", "\x16\x03\x01\0\x05\x01\0\0\x01\x03", new string('\xff', 600) })
        {
            using var client = new System.Net.Sockets.TcpClient();
            await client.ConnectAsync(System.Net.IPAddress.Loopback, gateway.Options.Https!.Port, TestContext.Current.CancellationToken);
            await client.GetStream().WriteAsync(System.Text.Encoding.Latin1.GetBytes(greeting), TestContext.Current.CancellationToken);
            var buffer = new byte[256];
            try
            {
                while (await client.GetStream().ReadAsync(buffer, TestContext.Current.CancellationToken) > 0)
                {
                }
            }
            catch (IOException)
            {
                // Reset: that is an end, too.
            }
        }

        Assert.Equal("401", await AskAsync(gateway, authority, Pseudo()));
        Assert.Empty(log.Lines);
    }

    [Fact]
    public async Task Attack_HTTP_2_requests_that_could_be_read_in_two_ways_are_refused()
    {
        using var authority = new TestAuthority();
        await using var gateway = await GatewayFixture.StartAsync(options: authority.Serve);
        var shapes = new Dictionary<string, (string, string)[]>
        {
            ["no authority"] = [(":method", "GET"), (":scheme", "https"), (":path", Path)],
            ["an empty authority"] = [(":method", "GET"), (":scheme", "https"), (":path", Path), (":authority", "")],
            ["two authorities"] = [.. Pseudo(), (":authority", "evil.example.org")],
            ["two hosts and no authority"] = [(":method", "GET"), (":scheme", "https"), (":path", Path), ("host", "a.example.org"), ("host", "b.example.org")],
            ["two paths"] = [.. Pseudo(), (":path", "/scm/ACME/web.git/info/refs?service=git-upload-pack")],
            ["a pseudo-header behind a header"] = [(":method", "GET"), (":scheme", "https"), ("x", "y"), (":path", Path), (":authority", "localhost")],
            ["an absolute path"] = [.. Pseudo("https://evil.example.org" + Path)],
            ["a path without its slash"] = [.. Pseudo("scm/ACME/core.git/info/refs?service=git-upload-pack")],
            ["a name in capitals"] = [.. Pseudo(), ("Authorization", "Basic eDp5")],
            ["a line feed in a value"] = [.. Pseudo(), ("x-one", "a\r\nx-two: b")],
            ["a zero byte in a value"] = [.. Pseudo(), ("x-one", "a\0b")],
            ["a length without a body"] = [.. Pseudo(), ("content-length", "5")],
            ["another scheme"] = [(":method", "GET"), (":scheme", "http"), (":path", Path), (":authority", "localhost")],
            ["a huge header"] = [.. Pseudo(), ("x-huge", new string('a', 40_000))],
        };
        foreach (var (shape, headers) in shapes)
        {
            var answer = await AskAsync(gateway, authority, headers);
            Assert.True(answer is "400" or "reset" or "goaway" or "431", $"{shape}: {answer}");
        }
    }

    private static async Task<string> AskAsync(GatewayFixture gateway, TestAuthority authority, (string, string)[] headers)
    {
        using var client = await Http2Client.OpenAsync(gateway, authority);
        return await client.AskAsync(headers);
    }

    private static (string, string)[] Pseudo(string path = Path) =>
        [(":method", "GET"), (":scheme", "https"), (":path", path), (":authority", "localhost")];
}
