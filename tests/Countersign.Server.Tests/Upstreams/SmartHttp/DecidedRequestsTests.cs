using System.Globalization;
using System.IO.Compression;
using System.Text;
using Countersign.Server.Audit;
using Countersign.Server.Upstreams;
using static Countersign.Server.Tests.Regressions.RawConnection;

namespace Countersign.Server.Tests.Upstreams.SmartHttp;

/// <summary>
/// Attacks from raw sockets on a gateway before a host that keeps every byte: it sees nothing, or exactly the one request that
/// was decided on, in the gateway's own spelling.
/// </summary>
[Trait("Category", "slow")]
public sealed class DecidedRequestsTests : IAsyncLifetime
{
    private const string Fetch = "0014command=ls-refs\n0000";
    private const string Inner = "GET /scm/ACME/core.git/info/refs?service=git-upload-pack HTTP/1.1\r\nHost: localhost\r\n\r\n";
    private readonly RawHost host = RawHost.StartGood();
    private FarStory story = null!;

    public async ValueTask InitializeAsync() => story = await FarStory.StartAsync(new UpstreamDefinition("far", "smart-http", host.Base) { Mount = "/git" });

    public async ValueTask DisposeAsync()
    {
        await story.DisposeAsync();
        await host.DisposeAsync();
    }

    private string Me => Basic(story.Ann);

    private string Post => "POST /scm/ACME/core.git/git-upload-pack HTTP/1.1\r\nHost: localhost\r\nGit-Protocol: version=2\r\n"
        + "Content-Type: application/x-git-upload-pack-request\r\n" + Me;

    private string InfoRefs => Expected("GET /core.git/info/refs?service=git-upload-pack HTTP/1.1",
        "Accept: application/x-git-upload-pack-advertisement, */*", "Cache-Control: no-cache", "Accept-Encoding: identity", "Git-Protocol: version=2");

    [Fact]
    public async Task Messages_that_can_be_framed_in_two_ways_never_reach_the_host()
    {
        var chunks = Chunk(Fetch) + "0\r\n\r\n";
        var length = $"Content-Length: {Fetch.Length.ToString(CultureInfo.InvariantCulture)}\r\n";
        string[] messages =
        [
            Post + length + "Transfer-Encoding: chunked\r\n\r\n" + chunks + Inner,
            Post + "Transfer-Encoding: chunked\r\n" + length + "\r\n" + chunks + Inner,
            Post + "Transfer-Encoding: identity, chunked\r\n\r\n" + chunks + Inner,
            Post + "Transfer-Encoding: xchunked\r\n\r\n" + chunks + Inner,
            Post + "Transfer-Encoding:\x0Bchunked\r\n\r\n" + chunks + Inner,
            Post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: cow\r\n\r\n" + chunks + Inner,
            Post + "Transfer-Encoding:\r\n chunked\r\n\r\n" + chunks + Inner,
            Post + "Transfer-Encoding : chunked\r\n\r\n" + chunks,
            Post + "Content-Length: +24\r\n\r\n" + Fetch + Inner,
            Post + length + length + "\r\n" + Fetch + Inner,
            Post + length + "Content-Length: 0\r\n\r\n" + Fetch + Inner,
            Post + "Transfer-Encoding: chunked\r\n\r\n" + $"{Fetch.Length:x};ext=1\r\n{Fetch}\r\n0\r\n\r\n" + Inner,
            Post + "Transfer-Encoding: chunked\r\n\r\n" + $"{Fetch.Length:x}\n{Fetch}\r\n0\r\n\r\n" + Inner,
            Post + "Transfer-Encoding: chunked\r\n\r\n" + Chunk(Fetch) + "0\r\nX-Trailer: evil\r\n\r\n" + Inner,
            Post + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff0\r\n" + Fetch,
            Post + "X-Long: one\r\n two\r\n" + length + "\r\n" + Fetch,
            Post + "X-Line: one\nX-Other: two\r\n" + length + "\r\n" + Fetch,
            Post + length + "Host: evil.example.org\r\n\r\n" + Fetch,
            Post + length + $"X-Huge: {new string('a', 100_000)}\r\n\r\n" + Fetch,
        ];
        foreach (var message in messages)
        {
            var answer = await AskToTheEndAsync(story.Gateway, message);
            Assert.True(answer.StartsWith("HTTP/1.1 4", StringComparison.Ordinal) && answer.Split("HTTP/1.1 ").Length == 2, $"{message}: {answer}");
        }

        Assert.Empty(host.Heads);
        Assert.DoesNotContain(await story.Gateway.AuditAsync(), record => record.Event.Type == AuditTypes.CommandDecided);
    }

