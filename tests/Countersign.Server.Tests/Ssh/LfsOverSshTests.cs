using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Countersign.Core.LargeFiles;
using Countersign.Server.Enforcement;
using Countersign.Server.People;
using Countersign.Server.Tests.Fixtures;
using Countersign.Server.Tests.LargeFiles;

namespace Countersign.Server.Tests.Ssh;

/// <summary>Large files of a repository whose address is an SSH one.</summary>
[Trait("Category", "slow")]
public sealed class LfsOverSshTests
{
    private const string Batch = """{"operation":"OPERATION","transfers":["basic"],"objects":[{"oid":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","size":5}]}""";

    [Fact]
    public async Task One_approval_covers_a_push_with_its_large_files_and_one_a_clone_with_them()
    {
        await using var story = await SshStory.StartAsync();
        var tree = await WorkTreeAsync(story);
        var (oid, content) = await LfsClient.CommitAsync(tree, "model.bin", 300_000);
        var push = tree.StartAsync("push", "origin", "main");
        await story.Ann.ApproveNextAsync();
        var pushed = await push.Completion;
        Assert.True(pushed.ExitCode == 0, pushed.Error);
        Assert.Equal(content, await File.ReadAllBytesAsync(LfsClient.StoredAt(story.Gateway, oid), TestContext.Current.CancellationToken));
        Assert.Single(story.Gateway.Get<ChallengeReader>().List(story.Ann.Id, 10));
        Assert.DoesNotContain("git-lfs-transfer", pushed.Error, StringComparison.Ordinal);

        story.Gateway.Clock.Advance(TimeSpan.FromMinutes(11)); // whatever was granted is over
        var outside = story.Git("outside", environment: Filter(story));
        var clone = outside.StartAsync("clone", "-q", SshStory.Url, "clone");
        await story.Ann.ApproveNextAsync();
        var cloned = await clone.Completion;
        Assert.True(cloned.ExitCode == 0, cloned.Error);
        Assert.Equal(content, await File.ReadAllBytesAsync(Path.Combine(outside.Folder, "clone", "model.bin"), TestContext.Current.CancellationToken));
        Assert.Equal(2, story.Gateway.Get<ChallengeReader>().List(story.Ann.Id, 10).Count);
    }

    [Fact]
    public async Task The_token_opens_what_it_was_asked_for_and_nothing_else()
    {
        await using var story = await SshStory.StartAsync(LargeFiles.Policies.EverythingFree);
        await story.Gateway.AddRepositoryAsync("other");
        var download = await TokenAsync(story, "download");
        var upload = await TokenAsync(story, "upload");

        Assert.Equal(HttpStatusCode.OK, await BatchAsync(story, download, "download"));
        Assert.Equal(HttpStatusCode.OK, await BatchAsync(story, upload, "upload"));
        Assert.Equal(HttpStatusCode.OK, await BatchAsync(story, upload, "download"));
        Assert.Equal(HttpStatusCode.Forbidden, await BatchAsync(story, download, "upload"));
        Assert.Equal(HttpStatusCode.Forbidden, await BatchAsync(story, upload, "upload", "other"));
        Assert.Equal(HttpStatusCode.Forbidden, await BatchAsync(story, upload[..^2] + "AA", "upload"));
        Assert.Equal(HttpStatusCode.Forbidden, await BatchAsync(story, "csl_", "upload"));

        Assert.Equal(HttpStatusCode.Unauthorized, await GetAsync(story, upload, "/scm/ACME/core.git/info/refs?service=git-upload-pack"));
        Assert.Equal(HttpStatusCode.Unauthorized, await GetAsync(story, upload, "/scm/ACME/core.git/info/refs?service=git-receive-pack"));
        Assert.Equal(HttpStatusCode.Unauthorized, await GetAsync(story, upload, "/api/v1/repositories"));
        Assert.Equal(HttpStatusCode.Forbidden, await GetAsync(story, upload, $"/scm/ACME/core.git/info/lfs/objects/{new string('a', 64)}"));
    }

    [Theory]
    [InlineData("removed")]
    [InlineData("disabled")]
    [InlineData("late")]
    [InlineData("early")]
    public async Task The_token_ends_with_its_key_its_person_and_its_minutes(string end)
    {
        await using var story = await SshStory.StartAsync(LargeFiles.Policies.EverythingFree);
        var token = await TokenAsync(story, "upload");
        Assert.Equal(HttpStatusCode.OK, await BatchAsync(story, token, "upload"));
        switch (end)
        {
            case "removed":
                Assert.Null((await story.Gateway.Get<ISshKeys>().RemoveAsync(story.Ann.Id, story.Key, "ann", TestContext.Current.CancellationToken)).Refusal);
                break;
            case "disabled":
                Assert.Null((await story.Gateway.Get<IPeople>().DisableAsync("ann", "test", TestContext.Current.CancellationToken)).Refusal);
                break;
            default:
                story.Gateway.Clock.Advance(TimeSpan.FromMinutes(end == "late" ? 10 : 0));
                break;
        }

        Assert.Equal(end == "early" ? HttpStatusCode.OK : HttpStatusCode.Forbidden, await BatchAsync(story, token, "upload"));
    }

