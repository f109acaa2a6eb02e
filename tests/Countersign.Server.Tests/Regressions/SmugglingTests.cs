using Countersign.Server.Audit;
using Countersign.Server.Tests.Fixtures;
using static Countersign.Server.Tests.Regressions.RawConnection;

namespace Countersign.Server.Tests.Regressions;

/// <summary>
/// Two servers that read one message differently let a second request travel inside the first. Whatever can be framed in two
/// ways is answered 400, its connection ends, and nothing of it is decided or forwarded.
/// </summary>
[Trait("Category", "slow")]
public sealed class SmugglingTests
{
    private const string Inner = "GET /scm/ACME/core.git/info/refs?service=git-upload-pack HTTP/1.1\r\nHost: localhost\r\n\r\n";
    private const string Fetch = "0014command=ls-refs\n0000";

    [Fact]
    public async Task Messages_that_can_be_framed_in_two_ways_are_refused_and_end_their_connection()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        var before = (await gateway.AuditAsync()).Count;
        var post = "POST /scm/ACME/core.git/git-upload-pack HTTP/1.1\r\nHost: localhost\r\nGit-Protocol: version=2\r\n"
            + "Content-Type: application/x-git-upload-pack-request\r\n" + Basic(ann);
        var get = "GET /scm/ACME/core.git/info/refs?service=git-receive-pack HTTP/1.1\r\nHost: localhost\r\n" + Basic(ann);
        var chunks = Chunk(Fetch) + "0\r\n\r\n";
        var length = $"Content-Length: {Fetch.Length}\r\n";
        var shapes = new Dictionary<string, string>
        {
            ["length and chunks"] = post + length + "Transfer-Encoding: chunked\r\n\r\n" + chunks + Inner,
            ["chunks and length"] = post + "Transfer-Encoding: chunked\r\n" + length + "\r\n" + chunks + Inner,
            ["two codings"] = post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + Inner,
            ["two codings, one false"] = post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: cow\r\n\r\n" + chunks + Inner,
            ["identity, chunked"] = post + "Transfer-Encoding: identity, chunked\r\n\r\n" + chunks + Inner,
            ["chunked, identity"] = post + "Transfer-Encoding: chunked, identity\r\n\r\n" + chunks + Inner,
            ["gzip, chunked"] = post + "Transfer-Encoding: gzip, chunked\r\n\r\n" + chunks + Inner,
            ["xchunked"] = post + "Transfer-Encoding: xchunked\r\n\r\n" + chunks + Inner,
            ["a coding with a tab"] = post + "Transfer-Encoding:\x0Bchunked\r\n\r\n" + chunks + Inner,
            ["a coding without its name"] = post + "Transfer-Encoding:\r\n\r\n" + Inner,
            ["+5"] = post + $"Content-Length: +{Fetch.Length}\r\n\r\n" + Fetch + Inner,
            ["-1"] = post + "Content-Length: -1\r\n\r\n" + Fetch + Inner,
            ["0x14"] = post + "Content-Length: 0x18\r\n\r\n" + Fetch + Inner,
            ["a length with a space inside"] = post + "Content-Length: 2 4\r\n\r\n" + Fetch + Inner,
            ["an empty length"] = post + "Content-Length: \r\n\r\n" + Inner,
            ["a length beyond all numbers"] = post + "Content-Length: 99999999999999999999\r\n\r\n" + Fetch + Inner,
            ["two lengths"] = post + length + "Content-Length: 0\r\n\r\n" + Fetch + Inner,
            ["two equal lengths"] = post + length + length + "\r\n" + Fetch + Inner,
            ["a list of lengths"] = post + $"Content-Length: {Fetch.Length}, {Fetch.Length}\r\n\r\n" + Fetch + Inner,
            ["a folded header"] = get + "X-Long: one\r\n two\r\n\r\n",
            ["a folded coding"] = post + "Transfer-Encoding:\r\n chunked\r\n\r\n" + chunks + Inner,
            ["a first header that is folded"] = "GET /scm/ACME/core.git/info/refs?service=git-receive-pack HTTP/1.1\r\n X: y\r\nHost: localhost\r\n\r\n",
            ["bare line feeds"] = get.Replace("\r\n", "\n", StringComparison.Ordinal) + "\n",
            ["one bare line feed"] = get + "X-One: 1\nX-Two: 2\r\n\r\n",
            ["a bare carriage return"] = get + "X-One: 1\rX-Two: 2\r\n\r\n",
            ["a space before the colon"] = post + $"Content-Length : {Fetch.Length}\r\n\r\n" + Fetch,
            ["a space before the colon of a coding"] = post + "Transfer-Encoding : chunked\r\n\r\n" + chunks,
            ["a zero byte in a header"] = get + "X-Zero: a\0b\r\n\r\n",
            ["a header without a colon"] = get + "Nonsense\r\n\r\n",
            ["a header without a name"] = get + ": value\r\n\r\n",
            ["two hosts"] = get + "Host: evil.example.org\r\n\r\n",
            ["no host"] = "GET /scm/ACME/core.git/info/refs?service=git-receive-pack HTTP/1.1\r\n" + Basic(ann) + "\r\n",
            ["a chunk extension"] = post + "Transfer-Encoding: chunked\r\n\r\n" + $"{Fetch.Length:x};ext=1\r\n{Fetch}\r\n0\r\n\r\n" + Inner,
            ["a chunk extension with a line feed"] = post + "Transfer-Encoding: chunked\r\n\r\n" + $"{Fetch.Length:x};\n{Fetch}\r\n0\r\n\r\n" + Inner,
            ["a chunk size with a space"] = post + "Transfer-Encoding: chunked\r\n\r\n" + $"{Fetch.Length:x} \r\n{Fetch}\r\n0\r\n\r\n" + Inner,
            ["a chunk size with a sign"] = post + "Transfer-Encoding: chunked\r\n\r\n" + $"+{Fetch.Length:x}\r\n{Fetch}\r\n0\r\n\r\n" + Inner,
            ["a chunk size with 0x"] = post + "Transfer-Encoding: chunked\r\n\r\n" + $"0x{Fetch.Length:x}\r\n{Fetch}\r\n0\r\n\r\n" + Inner,
            ["a chunk size beyond all numbers"] = post + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff0\r\n" + Fetch,
            ["a chunk size without digits"] = post + "Transfer-Encoding: chunked\r\n\r\n\r\n" + Fetch,
            ["a chunk that is longer than it says"] = post + "Transfer-Encoding: chunked\r\n\r\n4\r\n" + Fetch + "\r\n0\r\n\r\n" + Inner,
            ["a chunk size that a line feed ends"] = post + "Transfer-Encoding: chunked\r\n\r\n" + $"{Fetch.Length:x}\n{Fetch}\r\n0\r\n\r\n" + Inner,
            ["a huge header"] = get + $"X-Huge: {new string('a', 40_000)}\r\n\r\n",
            ["many headers"] = get + string.Concat(Enumerable.Range(0, 200).Select(number => $"X-{number}: a\r\n")) + "\r\n",
            ["a huge address"] = $"GET /scm/ACME/{new string('a', 20_000)}/info/refs HTTP/1.1\r\nHost: localhost\r\n\r\n",
        };

