using System.Security.Cryptography;
using System.Text;
using Countersign.Server.Tests.Fixtures;
using Countersign.Server.Tests.Regressions;

namespace Countersign.Server.Tests.LargeFiles;

/// <summary>Objects come whole or not at all, and go in parts.</summary>
[Trait("Category", "slow")]
public sealed class LargeFileContentTests
{
    private static readonly byte[] Content = Encoding.ASCII.GetBytes("the content of a large file");
    private static readonly string Oid = LfsConversation.OidOf(Content);

    [Fact]
    public async Task Content_that_is_not_the_object_leaves_nothing()
    {
        await using var gateway = await GatewayFixture.StartAsync(Policies.EverythingFree);
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        using var lfs = new LfsConversation(gateway);
        var token = (await lfs.BatchAsync(ann, "upload", Oid, Content.Length)).Token("upload");
        var other = RandomNumberGenerator.GetBytes(Content.Length);
        foreach (var wrong in new[] { other, Content[..^1], [.. Content, 1], [] })
        {
            Assert.Equal(422, (await lfs.UploadAsync(token, Oid, wrong)).Status);
            Assert.Equal(422, (await lfs.UploadAsync(token, Oid, wrong, chunked: true)).Status);
        }

        var endless = await lfs.UploadAsync(token, Oid, new byte[5_000_000], chunked: true);
        Assert.Equal(422, endless.Status);
        Assert.Empty(Directory.GetFiles(gateway.Options.LfsFolder, "*", SearchOption.AllDirectories));
        Assert.Equal(200, (await lfs.UploadAsync(token, Oid, Content, chunked: true)).Status);
        Assert.Equal(Content, await File.ReadAllBytesAsync(LfsClient.StoredAt(gateway, Oid), TestContext.Current.CancellationToken));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(LfsClient.StoredAt(gateway, Oid)));
        }

        await gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task An_object_that_is_too_large_is_refused_in_its_batch()
    {
        await using var gateway = await GatewayFixture.StartAsync(Policies.EverythingFree, new() { ["Lfs:MaxObjectBytes"] = "1000" });
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        using var lfs = new LfsConversation(gateway);
        Assert.Equal(422, (await lfs.BatchAsync(ann, "upload", Oid, 1001)).ErrorCode);
    }

    [Fact]
    public async Task A_part_of_an_object_is_served_and_a_broken_off_transfer_goes_on()
    {
        await using var gateway = await GatewayFixture.StartAsync(Policies.EverythingFree);
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        using var lfs = new LfsConversation(gateway);
        await lfs.PutAsync(ann, Content);
        var token = await TokenAsync(lfs, ann);
        var rest = await lfs.DownloadAsync(token, Oid, range: "bytes=4-");
        Assert.Equal(206, rest.Status);
        Assert.Equal(Content[4..], rest.Body);
        Assert.Equal($"bytes 4-{Content.Length - 1}/{Content.Length}", rest.Message.Content.Headers.ContentRange!.ToString());
        Assert.Equal(Content[4..8], (await lfs.DownloadAsync(token, Oid, range: "bytes=4-7")).Body);
        Assert.Equal(Content[^3..], (await lfs.DownloadAsync(token, Oid, range: "bytes=-3")).Body);
        Assert.Equal(206, (await lfs.DownloadAsync(token, Oid, range: "bytes=0-99999")).Status);
        Assert.Equal(Content, (await lfs.DownloadAsync(token, Oid, range: "bytes=4-", ifRange: "\"other\"")).Body);
        Assert.Equal(Content[4..], (await lfs.DownloadAsync(token, Oid, range: "bytes=4-", ifRange: $"\"{Oid}\"")).Body);
        foreach (var beyond in new[] { $"bytes={Content.Length}-", "bytes=999999999999-" })
        {
            var none = await lfs.DownloadAsync(token, Oid, range: beyond);
            Assert.Equal((416, $"bytes */{Content.Length}"), (none.Status, none.Message.Content.Headers.ContentRange!.ToString()));
        }

        foreach (var odd in new[] { "bytes=0-1,4-5", "chars=0-1", "bytes=5-1", "bytes=x", "bytes=" })
        {
            Assert.Equal(Content, (await lfs.DownloadAsync(token, Oid, range: odd)).Body);
        }

        var empty = await lfs.PutAsync(ann, []);
        var whole = await lfs.DownloadAsync((await lfs.BatchAsync(ann, "download", empty, 0)).Token("download"), empty);
        Assert.Equal((200, 0), (whole.Status, whole.Body.Length));
    }

    [Fact]
    public async Task An_upload_that_breaks_off_leaves_nothing_and_is_recorded()
    {
        await using var gateway = await GatewayFixture.StartAsync(Policies.EverythingFree);
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        using var lfs = new LfsConversation(gateway);
        var token = (await lfs.BatchAsync(ann, "upload", Oid, Content.Length)).Token("upload");
        using (var connection = await RawConnection.OpenAsync(gateway))
        {
            await connection.SendAsync($"PUT /scm/ACME/core.git/info/lfs/objects/{Oid} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nContent-Length: {Content.Length}\r\n\r\nthe con");
            connection.EndSending();
            try
            {
                await connection.ReadToEndAsync();
            }
            catch (InvalidOperationException)
            {
                // It was reset, which is as good an end.
            }
        }

        Assert.Equal(200, (await lfs.UploadAsync(token, Oid, Content)).Status);
        Assert.Empty(Directory.GetFiles(gateway.Options.LfsIncomingFolder));
        await gateway.AssertInvariantsAsync();
    }

    private static async Task<string> TokenAsync(LfsConversation lfs, TestPerson person) => (await lfs.BatchAsync(person, "download", Oid, Content.Length)).Token("download");
}
