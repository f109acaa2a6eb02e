using Countersign.Server.Api;
using Countersign.Server.Audit;
using Countersign.Server.Cli;
using Countersign.Server.Enforcement;
using Countersign.Server.Factors;
using Countersign.Server.Factors.DuoPush;
using Countersign.Server.Mail;
using Countersign.Server.People;
using Countersign.Server.Policies;
using Countersign.Server.Proxies;
using Countersign.Server.Storage.Sqlite;
using Countersign.Server.Transports.Https;
using Countersign.Server.Transports.Ssh;
using Countersign.Server.Transports.Tls;
using Countersign.Server.Upstreams;
using Countersign.Server.Upstreams.LocalRepositories;
using Countersign.Server.Web;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Countersign.Server;

/// <summary>The product's table of contents and its one composition root.</summary>
internal static class Gateway
{
    /// <summary>Serves until cancelled or told to stop. Prints the set-up link while there is nobody, then the ready line. Throws <see cref="StartupException"/>.</summary>
    /// <returns>The exit code.</returns>
    public static async Task<int> ServeAsync(GatewayOptions options, IConfiguration configuration, TextWriter output, CancellationToken cancellation)
    {
        using var folder = DataFolder.Open(options);
        await using var app = StartupFailures.Explain(() => Build(options, configuration), options);
        await StartupFailures.ExplainAsync(() => app.StartAsync(cancellation), options);
        var url = options.Url.GetLeftPart(UriPartial.Authority);
        if (await app.Services.GetRequiredService<ISetup>().IssueLinkAsync(cancellation) is { } secret)
        {
            await output.WriteLineAsync($"set up Countersign at {url}/setup?link={secret} (works once, for 30 minutes)");
        }

        await output.WriteLineAsync($"ready http={url} {app.Services.GetRequiredService<SshState>().Line}");
        await output.FlushAsync(cancellation);
        await app.WaitForShutdownAsync(cancellation);
        return 0;
    }

    /// <summary>Composes everything; tests pass their own clock and far side through <paramref name="replace"/>.</summary>
    public static WebApplication Build(GatewayOptions options, IConfiguration configuration, Action<IServiceCollection>? replace = null)
    {
        AppContext.SetSwitch("Microsoft.AspNetCore.Server.Kestrel.DisableHttp1LineFeedTerminators", true); // a bare LF ends no line (RFC 9112 2.2)
        var builder = WebApplication.CreateEmptyBuilder(new() { ContentRootPath = AppContext.BaseDirectory, WebRootPath = Path.Combine(AppContext.BaseDirectory, "wwwroot") });
        builder.Configuration.AddConfiguration(configuration);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => Listen(kestrel, options));
        builder.Services
            .AddSingleton(options)
            .AddSingleton(TimeProvider.System)
            .AddGatewayLogging(configuration)
            .AddTls(options)
            .AddProxies()
            .AddAudit()
            .AddLedger()
            .AddPeople()
            .AddFactors()
            .AddDuoPush(configuration)
            .AddMail(configuration)
            .AddPolicies()
            .AddLocalRepositories()
            .AddUpstreams()
            .AddEnforcement()
            .AddGitHttp()
            .AddSsh()
            .AddWeb()
            .AddApi()
            .AddSessionAuthentication();
        replace?.Invoke(builder.Services);
        return Map(builder.Build());
    }

    private static WebApplication Map(WebApplication app)
    {
        app.UseProxies();
        app.UseGitHttp();
        app.MapWeb();
        app.UseRouting();
        app.UseAuthentication();
        app.UseAuthorization(); // said here, else the framework puts it before everything, Git included
        app.MapApi();
        app.MapHealth();
        return app;
    }

    private static void Listen(KestrelServerOptions kestrel, GatewayOptions options)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = 1 << 20; // Git bodies lift it for themselves
        kestrel.Limits.MaxRequestHeadersTotalSize = 32 * 1024;
        kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(15);
        // Averages since the body's start, counted only while the gateway waits for the client: a pause behind a megabyte is no
        // slow client, a byte a second is one. Half a minute is for lines that stall.
        kestrel.Limits.MinRequestBodyDataRate = new(bytesPerSecond: 240, gracePeriod: TimeSpan.FromSeconds(30));
        kestrel.Limits.MinResponseDataRate = new(bytesPerSecond: 240, gracePeriod: TimeSpan.FromSeconds(30));
        kestrel.Listen(options.Http, listen =>
        {
            listen.Protocols = HttpProtocols.Http1;
            listen.Use(FramingGuard.Around);
        });
        HttpsListener.Listen(kestrel, options);
        AdminSocket.Configure(kestrel, options.AdminSocket);
    }
}