        foreach (var (shape, message) in shapes)
        {
            var answer = await AskToTheEndAsync(gateway, message);
            TestContext.Current.TestOutputHelper?.WriteLine($"{shape}: {answer.Split('\r')[0]}");
            Assert.True(answer.StartsWith("HTTP/1.1 4", StringComparison.Ordinal) && Answers(answer) == 1, $"{shape}: {answer}");
        }

        Assert.Equal(before, (await gateway.AuditAsync()).Count);
        await gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task Extensions_and_trailers_are_found_wherever_the_bytes_are_cut()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        var head = "POST /scm/ACME/core.git/git-upload-pack HTTP/1.1\r\nHost: localhost\r\nGit-Protocol: version=2\r\n"
            + "Content-Type: application/x-git-upload-pack-request\r\n" + Basic(ann) + "tRANSFER-eNCODING:  Chunked\t\r\n\r\n";
        var body = Chunk(Fetch[..7]) + $"{Fetch.Length - 7:x};name=\"x\"\r\n{Fetch[7..]}\r\n0\r\n\r\n";

        for (var cut = head.Length - 6; cut < head.Length + body.Length; cut++)
        {
            using var connection = await RawConnection.OpenAsync(gateway);
            await connection.SendAsync((head + body)[..cut]);
            await connection.SendAsync((head + body)[cut..]);
            var answer = await connection.ReadToEndAsync();
            Assert.True(answer.StartsWith("HTTP/1.1 400", StringComparison.Ordinal), $"cut at {cut}: {answer}");
        }

