using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Countersign.Server.Tests.Upstreams.SmartHttp;
using Countersign.Server.Upstreams;
using Countersign.Server.Upstreams.SmartHttp;

namespace Countersign.Server.Tests.LargeFiles;

/// <summary>A Git host that was taken over says what it likes about its large files.</summary>
[Trait("Category", "slow")]
public sealed class LyingHostAttacks
{
    private static readonly byte[] Content = Encoding.ASCII.GetBytes("the content of a large file");
    private static readonly string Oid = LfsConversation.OidOf(Content);

    [Theory]
    [InlineData("http://169.254.169.254/latest/meta-data")]
    [InlineData("https://169.254.169.254/latest/meta-data")]
    [InlineData("https://[::1]/")]
    [InlineData("https://127.0.0.1:8443/admin")]
    [InlineData("https://[::ffff:169.254.169.254]/")]
    [InlineData("https://2852039166/")]
    [InlineData("http://localhost:1/")]
    [InlineData("http://store.example.org/x")]
    [InlineData("file:///etc/passwd")]
    [InlineData("gopher://127.0.0.1/")]
    [InlineData("https://user:password@store.example.org/x")]
    [InlineData("/relative")]
    [InlineData("https://store.example.org/a b")]
    public async Task An_address_that_is_not_to_be_followed_is_no_action(string address)
    {
        await using var host = await FakeLfsHost.StartAsync(_ => Batch(address));
        await using var story = await FarStory.StartAsync(host.Definition);
        using var lfs = new LfsConversation(story.Gateway);
        var answer = await lfs.BatchAsync(story.Ann, "download", Oid, Content.Length);
        Assert.Equal(422, answer.ErrorCode);
        Assert.DoesNotContain("actions", answer.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("169.254.169.254", true)]
    [InlineData("127.0.0.1", true)]
    [InlineData("0.0.0.0", true)]
    [InlineData("100.100.100.200", true)]
    [InlineData("224.0.0.1", true)]
    [InlineData("::1", true)]
    [InlineData("::", true)]
    [InlineData("fe80::1", true)]
    [InlineData("fd00:ec2::254", true)]
    [InlineData("::ffff:127.0.0.1", true)]
    [InlineData("64:ff9b::a9fe:a9fe", true)]
    [InlineData("2002:a9fe:a9fe::1", true)]
    [InlineData("10.1.2.3", false)]
    [InlineData("192.168.1.1", false)]
    [InlineData("203.0.113.5", false)]
    [InlineData("2001:db8::1", false)]
    [InlineData("fd12:3456::1", false)]
    public void Addresses_of_the_machine_itself_and_of_metadata_are_refused(string address, bool refused) =>
        Assert.Equal(refused, LfsHosts.IsRefused(IPAddress.Parse(address)));

    [Theory]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("no json")]
    [InlineData("""{"transfer":"tus","objects":[]}""")]
    [InlineData("""{"objects":[],"objects":[]}""")]
    [InlineData("""{"objects":[{"oid":"OID"},{"oid":"OID"}]}""")]
    public async Task An_answer_that_is_none_is_told_as_that(string json)
    {
        await using var host = await FakeLfsHost.StartAsync(_ => json.Replace("OID", Oid, StringComparison.Ordinal));
        await using var story = await FarStory.StartAsync(host.Definition);
        using var lfs = new LfsConversation(story.Gateway);
        Assert.Equal(503, (await lfs.BatchAsync(story.Ann, "download", Oid, Content.Length)).Status);
    }

    [Fact]
    public async Task An_answer_about_objects_that_nobody_asked_for_or_without_those_gives_nothing()
    {
        await using var host = await FakeLfsHost.StartAsync(url => Batch($"{url}/object").Replace(Oid, LfsConversation.OidOf([1]), StringComparison.Ordinal));
        await using var story = await FarStory.StartAsync(host.Definition);
        using var lfs = new LfsConversation(story.Gateway);
        Assert.Equal(422, (await lfs.BatchAsync(story.Ann, "download", Oid, Content.Length)).ErrorCode);
    }

    [Fact]
    public async Task Headers_that_belong_to_a_connection_are_not_taken_over()
    {
        await using var host = await FakeLfsHost.StartAsync(
            url => Batch($"{url}/object", """{"X-Signed":"yes","Host":"evil.example","Transfer-Encoding":"chunked","Content-Length":"5","Connection":"upgrade","Cookie":"a=b"}"""), Content);
        await using var story = await FarStory.StartAsync(host.Definition);
        using var lfs = new LfsConversation(story.Gateway);
        var token = (await lfs.BatchAsync(story.Ann, "download", Oid, Content.Length)).Token("download");
        Assert.Equal(Content, (await lfs.DownloadAsync(token, Oid)).Body);
        var seen = host.Seen!;
        Assert.Equal("yes", seen["X-Signed"]);
        Assert.Equal(host.Definition.Base.Authority, seen["Host"]);
        Assert.DoesNotContain(seen.Keys, name => name is "Cookie" or "Transfer-Encoding" or "Connection" or "Content-Length");
    }

