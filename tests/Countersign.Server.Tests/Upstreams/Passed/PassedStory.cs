using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Countersign.Server.Tests.Cli;
using Countersign.Server.Tests.Fixtures;
using Countersign.Server.Tests.Upstreams.SmartHttp;

namespace Countersign.Server.Tests.Upstreams.Passed;

/// <summary>A gateway before a Git host that checks people's own credentials, with ann and bob as members and carl a stranger here.</summary>
internal sealed class PassedStory : IAsyncDisposable
{
    private readonly HttpClient http = new(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false });

    private PassedStory(GatewayFixture gateway, GitHost host, TestPerson ann, TestPerson bob) => (Gateway, Host, Ann, Bob) = (gateway, host, ann, bob);

    public GatewayFixture Gateway { get; }

    public GitHost Host { get; }

    public HostAccounts Accounts { get; } = new();

    public TestPerson Ann { get; }

    public TestPerson Bob { get; }

    public static async Task<PassedStory> StartAsync(string options = "--identity name", string? policy = FarStory.Open)
    {
        var gateway = await GatewayFixture.StartAsync(policy);
        var host = await GitHost.StartAsync(Path.Combine(gateway.Folder.FullName, "far"));
        await host.AddRepositoryAsync("core.git");
        await host.AddRepositoryAsync("tools.git");
        var story = new PassedStory(gateway, host, await gateway.AddPersonAsync(), await gateway.AddPersonAsync("bob"));
        story.Accounts.Serve(host);
        await story.AdministerAsync($"upstream add far --kind smart-http --base {host.Base} --credentials passed --workspace ACME=/ {options}");
        return story;
    }

    /// <summary>A clone address with the person's name and their password at the host.</summary>
    public string UrlOf(string user, string secret, string repository = "ACME/core") =>
        $"http://{Uri.EscapeDataString(user)}:{Uri.EscapeDataString(secret)}@localhost:{Gateway.Options.Http.Port}/scm/{repository}.git";

    public GitClient Git(string folder) => new(Path.Combine(Gateway.Folder.FullName, folder));

    public Task<(HttpStatusCode Status, string Body)> AskAsync(string user, string secret, string repository = "ACME/core", string service = "git-upload-pack") =>
        AskRawAsync($"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{secret}"))}", repository, service);

    /// <summary>Git's first question, as a library asks it.</summary>
    public async Task<(HttpStatusCode Status, string Body)> AskRawAsync(string? authorization, string repository = "ACME/core", string service = "git-upload-pack")
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{Gateway.Url}/scm/{repository}.git/info/refs?service={service}");
        request.Headers.TryAddWithoutValidation("Git-Protocol", "version=2");
        request.Headers.TryAddWithoutValidation("User-Agent", "test");
        if (authorization is not null)
        {
            request.Headers.TryAddWithoutValidation("Authorization", authorization);
        }

        using var response = await http.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(response.StatusCode == HttpStatusCode.Unauthorized, response.Headers.WwwAuthenticate.Contains(new AuthenticationHeaderValue("Basic", "realm=\"Countersign\", charset=\"UTF-8\"")));
        return (response.StatusCode, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    public async Task<string> AdministerAsync(string words)
    {
        var (exit, output, error) = await CommandLineTests.RunAsync([.. words.Split(' '), "--data", Gateway.Options.Data]);
        Assert.True(exit == 0, error);
        return output;
    }

    public async ValueTask DisposeAsync()
    {
        Accounts.Gate?.TrySetResult();
        http.Dispose();
        await Gateway.AssertInvariantsAsync();
        var log = string.Concat((await Gateway.AuditAsync()).SelectMany(record => record.Event.Facts.Values));
        Assert.DoesNotContain("far password", log.Replace("far password of", "", StringComparison.Ordinal), StringComparison.Ordinal);
        await Gateway.DisposeAsync();
        await Host.DisposeAsync();
    }
}