        Assert.DoesNotContain(await gateway.AuditAsync(), record => record.Event.Type == AuditTypes.ChallengeCreated);
        await gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task Pipelined_requests_of_every_framing_are_answered_one_by_one()
    {
        await using var gateway = await GatewayFixture.StartAsync("version: 1\nmode: enforce\nrules:\n  - { name: reads, operations: [read], effect: allow }\n");
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        var head = "POST /scm/ACME/core.git/git-upload-pack HTTP/1.1\r\nHost: localhost\r\nGit-Protocol: version=2\r\n"
            + "Content-Type: application/x-git-upload-pack-request\r\n" + Basic(ann);
        var get = Get("/scm/ACME/core.git/info/refs?service=git-upload-pack", Basic(ann));
        using var connection = await RawConnection.OpenAsync(gateway);

        await connection.SendAsync(
            head + "Transfer-Encoding: chunked\r\n\r\n" + Chunk(Fetch[..9]) + Chunk(Fetch[9..]) + "0\r\n\r\n"
            + head + $"Content-Length: {Fetch.Length}\r\n\r\n" + Fetch
            + get
            + head + "Transfer-Encoding: chunked\r\n\r\n" + string.Concat(Fetch.Select(letter => Chunk(letter.ToString()))) + "000\r\n\r\n"
            + get);

        for (var number = 0; number < 5; number++)
        {
            var answer = await connection.ReadAnswerAsync();
            Assert.Equal(200, answer.Status);
            Assert.Contains("refs/heads/main", answer.Body, StringComparison.Ordinal);
        }

        await gateway.AssertInvariantsAsync();
    }

    [Theory]
    [InlineData("X-Forwarded-For: 203.0.113.9\r\n")]
    [InlineData("X-Forwarded-For: ;;;garbage\r\nX-Forwarded-Proto: ftp\r\nX-Forwarded-Host: evil.example.org\r\nX-Forwarded-Prefix: /evil\r\n")]
    [InlineData("Forwarded: for=203.0.113.9;host=evil.example.org;proto=https\r\nX-Real-IP: 203.0.113.9\r\nX-Original-URL: /scm/ACME/other.git\r\nX-Rewrite-URL: /\r\n")]
    [InlineData("X-Remote-User: root\r\nX-Countersign-Approved: yes\r\nX-HTTP-Method-Override: POST\r\n")]
    public async Task Headers_that_claim_trust_change_neither_the_address_nor_a_link_nor_the_verdict(string headers)
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        var redirected = await AskAsync(gateway, Get("/scm/ACME/core.git/info/refs?service=git-upload-pack", "User-Agent: git/2.39.5\r\n" + headers));
        Assert.StartsWith("/w/", redirected.Header("Location"), StringComparison.Ordinal);

        using var connection = await RawConnection.OpenAsync(gateway);
        await connection.SendAsync(Get("/scm/ACME/core.git/info/refs?service=git-receive-pack", Basic(ann) + headers));
        var request = await ann.DenyNextAsync();

        Assert.Equal("127.0.0.1", request.Client.ToString());
        Assert.Equal("ACME/core", request.Command.Repository.ToString());
        var answer = await connection.ReadAnswerAsync();
        Assert.Contains($"{gateway.Url}/a/{request.Id}/report", answer.Body, StringComparison.Ordinal);
        Assert.DoesNotContain("evil", answer.Body, StringComparison.Ordinal);
        await gateway.AssertInvariantsAsync();
    }

    private static int Answers(string answer) => answer.Split("HTTP/1.1 ").Length - 1;
}