    [Theory]
    [InlineData("gateway", "Basic Z2F0ZXdheTpvcGVuIHNlc2FtZQ==")]
    [InlineData("", "Bearer open sesame")]
    [InlineData("gateway", "token open sesame")]
    public async Task Even_direct_transfers_do_not_show_the_gateways_own_credential_that_the_host_gave_back(string user, string echo)
    {
        await using var host = await FakeLfsHost.StartAsync(url => Batch($"{url}/object", $$"""{"Authorization":"{{echo}}"}"""), Content);
        var definition = host.Definition with
        {
            Credentials = UpstreamCredentials.Service, ServiceUser = user, ServiceSecret = "open sesame", LfsTransfers = LfsTransfers.Direct,
        };
        await using var story = await FarStory.StartAsync(definition);
        using var lfs = new LfsConversation(story.Gateway);
        var batch = await lfs.BatchAsync(story.Ann, "download", Oid, Content.Length);
        Assert.DoesNotContain(echo, batch.Text, StringComparison.Ordinal);
        Assert.StartsWith(story.Gateway.Url, batch.Action("download").GetProperty("href").GetString(), StringComparison.Ordinal);
        Assert.Equal(Content, (await lfs.DownloadAsync(batch.Token("download"), Oid)).Body);
        Assert.Equal(echo, host.Seen!["Authorization"]);
    }

    [Fact]
    public async Task A_persons_own_credential_goes_to_the_host_with_batches_and_objects_and_comes_back_sealed()
    {
        const string Own = "Basic YW5uOmZhciBwYXNzd29yZA=="; // ann:far password
        await using var host = await FakeLfsHost.StartAsync(url => Batch($"{url}/object"), Content);
        await using var story = await FarStory.StartAsync(host.Definition with { Credentials = UpstreamCredentials.Passed, Identity = "get:/whoami" });
        using var lfs = new LfsConversation(story.Gateway);
        Assert.Equal(401, (await AskAsync("Basic YW5uOndyb25n")).Status);
        Assert.Equal(401, (await lfs.BatchAsync(story.Ann, "download", Oid, Content.Length)).Status); // a token of the gateway's
        var batch = await AskAsync(Own);
        Assert.Equal((200, Own), (batch.Status, host.AskedWith));
        Assert.DoesNotContain(Own[6..], batch.Text, StringComparison.Ordinal);
        Assert.Equal(Content, (await lfs.DownloadAsync(batch.Token("download"), Oid)).Body);
        Assert.Equal(Own, host.Seen!["Authorization"]);

        Task<LfsConversation.Answer> AskAsync(string authorization)
        {
            var message = new HttpRequestMessage(HttpMethod.Post, lfs.Url("objects/batch")) { Content = new StringContent(Question, new MediaTypeHeaderValue(LfsConversation.MediaType)) };
            message.Headers.TryAddWithoutValidation("Authorization", authorization);
            return lfs.SendAsync(message, null);
        }
    }

    [Fact]
    public async Task An_object_that_ends_early_does_not_look_whole()
    {
        await using var host = await FakeLfsHost.StartAsync(url => Batch($"{url}/object"), Content[..10]);
        await using var story = await FarStory.StartAsync(host.Definition);
        using var lfs = new LfsConversation(story.Gateway);
        var token = (await lfs.BatchAsync(story.Ann, "download", Oid, Content.Length)).Token("download");
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => lfs.DownloadAsync(token, Oid));
        await story.Gateway.RestartAsync(); // the last record is written after the last byte
        var completed = await story.LastCompletionAsync();
        Assert.Equal(("not ok", "broke off"), (completed["outcome"], completed["detail"]));
    }

    [Fact]
    public async Task A_redirect_of_an_object_is_not_followed()
    {
        await using var host = await FakeLfsHost.StartAsync(url => Batch($"{url}/elsewhere"), Content);
        await using var story = await FarStory.StartAsync(host.Definition);
        using var lfs = new LfsConversation(story.Gateway);
        var token = (await lfs.BatchAsync(story.Ann, "download", Oid, Content.Length)).Token("download");
        Assert.Equal(503, (await lfs.DownloadAsync(token, Oid)).Status);
    }

    private static string Question => $$"""{"operation":"download","transfers":["basic"],"objects":[{"oid":"{{Oid}}","size":{{Content.Length.ToString(CultureInfo.InvariantCulture)}}}]}""";

    private static string Batch(string address, string headers = "{}") =>
        """{"transfer":"basic","objects":[{"oid":"OID","size":SIZE,"actions":{"download":{"href":"ADDRESS","header":HEADERS}}}]}"""
            .Replace("OID", Oid, StringComparison.Ordinal)
            .Replace("SIZE", Content.Length.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
            .Replace("ADDRESS", address, StringComparison.Ordinal)
            .Replace("HEADERS", headers, StringComparison.Ordinal);
}
