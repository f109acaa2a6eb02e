using Countersign.Core.Git;
using Countersign.Server.Enforcement;
using Countersign.Server.Storage.Sqlite;
using Countersign.Server.Upstreams.LocalRepositories;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using System.Net;

namespace Countersign.Server.Tests.LocalRepositories;

/// <summary>The smallest smart HTTP server over local repositories: no question asked, so that only this room is tried.</summary>
internal sealed class GitServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private GitServer(WebApplication app, string folder) => (_app, Folder) = (app, folder);

    /// <summary>Everything on disk: the data, and working copies.</summary>
    public string Folder { get; }

    public string Url => _app.Urls.First();

    public LocalRepositoryStore Store => _app.Services.GetRequiredService<LocalRepositoryStore>();

    public IUpstream Upstream => _app.Services.GetRequiredService<LocalUpstream>();

    public GatewayOptions Options => _app.Services.GetRequiredService<GatewayOptions>();

    /// <summary>How each forwarded request ended, in order of their ends.</summary>
    public System.Collections.Concurrent.ConcurrentQueue<ForwardOutcome> Outcomes { get; } = new();

    public string BareFolder(RepositoryPath repository) => Store.Locate(repository);

    public string AddressOf(RepositoryPath repository) => $"{Url}/scm/{repository}.git";

    public GitClient Client(int version = 2) => new(Folder, version);

    public static async Task<GitServer> StartAsync(int maxProcesses = 64, bool checkObjects = true)
    {
        var folder = Directory.CreateTempSubdirectory("countersign-git-").FullName;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Repositories:MaxProcesses"] = $"{maxProcesses}",
            ["Repositories:CheckObjects"] = $"{checkObjects}",
        });
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0);
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MinResponseDataRate = null;
        });
        builder.Services.AddSingleton(_ => Ledger.Open(new(Path.Combine(folder, "ledger.db")), new byte[32], NullLogger<Ledger>.Instance)); // for locks of large files
        builder.Services.AddSingleton(new GatewayOptions
        {
            Data = Path.Combine(folder, "data"),
            Http = new(IPAddress.Loopback, 0),
            Url = new("http://localhost"),
        });
        builder.Services.AddLocalRepositories();
        builder.Services.AddRequestDecompression();
        var app = builder.Build();
        var server = new GitServer(app, folder);
        app.UseRequestDecompression();
        app.Run(server.ServeAsync);
        await app.StartAsync();
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }

    private async Task ServeAsync(HttpContext context)
    {
        var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        var version = GitProtocolHeader.Parse(context.Request.Headers["Git-Protocol"]);
        switch (GitHttpRequest.Parse(context.Request.Method, target, context.Request.ContentType, MountTable.None))
        {
            case GitHttpRequest.Valid { Endpoint: GitEndpoint.InfoRefs } request:
                context.Response.ContentType = $"application/x-{Word(request.Service)}-advertisement";
                await UpstreamAsync(context, () => Upstream.AdvertiseAsync(new(new(request.Service, request.Repository), version), context.Response.BodyWriter, context.RequestAborted));
                break;
            case GitHttpRequest.Valid request:
                context.Response.ContentType = $"application/x-{Word(request.Service)}-result";
                await UpstreamAsync(context, () => Upstream.ForwardAsync(new(new(request.Service, request.Repository), version), context.Request.BodyReader, context.Response.BodyWriter, context.RequestAborted));
                break;
            case GitHttpRequest.Refused refused:
                context.Response.StatusCode = refused.Status;
                await context.Response.WriteAsync(refused.Reason);
                break;
            default:
                context.Response.StatusCode = 404;
                break;
        }
    }

    private async Task UpstreamAsync(HttpContext context, Func<Task<ForwardOutcome>> forward)
    {
        try
        {
            var outcome = await forward();
            if (context.Request.Method == "POST")
            {
                Outcomes.Enqueue(outcome);
            }

            if (outcome.Detail == "client left")
            {
                context.Abort();
            }
        }
        catch (UpstreamUnavailableException unavailable)
        {
            context.Response.StatusCode = 404;
            context.Response.ContentType = "text/plain";
            await context.Response.WriteAsync(unavailable.Message);
        }
    }

    private static string Word(GitService service) => service == GitService.UploadPack ? "git-upload-pack" : "git-receive-pack";
}
