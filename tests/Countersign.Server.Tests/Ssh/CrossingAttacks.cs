using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Countersign.Core.Challenges;
using Countersign.Server.Enforcement;
using Countersign.Server.Tests.Fixtures;

namespace Countersign.Server.Tests.Ssh;

/// <summary>What was got at one door, tried at another; and texts that are not only text.</summary>
[Trait("Category", "slow")]
public sealed class CrossingAttacks
{
    private const string Fetch = "git-upload-pack '/ACME/core.git'";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_approval_of_a_key_is_none_of_a_token_and_the_reverse(bool sshFirst)
    {
        await using var story = await SshStory.StartAsync();
        var outside = new GitClient(Path.Combine(story.Gateway.Folder.FullName, "https"));
        async Task<(Challenge Request, Task<bool> Passed)> AskAsync(bool ssh)
        {
            var run = ssh ? story.Relay.RunAsync(story.Key, Fetch, "0000"u8.ToArray(), 2) : outside.RunAsync("ls-remote", story.Ann.UrlOf("ACME/core"));
            return (await story.Ann.NextRequestAsync(), PassedAsync(run));
        }

        async Task<bool> PassedAsync(Task<GitResult> run) => (await run).ExitCode == 0;

        var (first, firstPassed) = await AskAsync(sshFirst);
        await story.Ann.ApproveAsync(first);
        Assert.True(await firstPassed);
        var (second, secondPassed) = await AskAsync(!sshFirst); // the same person, address, repository and second
        Assert.NotEqual(first.Credential.Id, second.Credential.Id);
        await story.Ann.DenyAsync(second);
        Assert.False(await secondPassed);
        await story.Gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task An_approval_of_one_key_is_none_of_another_of_the_same_person()
    {
        const string Second = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGWr4X0xE5kadfBgkwIfxChtQjcq5WMh2RMAhYGIPFId other";
        await using var story = await SshStory.StartAsync();
        var other = await SshStory.AddKeyAsync(story.Gateway, story.Ann, Second);
        var first = story.Relay.RunAsync(story.Key, Fetch, "0000"u8.ToArray(), 2);
        await story.Ann.ApproveNextAsync();
        Assert.Equal(0, (await first).ExitCode);
        var second = story.Relay.RunAsync(other, Fetch, "0000"u8.ToArray(), 2);
        await story.Ann.DenyNextAsync();
        Assert.Equal(1, (await second).ExitCode);
    }

    [Fact]
    public async Task A_token_for_large_files_opens_no_other_door_in_whatever_form_it_is_shown()
    {
        await using var story = await SshStory.StartAsync(LargeFiles.Policies.EverythingFree);
        var answer = await story.Relay.RunAsync(story.Key, "git-lfs-authenticate ACME/core.git upload");
        using var json = JsonDocument.Parse(answer.Output);
        var token = json.RootElement.GetProperty("header").GetProperty("Authorization").GetString()!["Bearer ".Length..];
        using var http = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false });
        foreach (var credential in new[] { new AuthenticationHeaderValue("Bearer", token), Basic("ann", token), Basic(token, ""), Basic(token, "x-oauth-basic"), Basic("git", token) })
        {
            foreach (var path in new[]
            {
                "/scm/ACME/core.git/info/refs?service=git-upload-pack", "/scm/ACME/core.git/info/refs?service=git-receive-pack", "/scm/ACME/core.git/info/refs",
                "/scm/ACME/core.git/HEAD", "/api/v1/repositories", "/api/v1/ssh-keys", "/api/v1/upstream-tokens", "/api/v1/requests", "/security", "/requests", "/admin",
            })
            {
                using var message = new HttpRequestMessage(HttpMethod.Get, story.Gateway.Url + path);
                message.Headers.Authorization = credential;
                using var got = await http.SendAsync(message, Cancellation);
                Assert.False(got.IsSuccessStatusCode, $"{path} with {credential.Scheme}: {got.StatusCode}");
            }

            foreach (var path in new[] { "/scm/ACME/core.git/git-upload-pack", "/scm/ACME/core.git/git-receive-pack", "/api/v1/ssh-keys" })
            {
                using var message = new HttpRequestMessage(HttpMethod.Post, story.Gateway.Url + path) { Content = new ByteArrayContent("0000"u8.ToArray()) };
                message.Headers.Authorization = credential;
                using var got = await http.SendAsync(message, Cancellation);
                Assert.False(got.IsSuccessStatusCode, $"POST {path} with {credential.Scheme}: {got.StatusCode}");
            }
        }

        static AuthenticationHeaderValue Basic(string user, string password) => new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}")));
    }

    [Theory]
    [InlineData("git-upload-pack 'ACME/\u001b[2J\u001b]0;owned\u0007.git'")]
    [InlineData("git-upload-pack 'ACME/\u202ecod.git'")]
    [InlineData("git-receive-pack 'ACME/core.git\r\nERR trust me'")]
    [InlineData("git-upload-archive 'ACME/\u009b31m'")]
    [InlineData("approve \u001b[31mWDJB-MJHT 123456")]
    [InlineData("\u001b[2J")]
    [InlineData("git-lfs-authenticate 'ACME/\u001b[2J.git' upload")]
    public async Task What_a_client_was_made_to_ask_for_does_not_come_back_to_its_terminal(string command)
    {
        await using var story = await SshStory.StartAsync();
        var result = await story.Relay.RunAsync(story.Key, command);
        Assert.NotEqual(0, result.ExitCode);
        Assert.All(result.Output + result.Error, letter => Assert.True(letter is '\n' or (>= ' ' and <= '~'), $"U+{(int)letter:X4}"));
        Assert.Empty(story.Gateway.Get<ChallengeReader>().List(story.Ann.Id, 10));
    }
}