    [Theory]
    [InlineData("X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Host: evil.example.org\r\nX-Forwarded-Proto: ftp\r\nForwarded: for=evil\r\nX-Real-IP: 203.0.113.9\r\n")]
    [InlineData("X-Accel-Redirect: /etc/passwd\r\nX-Accel-Buffering: yes\r\nX-Sendfile: /etc/passwd\r\nX-Original-URL: /evil\r\nX-Rewrite-URL: /evil\r\nX-HTTP-Method-Override: DELETE\r\n")]
    [InlineData("Connection: keep-alive, Authorization, Host, Git-Protocol, User-Agent\r\nKeep-Alive: 9\r\nProxy-Connection: evil\r\n")]
    [InlineData("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n")]
    [InlineData("TE: trailers, evil\r\nTrailer: X-Evil\r\nVia: 1.1 evil\r\nMax-Forwards: 0\r\n")]
    [InlineData("Proxy-Authorization: Basic ZXZpbDpldmls\r\nCookie: session=evil\r\nCookie2: evil\r\nReferer: http://evil/\r\nOrigin: http://evil\r\n")]
    [InlineData("X-Remote-User: root\r\nRemote-User: root\r\nX-Forwarded-User: root\r\nX-Countersign-Approved: yes\r\nSudo: root\r\nPrivate-Token: evil\r\n")]
    [InlineData("Accept: text/html\r\nAccept-Encoding: br, evil\r\nAccept-Language: evil\r\nUser-Agent: git/2.39.5-evil\r\nRange: bytes=0-1\r\nIf-None-Match: *\r\nCache-Control: only-if-cached\r\n")]
    [InlineData("traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\ntracestate: evil=1\r\nbaggage: evil=1\r\nExpect: 100-continue\r\n")]
    public async Task No_header_of_the_client_gets_through(string headers)
    {
        // A client that calls itself git is redirected first; the mark on its address is not passed on either.
        var first = await AskAsync(story.Gateway, Get("/scm/ACME/core.git/info/refs?service=git-upload-pack", Me + "Git-Protocol: version=2:evil=1\r\n" + headers));
        var answer = first.Status == 302 ? await AskAsync(story.Gateway, Get(first.Header("Location")!, Me + "Git-Protocol: version=2\r\n" + headers)) : first;

        Assert.Equal(200, answer.Status);
        Assert.Contains("fetch=shallow sideband-all", answer.Body, StringComparison.Ordinal);
        Assert.Equal(InfoRefs, Canonical(Assert.Single(host.Heads)));
        Assert.Null(answer.Header("Upgrade"));
    }

    [Theory]
    [InlineData("/scm/ACME/core.git")]
    [InlineData("/scm/acme/CORE.GIT")]
    [InlineData("/scm/Acme/Core")]
    [InlineData("/git/core.git")]
    [InlineData("/GIT/Core")]
    public async Task Every_spelling_of_a_repository_is_one_request_in_one_spelling(string path)
    {
        var answer = await AskAsync(story.Gateway, Get($"{path}/info/refs?service=git-upload-pack", Me + "Git-Protocol: version=2\r\n"));

        Assert.Equal(200, answer.Status);
        Assert.Equal(InfoRefs, Canonical(Assert.Single(host.Heads)));
    }