    [Fact]
    public async Task The_token_opens_nothing_from_another_network()
    {
        await using var story = await SshStory.StartAsync(LargeFiles.Policies.EverythingFree);
        story.Relay.Client = new(IPAddress.Parse("203.0.113.7"));
        Assert.Equal(HttpStatusCode.Forbidden, await BatchAsync(story, await TokenAsync(story, "upload"), "upload"));
    }

    [Fact]
    public async Task A_token_is_a_first_factor_only()
    {
        await using var story = await SshStory.StartAsync();
        var token = await TokenAsync(story, "upload");
        var asked = BatchAsync(story, token, "upload");
        var request = await story.Ann.NextRequestAsync();
        Assert.Equal((story.Key, LfsVerb.Upload), (request.Credential.Id, request.Command.Lfs!.Verb));
        await story.Ann.DenyAsync(request);
        Assert.Equal(HttpStatusCode.Forbidden, await asked);
    }

    private static Dictionary<string, string> Filter(SshStory story, bool smudge = true)
    {
        string[] settings = ["filter.lfs.clean=git-lfs clean -- %f", "filter.lfs.smudge=git-lfs smudge -- %f", "filter.lfs.process=git-lfs filter-process", "filter.lfs.required=true", "lfs.locksverify=true", "safe.directory=*"];
        var environment = story.Relay.Environment(story.Key);
        environment["GIT_CONFIG_COUNT"] = $"{settings.Length}";
        if (!smudge)
        {
            environment["GIT_LFS_SKIP_SMUDGE"] = "1";
        }

        foreach (var (index, setting) in settings.Index())
        {
            (environment[$"GIT_CONFIG_KEY_{index}"], environment[$"GIT_CONFIG_VALUE_{index}"]) = (setting.Split('=', 2)[0], setting.Split('=', 2)[1]);
        }

        return environment;
    }

    private static async Task<GitClient> WorkTreeAsync(SshStory story)
    {
        var tree = await story.WorkTreeAsync("tree", environment: Filter(story));
        await tree.SucceedAsync("lfs", "install", "--local");
        await tree.SucceedAsync("lfs", "track", "*.bin");
        return tree;
    }

    private static async Task<string> TokenAsync(SshStory story, string operation)
    {
        var result = await story.Relay.RunAsync(story.Key, $"git-lfs-authenticate ACME/core.git {operation}");
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        using var json = JsonDocument.Parse(result.Output);
        Assert.Equal($"{story.Gateway.Url}/scm/ACME/core.git/info/lfs", json.RootElement.GetProperty("href").GetString());
        Assert.InRange(json.RootElement.GetProperty("expires_in").GetInt64(), 1, 900);
        var header = json.RootElement.GetProperty("header").GetProperty("Authorization").GetString()!;
        Assert.StartsWith("Bearer csl_", header, StringComparison.Ordinal);
        return header["Bearer ".Length..];
    }

    private static async Task<HttpStatusCode> BatchAsync(SshStory story, string token, string operation, string repository = "core")
    {
        using var http = new HttpClient();
        using var message = new HttpRequestMessage(HttpMethod.Post, $"{story.Gateway.Url}/scm/ACME/{repository}.git/info/lfs/objects/batch")
        {
            Content = new StringContent(Batch.Replace("OPERATION", operation, StringComparison.Ordinal), Encoding.UTF8),
        };
        message.Content.Headers.ContentType = MediaTypeHeaderValue.Parse("application/vnd.git-lfs+json");
        message.Headers.Authorization = new("Bearer", token);
        using var answer = await http.SendAsync(message, TestContext.Current.CancellationToken);
        return answer.StatusCode;
    }

    private static async Task<HttpStatusCode> GetAsync(SshStory story, string token, string path)
    {
        using var http = new HttpClient();
        using var message = new HttpRequestMessage(HttpMethod.Get, story.Gateway.Url + path);
        message.Headers.Authorization = new("Bearer", token);
        using var answer = await http.SendAsync(message, TestContext.Current.CancellationToken);
        return answer.StatusCode;
    }
}
