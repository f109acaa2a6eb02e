using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Countersign.Server.Tests.Fixtures;
using Countersign.Server.Tests.Regressions;

namespace Countersign.Server.Tests.LargeFiles;

/// <summary>An object that does not fit on the disk.</summary>
[Trait("Category", "slow")]
public sealed class LargeFileDiskFullTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("countersign-full-");

    private string Data => folder.CreateSubdirectory("data").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_is_refused_with_a_text_and_leaves_nothing()
    {
        Assert.SkipUnless(await SmallFileSystem.IsPossibleAsync(folder), "this machine lets nobody mount a small file system");
        var port = GatewayFixture.FreePort();
        await using var gateway = await GatewayProcess.ServeAsync(Data, port, SmallFileSystem.On(Data, "-o size=32m"));
        async Task<string> CommandAsync(params string[] arguments)
        {
            var result = await GatewayProcess.RunAsync([.. arguments, "--data", Data], wrapper: ["nsenter", "-t", $"{gateway.Id}", "-m"]);
            Assert.True(result.Exit == 0, $"{string.Join(' ', arguments)}: {result.Error}");
            return result.Output;
        }

        var policy = Path.Combine(folder.FullName, "policy.yaml");
        await File.WriteAllTextAsync(policy, Policies.EverythingFree, Cancellation);
        await CommandAsync("user", "add", "ann", "--email", "ann@example.org");
        var token = (await CommandAsync("token", "add", "ann", "--label", "laptop")).Trim();
        await CommandAsync("workspace", "add", "ACME");
        await CommandAsync("member", "add", "ACME", "ann", "--role", "write", "--accepted");
        await CommandAsync("repo", "add", "ACME/core");
        await CommandAsync("policy", "apply", policy);

        var content = RandomNumberGenerator.GetBytes(40 << 20);
        using var client = new HttpClient { BaseAddress = new($"http://localhost:{port}/scm/ACME/core.git/info/lfs/") };
        using var batch = new HttpRequestMessage(HttpMethod.Post, "objects/batch")
        {
            Content = new ByteArrayContent(Encoding.UTF8.GetBytes($$"""{"operation":"upload","objects":[{"oid":"{{LfsConversation.OidOf(content)}}","size":{{content.Length}}}]}""")),
        };
        batch.Content.Headers.ContentType = new(LfsConversation.MediaType);
        batch.Headers.Authorization = new("Bearer", token);
        using var answered = await client.SendAsync(batch, Cancellation);
        using var answer = JsonDocument.Parse(await answered.Content.ReadAsByteArrayAsync(Cancellation));
        var action = answer.RootElement.GetProperty("objects")[0].GetProperty("actions").GetProperty("upload");
        using var upload = new HttpRequestMessage(HttpMethod.Put, action.GetProperty("href").GetString()) { Content = new ByteArrayContent(content) };
        upload.Headers.TryAddWithoutValidation("Authorization", action.GetProperty("header").GetProperty("Authorization").GetString());

        using var refused = await client.SendAsync(upload, Cancellation);
        Assert.Equal(HttpStatusCode.InsufficientStorage, refused.StatusCode);
        Assert.Contains("The disk of the gateway is full", await refused.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles($"/proc/{gateway.Id}/root{Path.Combine(Data, "lfs")}", "*", SearchOption.AllDirectories));
    }

    public void Dispose() => folder.Delete(recursive: true);
}