    [Theory]
    [InlineData("/scm/ACME/../ACME/core.git/info/refs?service=git-upload-pack")]
    [InlineData("/scm/ACME/%2e%2e/core.git/info/refs?service=git-upload-pack")]
    [InlineData("/scm/ACME/%252e%252e/core.git/info/refs?service=git-upload-pack")]
    [InlineData("/scm/ACME%2fcore.git/info/refs?service=git-upload-pack")]
    [InlineData("/scm/ACME/core%2egit/info/refs?service=git-upload-pack")]
    [InlineData("/scm/ACME/core.git%00/info/refs?service=git-upload-pack")]
    [InlineData("/scm/ACME/core.git;x=1/info/refs?service=git-upload-pack")]
    [InlineData("/scm/ACME\\core.git/info/refs?service=git-upload-pack")]
    [InlineData("//scm/ACME/core.git/info/refs?service=git-upload-pack")]
    [InlineData("/scm//ACME/core.git/info/refs?service=git-upload-pack")]
    [InlineData("/scm/ACME/core.git//info/refs?service=git-upload-pack")]
    [InlineData("/scm/ACME/core.git.git/info/refs?service=git-upload-pack")]
    [InlineData("/scm/ACME/core.git/info/refs?service=git-upload-pack&service=git-receive-pack")]
    [InlineData("/scm/ACME/core.git/info/refs?service=git-receive-pack&service=git-upload-pack")]
    [InlineData("/scm/ACME/core.git/info/refs?service=git-upload-archive")]
    [InlineData("/scm/ACME/core.git/info/refs?SERVICE=git-upload-pack")]
    [InlineData("/scm/ACME/core.git/info/refs")]
    [InlineData("/scm/ACME/core.git/HEAD")]
    [InlineData("/scm/ACME/core.git/objects/info/packs")]
    [InlineData("/scm/ACME/core.git/git-upload-pack")]
    [InlineData("/scm/OTHER/core.git/info/refs?service=git-upload-pack")]
    [InlineData("http://127.0.0.1/scm/ACME/core.git/info/refs?service=git-upload-pack")]
    [InlineData("/git/../scm/ACME/core.git/info/refs?service=git-upload-pack")]
    [InlineData("/git/a/b/core.git/info/refs?service=git-upload-pack")]
    [InlineData("/rest/api/1.0/projects/info/refs?service=git-upload-pack")]
    public async Task Other_addresses_never_reach_the_host(string target)
    {
        var answer = await AskToTheEndAsync(story.Gateway, Get(target, Me + "Connection: close\r\n"));

        Assert.StartsWith("HTTP/1.1 4", answer, StringComparison.Ordinal);
        Assert.Empty(host.Heads);
    }

    [Theory]
    [InlineData("PROPFIND", "application/x-git-upload-pack-request")]
    [InlineData("PUT", "application/x-git-upload-pack-request")]
    [InlineData("POST", "application/x-git-receive-pack-request")]
    [InlineData("POST", "application/x-git-upload-pack-request; charset=utf-8")]
    [InlineData("POST", "application/json")]
    public async Task A_method_or_a_content_type_that_does_not_fit_never_reaches_the_host(string method, string type)
    {
        var answer = await AskToTheEndAsync(
            story.Gateway,
            $"{method} /scm/ACME/core.git/git-upload-pack HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: {type}\r\nContent-Length: 24\r\n{Me}\r\n{Fetch}");

        Assert.StartsWith("HTTP/1.1 4", answer, StringComparison.Ordinal);
        Assert.Empty(host.Heads);
    }

    [Theory]
    [InlineData("chunks")]
    [InlineData("length")]
    [InlineData("gzip")]
    public async Task A_body_is_framed_anew_and_nothing_behind_it_gets_through(string how)
    {
        using var connection = await OpenAsync(story.Gateway);
        var gzip = Gzip(Encoding.Latin1.GetBytes(Fetch));
        await connection.SendAsync(how switch
        {
            "chunks" => Post + "Transfer-Encoding: chunked\r\n\r\n" + string.Concat(Fetch.Select(letter => Chunk(letter.ToString()))) + "0\r\n\r\n",
            "length" => Post + $"Content-Length: {Fetch.Length.ToString(CultureInfo.InvariantCulture)}\r\nExpect: 100-continue\r\n\r\n" + Fetch,
            _ => Post + $"Content-Encoding: gzip\r\nContent-Length: {gzip.Length.ToString(CultureInfo.InvariantCulture)}\r\n\r\n",
        });
        await (how == "gzip" ? connection.SendAsync(gzip) : ValueTask.CompletedTask);
        await connection.ReadUntilAsync("HTTP/1.1 200 OK");

        var seen = Canonical(Assert.Single(host.Heads));
        var length = how == "gzip" ? seen.Split('\n').Single(line => line.StartsWith("Content-Length: ", StringComparison.Ordinal)) : "Content-Length: 24";
        string[] encoding = how == "gzip" ? ["Content-Encoding: gzip"] : [];
        Assert.Equal(
            Expected("POST /core.git/git-upload-pack HTTP/1.1",
                ["Accept: application/x-git-upload-pack-result", "Accept-Encoding: identity", "Git-Protocol: version=2", "Content-Type: application/x-git-upload-pack-request", length, .. encoding]),
            seen);
    }

