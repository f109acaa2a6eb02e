using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using Countersign.Server.Tests.Fixtures;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Countersign.Server.Tests.Upstreams.SmartHttp;

/// <summary>What a Git host got to see of one request.</summary>
internal sealed record SeenRequest(string Method, string Target, IReadOnlyDictionary<string, string> Headers, long Bytes, bool ShowedCertificate)
{
    public string? Header(string name) => Headers.GetValueOrDefault(name);
}

/// <summary>A Git host of its own: the real <c>git http-backend</c>, run as CGI (RFC 3875) below a prefix, on a free loopback port.</summary>
internal sealed class GitHost : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly string prefix;

    private GitHost(WebApplication app, string folder, string prefix) => (this.app, Folder, this.prefix) = (app, folder, prefix);

    /// <summary>Where the bare repositories are.</summary>
    public string Folder { get; }

    public Uri Base => new(app.Urls.First());

    public int Port => Base.Port;

    public ConcurrentQueue<SeenRequest> Seen { get; } = new();

    /// <summary>The Authorization header that it takes; null for any, and none.</summary>
    public string? Credential { get; set; }

    /// <summary>Answers instead of Git; null to serve.</summary>
    public RequestDelegate? Instead { get; set; }

    /// <summary>Compresses its answers for who takes gzip.</summary>
    public bool Compresses { get; set; }

    public static async Task<GitHost> StartAsync(string folder, string prefix = "", Action<ListenOptions>? listen = null)
    {
        Directory.CreateDirectory(folder);
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MinResponseDataRate = null;
            if (listen is null)
            {
                kestrel.Listen(IPAddress.Loopback, 0);
            }
            else
            {
                kestrel.Listen(IPAddress.Loopback, 0, listen);
            }
        });
        var app = builder.Build();
        var host = new GitHost(app, folder, prefix);
        app.Run(host.ServeAsync);
        await app.StartAsync();
        return host;
    }

    /// <summary>A bare repository with three commits on main, at <paramref name="path"/>.</summary>
    public async Task<string> AddRepositoryAsync(string path)
    {
        var bare = Path.Combine(Folder, path);
        var source = await GitClient.MakeSourceAsync(Directory.CreateTempSubdirectory("countersign-source-").FullName);
        await new GitClient(Folder).SucceedAsync("-c", "safe.directory=*", "clone", "-q", "--bare", source, bare);
        foreach (var setting in new[] { "http.receivepack", "uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant", "receive.advertisePushOptions" })
        {
            await GitClient.RunBareAsync(bare, "config", setting, "true");
        }

        Directory.Delete(source, recursive: true);
        return bare;
    }

    public async ValueTask DisposeAsync() => await app.DisposeAsync();

    private async Task ServeAsync(HttpContext context)
    {
        var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        var counted = new CountingStream(context.Request.Body);
        var headers = context.Request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase);
        var certificate = context.Connection.ClientCertificate is not null;
        try
        {
            if (Instead is not null)
            {
                await Instead(context);
            }
            else if (Credential is not null && headers.GetValueOrDefault("Authorization") != Credential)
            {
                context.Response.StatusCode = 401;
                context.Response.Headers.WWWAuthenticate = "Basic realm=\"far\"";
            }
            else if (!target.StartsWith(prefix + "/", StringComparison.Ordinal))
            {
                context.Response.StatusCode = 404;
            }
            else
            {
                await RunAsync(context, target[prefix.Length..], counted);
            }
        }
        finally
        {
            Seen.Enqueue(new(context.Request.Method, target, headers, counted.Bytes, certificate));
        }
    }

    private async Task RunAsync(HttpContext context, string target, CountingStream body)
    {
        var mark = target.IndexOf('?', StringComparison.Ordinal);
        var start = new ProcessStartInfo("git", ["-c", "safe.directory=*", "http-backend"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment.Clear();
        start.Environment["PATH"] = Environment.GetEnvironmentVariable("PATH");
        start.Environment["HOME"] = Folder;
        start.Environment["GIT_CONFIG_NOSYSTEM"] = "1";
        start.Environment["GIT_CONFIG_COUNT"] = "1";
        start.Environment["GIT_CONFIG_KEY_0"] = "safe.directory";
        start.Environment["GIT_CONFIG_VALUE_0"] = "*";
        start.Environment["GIT_PROJECT_ROOT"] = Folder;
        start.Environment["GIT_HTTP_EXPORT_ALL"] = "1";
        start.Environment["REQUEST_METHOD"] = context.Request.Method;
        start.Environment["PATH_INFO"] = Uri.UnescapeDataString(mark < 0 ? target : target[..mark]);
        start.Environment["QUERY_STRING"] = mark < 0 ? "" : target[(mark + 1)..];
        start.Environment["CONTENT_TYPE"] = context.Request.ContentType ?? "";
        start.Environment["HTTP_CONTENT_ENCODING"] = context.Request.Headers.ContentEncoding.ToString();
        start.Environment["GIT_PROTOCOL"] = context.Request.Headers["Git-Protocol"].ToString();
        if (context.Request.ContentLength is { } length)
        {
            start.Environment["CONTENT_LENGTH"] = length.ToString(CultureInfo.InvariantCulture);
        }

        using var git = Process.Start(start) ?? throw new InvalidOperationException("git did not start");
        try
        {
            var errors = git.StandardError.ReadToEndAsync(context.RequestAborted);
            var feeding = FeedAsync(body, git.StandardInput.BaseStream, context.RequestAborted);
            await AnswerAsync(context, git.StandardOutput.BaseStream);
            await feeding;
            await git.WaitForExitAsync(context.RequestAborted);
            await errors;
        }
        finally
        {
            if (!git.HasExited)
            {
                git.Kill(entireProcessTree: true);
            }
        }
    }

    private static async Task FeedAsync(CountingStream body, Stream input, CancellationToken cancellation)
    {
        try
        {
            await body.CopyToAsync(input, cancellation);
        }
        catch (IOException)
        {
            // Git wants no more of it.
        }

        try
        {
            input.Close();
        }
        catch (IOException)
        {
            // It has gone already.
        }
    }

    private async Task AnswerAsync(HttpContext context, Stream output)
    {
        while (await ReadLineAsync(output, context.RequestAborted) is { Length: > 0 } line)
        {
            var (name, value) = (line.Split(": ", 2)[0], line.Split(": ", 2)[1]);
            if (name == "Status")
            {
                context.Response.StatusCode = int.Parse(value.Split(' ')[0], CultureInfo.InvariantCulture);
            }
            else
            {
                context.Response.Headers[name] = value;
            }
        }

        if (Compresses && context.Request.Headers.AcceptEncoding.ToString().Contains("gzip", StringComparison.Ordinal))
        {
            context.Response.Headers.ContentEncoding = "gzip";
            await using var gzip = new System.IO.Compression.GZipStream(context.Response.Body, System.IO.Compression.CompressionLevel.Fastest, leaveOpen: true);
            await output.CopyToAsync(gzip, context.RequestAborted);
            return;
        }

        var buffer = new byte[64 * 1024];
        while (await output.ReadAsync(buffer, context.RequestAborted) is var count and > 0)
        {
            await context.Response.Body.WriteAsync(buffer.AsMemory(0, count), context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
        }
    }

    private static async Task<string> ReadLineAsync(Stream stream, CancellationToken cancellation)
    {
        var (line, one) = (new StringBuilder(), new byte[1]);
        while (await stream.ReadAsync(one, cancellation) == 1 && one[0] != '\n')
        {
            line.Append((char)one[0]);
        }

        return line.ToString().TrimEnd('\r');
    }

    private sealed class CountingStream(Stream inner)
    {
        public long Bytes { get; private set; }

        public async Task CopyToAsync(Stream to, CancellationToken cancellation)
        {
            var buffer = new byte[64 * 1024];
            while (await inner.ReadAsync(buffer, cancellation) is var count and > 0)
            {
                Bytes += count;
                await to.WriteAsync(buffer.AsMemory(0, count), cancellation);
            }
        }
    }
}
