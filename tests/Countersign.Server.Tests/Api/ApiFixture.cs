using System.Net;
using System.Reflection;
using System.Text.Json;
using System.Text;
using Countersign.Core.Challenges;
using Countersign.Core.Git;
using Countersign.Server.Api;
using Countersign.Server.Cli;
using Countersign.Server.People;
using Countersign.Server.Tests.Fakes;
using Countersign.Server.Tests.Fixtures;
using Countersign.Server.Tests.Web;
using Countersign.Server.Upstreams;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Countersign.Server.Tests.Api;

/// <summary>The API on real sockets, TCP and administration, over rooms in memory.</summary>
public sealed class ApiFixture : IAsyncLifetime
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("countersign-api-");
    private WebApplication app = null!;

    internal FakeClock Clock { get; } = new();

    internal FakePeople People { get; private set; } = null!;

    internal FakeWorkspaces Workspaces { get; private set; } = null!;

    internal FakeRequests Requests { get; } = new();

    internal FakePolicy Policy { get; } = new();

    internal WebApplication App => app;

    internal string Data => folder.FullName;

    internal HttpClient Http { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        People = new(Clock);
        Workspaces = new(Clock);
        var options = new GatewayOptions { Data = folder.FullName, Http = new(IPAddress.Loopback, 0), Url = new("https://git.example.org") };
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(options.Http);
            AdminSocket.Configure(kestrel, options.AdminSocket);
        });
        builder.Services.AddApi()
            .AddSingleton(options).AddSingleton<Countersign.Server.Transports.Ssh.SshState>()
            .AddSingleton<TimeProvider>(Clock)
            .AddSingleton<IPeople>(People).AddSingleton<ISignIn>(People).AddSingleton<ISessions>(People)
            .AddSingleton<IAccessTokens>(People).AddSingleton<IFactorEnrolment>(People).AddSingleton<ISetup>(People)
            .AddSingleton<IWorkspaces>(Workspaces).AddSingleton<IRepositories>(Workspaces).AddSingleton<IUpstreamDesk, FakeUpstreams>()
            .AddSingleton<INotices, FakeNotices>().AddSingleton<IRequestDesk>(Requests).AddSingleton<IPolicyDesk>(Policy).AddSingleton<IAuditDesk, FakeAudit>().AddSingleton(DispatchProxy.Create<ILocks, NotAsked>())
            .AddSingleton(DispatchProxy.Create<ISshKeys, NotAsked>()).AddSingleton(DispatchProxy.Create<IUpstreamTokens, NotAsked>()).AddSingleton(DispatchProxy.Create<IFactorOrders, NotAsked>());
        app = builder.Build();
        app.MapApi();
        await app.StartAsync();
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First(found => found.Contains("127.0.0.1", StringComparison.Ordinal));
        Http = new(new SocketsHttpHandler { UseCookies = false }) { BaseAddress = new(address) };
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await app.StopAsync();
        await app.DisposeAsync();
        folder.Delete(recursive: true);
    }

    internal async Task<Answer> SendAsync(HttpMethod method, string path, string? body = null, string? bearer = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        }

        if (bearer is not null)
        {
            request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {bearer}");
        }

        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        using var response = await Http.SendAsync(request, TestContext.Current.CancellationToken);
        return await Answer.OfAsync(response);
    }

    internal Task<Answer> GetAsync(string path, string? bearer = null) => SendAsync(HttpMethod.Get, path, null, bearer);

    internal Task<Answer> PostAsync(string path, string body = "{}", string? bearer = null) => SendAsync(HttpMethod.Post, path, body, bearer);

    internal Challenge Waiting(string name, string id = "WDJB-MJHT", bool number = false)
    {
        Assert.True(ChallengeId.TryParse(id, out var key));
        Assert.True(RepositoryPath.TryParse("ACME/core", out var repository));
        Assert.True(ObjectId.TryParse(new string('a', 40), out var before));
        Assert.True(ObjectId.TryParse(new string('b', 40), out var after));
        Assert.True(RefName.TryParse("refs/heads/main", out var main));
        var challenge = new Challenge
        {
            Id = key,
            PrincipalId = People.PrincipalOf(name).Id,
            PrincipalName = name,
            Credential = new("t1", "laptop"),
            Command = new(GitService.ReceivePack, repository) { Updates = [new(before, after, main) { Forced = true, Commits = 3 }] },
            Client = new(IPAddress.Parse("192.0.2.7")),
            UserAgent = "git/2.39.5",
            CommandToken = new(key, "42"),
            Requirement = new() { Number = number },
            Terms = new(),
            Number = "42",
            Digest = "d",
            CreatedAt = Clock.Now,
            ExpiresAt = Clock.Now.AddMinutes(5),
        };
        Requests.All.Add(challenge);
        return challenge;
    }
}

internal sealed record Answer(int Status, string Body, string? ContentType, IReadOnlyDictionary<string, string> Headers)
{
    public JsonElement Json => JsonElement.Parse(Body);

    public string? Code => Json.TryGetProperty("code", out var code) ? code.GetString() : null;

    public static async Task<Answer> OfAsync(HttpResponseMessage response) => new(
        (int)response.StatusCode,
        await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken),
        response.Content.Headers.ContentType?.MediaType,
        response.Headers.ToDictionary(header => header.Key, header => string.Join(", ", header.Value), StringComparer.OrdinalIgnoreCase));

    public void IsProblem(int status, string code)
    {
        Assert.Equal((status, code), (Status, Code));
        Assert.Equal("application/problem+json", ContentType);
        Assert.False(string.IsNullOrWhiteSpace(Json.GetProperty("detail").GetString()));
        Assert.DoesNotContain("   at ", Body, StringComparison.Ordinal);
        Assert.DoesNotContain("Countersign.", Body, StringComparison.Ordinal);
        Assert.DoesNotContain("System.", Body, StringComparison.Ordinal);
    }
}