    [Theory]
    [InlineData("git-upload-pack", "")]
    [InlineData("git-receive-pack", "")]
    [InlineData("git-upload-pack", "command")]
    public async Task A_few_kilobytes_that_unpack_to_gigabytes_are_refused_and_never_sent_on_whole(string service, string how)
    {
        var head = how.Length == 0 ? "" : Packet("command=fetch") + "0001" + Packet($"want {new string('a', 40)}\n") + "0000";
        var bomb = Gzip([.. Encoding.Latin1.GetBytes(head), .. Encoding.Latin1.GetBytes(new string('0', 40_000_000))]);
        using var connection = await OpenAsync(story.Gateway);
        await connection.SendAsync(
            $"POST /scm/ACME/core.git/{service} HTTP/1.1\r\nHost: localhost\r\nGit-Protocol: version=2\r\nConnection: close\r\nContent-Encoding: gzip\r\n"
            + $"Content-Type: application/x-{service}-request\r\nContent-Length: {bomb.Length.ToString(CultureInfo.InvariantCulture)}\r\n{Me}\r\n");
        await connection.SendAsync(bomb);
        await connection.ReadToEndAsync();

        if (how.Length == 0)
        {
            Assert.Empty(host.Heads);
        }
        else
        {
            var completed = await story.LastCompletionAsync();
            Assert.Equal("not ok", completed["outcome"]);
            Assert.InRange(long.Parse(completed["bytes_in"], CultureInfo.InvariantCulture), 0, 4_000_000);
        }
    }

    [Fact]
    public async Task A_body_that_never_comes_costs_the_host_nothing()
    {
        using var connection = await OpenAsync(story.Gateway);
        await connection.SendAsync(Post + "Content-Length: 1000\r\n\r\n0014command=ls-");
        using var another = await OpenAsync(story.Gateway);
        await another.SendAsync(Post + "Transfer-Encoding: chunked\r\n\r\n" + Chunk("0014command=ls-refs\n"));

        Assert.Equal(200, (await AskAsync(story.Gateway, Get("/scm/ACME/core.git/info/refs?service=git-upload-pack", Me + "Git-Protocol: version=2\r\n"))).Status);
        Assert.Equal(InfoRefs, Canonical(Assert.Single(host.Heads)));
    }

    [Fact]
    public async Task A_body_is_not_asked_for_before_the_first_factor_is_right()
    {
        using var connection = await OpenAsync(story.Gateway);
        await connection.SendAsync(
            "POST /scm/ACME/core.git/git-upload-pack HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 24\r\n"
            + "Content-Type: application/x-git-upload-pack-request\r\n" + BasicOf("ann", "wrong") + "\r\n");

        Assert.Equal(401, (await connection.ReadAnswerAsync()).Status);
        Assert.Empty(host.Heads);
    }

    private string Expected(string line, params string[] headers) => string.Join('\n',
        [line, .. headers.Concat([$"Host: {host.Base.Authority}", "User-Agent: git/2.0 (Countersign 0.1.0)"]).Order(StringComparer.Ordinal)]);

    private static string Canonical(string head) => string.Join('\n', [head.Split("\r\n")[0], .. head.Split("\r\n")[1..].Order(StringComparer.Ordinal)]);

    private static byte[] Gzip(byte[] bytes)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
        {
            gzip.Write(bytes);
        }

        return packed.ToArray();
    }
}
