using System.Net;
using System.Reflection;
using Countersign.Core.Challenges;
using Countersign.Core.Identities;
using Countersign.Server.People;
using Countersign.Server.Web;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Countersign.Server.Tests.Web;

/// <summary>The pages on a real socket, over people and sessions that are only as real as these tests need.</summary>
internal sealed class WebHost : IAsyncDisposable
{
    public const string Origin = "http://localhost:4444";

    private readonly WebApplication app;
    private readonly HttpClient client;

    private WebHost(WebApplication app)
    {
        this.app = app;
        client = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = new(app.Urls.First()) };
    }

    public static async Task<WebHost> StartAsync()
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddSingleton(new GatewayOptions { Data = Path.GetTempPath(), Http = new(IPAddress.Loopback, 0), Url = new(Origin) });
        builder.Services.AddSingleton<ISessions, FakeSessions>();
        builder.Services.AddSingleton<ISignIn, FakeSignIn>();
        builder.Services.AddSingleton(DispatchProxy.Create<ISetup, NotAsked>());
        builder.Services.AddSingleton(DispatchProxy.Create<IPeople, NotAsked>());
        builder.Services.AddSessionAuthentication();
        builder.Services.AddWeb();
        builder.Services.AddSingleton<Countersign.Server.Transports.Ssh.SshState>();
        var app = builder.Build();
        app.MapWeb();
        app.MapGet("/fails", string () => throw new InvalidOperationException("canary-in-an-exception"));
        app.MapPost("/api/v1/anything", () => Results.NotFound());
        await app.StartAsync();
        return new(app);
    }

    public static Task<string> TextOf(HttpResponseMessage answer) => answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);

    /// <summary>Opens the page, takes its form key and cookie, and sends the form as a browser would.</summary>
    public async Task<HttpResponseMessage> SubmitAsync(
        string page, string action, Dictionary<string, string> fields, string? origin = Origin, string? session = null, string? carried = null)
    {
        using var get = await GetAsync(page, session);
        var html = await TextOf(get);
        const string Mark = "name=\"form-key\" type=\"hidden\" value=\"";
        var start = html.IndexOf(Mark, StringComparison.Ordinal) + Mark.Length;
        fields["form-key"] = html[start..html.IndexOf('"', start)];
        var cookies = get.Headers.GetValues("Set-Cookie").Select(cookie => cookie.Split(';')[0]).Append(SessionCookie(session)).Append(carried ?? "");
        return await PostAsync(action, fields, origin, string.Join("; ", cookies.Where(cookie => cookie.Length > 0)));
    }

    public Task<HttpResponseMessage> GetAsync(string path, string? session = null) =>
        SendAsync(new(HttpMethod.Get, path), SessionCookie(session), origin: null);

    public Task<HttpResponseMessage> PostAsync(string path, Dictionary<string, string> fields, string? origin = Origin, string cookies = "") =>
        SendAsync(new(HttpMethod.Post, path) { Content = new FormUrlEncodedContent(fields) }, cookies, origin);

    public async ValueTask DisposeAsync()
    {
        client.Dispose();
        await app.DisposeAsync();
    }

    private static string SessionCookie(string? session) => session is null ? "" : $"{SessionAuthentication.CookieName}={session}";

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, string cookies, string? origin)
    {
        using (request)
        {
            if (cookies.Length > 0)
            {
                request.Headers.Add("Cookie", cookies);
            }

            if (origin is not null)
            {
                request.Headers.Add("Origin", origin);
            }

            return await client.SendAsync(request, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>A session for each word that a test puts into the cookie.</summary>
    private sealed class FakeSessions(TimeProvider clock) : ISessions
    {
        public Session? Find(string secret) => secret switch
        {
            "without-factor" => Of(passed: false),
            "stale" => Of(passed: true),
            "fresh" => Of(passed: true) with { SteppedUpAt = clock.GetUtcNow().AddMinutes(-1) },
            "from-the-future" => Of(passed: true) with { SteppedUpAt = clock.GetUtcNow().AddMinutes(1) },
            _ => null,
        };

        public Task<(string Secret, DateTimeOffset ExpiresAt)> StartAsync(SessionStart start, ClientAddress from, string userAgent, CancellationToken cancellation) =>
            Task.FromResult(("css_new", clock.GetUtcNow().AddHours(24)));

        public Task<string> RotateAsync(string secret, bool steppedUp, CancellationToken cancellation) => Task.FromResult("css_rotated");

        public Task EndAsync(string secret, CancellationToken cancellation) => Task.CompletedTask;

        public Task EndAllAsync(PrincipalId person, CancellationToken cancellation) => Task.CompletedTask;

        public Task<IReadOnlyList<SessionSummary>> ListAsync(PrincipalId person, CancellationToken cancellation) => Task.FromResult<IReadOnlyList<SessionSummary>>([]);

        public Task EndByKeyAsync(PrincipalId person, string key, CancellationToken cancellation) => Task.CompletedTask;

        private Session Of(bool passed)
        {
            var factors = passed ? new HashSet<FactorKind> { FactorKind.Totp } : [];
            return new("key", new(new(Guid.AllBitsSet), "ann") { Factors = factors }, passed, null, clock.GetUtcNow().AddHours(1));
        }
    }

    /// <summary>Knows one person, with the password "right" and the code 123456.</summary>
    private sealed class FakeSignIn : ISignIn
    {
        private static readonly Refusal Refused = new("refused", "That did not match.");

        public Task<Result<SessionStart>> PasswordAsync(string name, string password, string? code, ClientAddress from, CancellationToken cancellation) =>
            Task.FromResult((password, code) switch
            {
                ("right", null) => (Result<SessionStart>)new Refusal("code_required", "Give the code."),
                ("right", "123456") => new SessionStart(new(Guid.AllBitsSet), name, SecondFactorPassed: true, MustSetUpFactor: false),
                _ => Refused,
            });

        public Task<(string OptionsJson, string CeremonyKey)> PasskeyOptionsAsync(CancellationToken cancellation) => Task.FromResult(("{}", "ceremony"));

        public Task<Result<SessionStart>> PasskeyAsync(string ceremonyKey, string assertionJson, ClientAddress from, CancellationToken cancellation) =>
            Task.FromResult<Result<SessionStart>>(Refused);

        public Task<string> StepUpOptionsAsync(PrincipalId person, string sessionKey, CancellationToken cancellation) => Task.FromResult("{}");

        public Task<Result<bool>> StepUpAsync(PrincipalId person, string sessionKey, string? code, string? assertionJson, ClientAddress from, CancellationToken cancellation) =>
            Task.FromResult<Result<bool>>(code == "123456" ? true : Refused);
    }
}
