using System.Text.RegularExpressions;
using Countersign.Server.Tests.Docs;
using Countersign.Server.Tests.Fixtures;
using Countersign.Server.Tests.Tls;

namespace Countersign.Server.Tests.Proxies;

/// <summary>A gateway behind a proxy that runs the very text of docs/proxies.md, with ports and files exchanged.</summary>
internal sealed class DocumentedProxy : IAsyncDisposable
{
    private readonly TestAuthority authority = new();
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("countersign-proxy-");
    private readonly int port = GatewayFixture.FreePort();
    private PeerProgram program = null!;
    private GitHost? host;

    public GatewayFixture Gateway { get; private set; } = null!;

    public string Origin => $"https://localhost:{port}";

    public string Folder => folder.FullName;

    /// <summary>Asks the proxy with every byte of the address as given, over HTTP/1.1.</summary>
    public async Task<string> AskRawAsync(string target, string headers = "", string method = "GET")
    {
        using var client = await TlsClient.OpenAsync(port, authority);
        await client.SendAsync($"{method} {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n");
        return await client.ReadToEndAsync();
    }

    /// <param name="name">nginx, haproxy or caddy; or a heading of the document for another text of nginx or Caddy.</param>
    /// <param name="options">Further options of the gateway.</param>
    /// <param name="policy">Instead of the default policy.</param>
    /// <param name="host">Where the document has its Git host.</param>
    public static async Task<DocumentedProxy> StartAsync(string name, Func<GatewayOptions, GatewayOptions>? options = null, string? policy = null, GitHost? host = null)
    {
        var proxy = new DocumentedProxy();
        proxy.Gateway = await GatewayFixture.StartAsync(
            policy,
            settings: new() { ["Holds:HttpsSeconds"] = "600" },
            options: given =>
            {
                var behind = given with { Url = new(proxy.Origin), TrustedProxies = [System.Net.IPNetwork.Parse("127.0.0.1/32")] };
                return options?.Invoke(behind) ?? behind;
            });
        proxy.host = host;
        proxy.program = await proxy.RunAsync(name);
        return proxy;
    }

    /// <summary>A git that believes the test's authority, over HTTP/1.1 as the document advises. The clone's folder is its own.</summary>
    public GitClient Git(string name, int protocol = 2) => new(
        Path.Combine(Gateway.Folder.FullName, name), protocol, environment: new Dictionary<string, string>
        {
            ["GIT_SSL_CAINFO"] = authority.RootFile,
            ["GIT_CONFIG_COUNT"] = "1", ["GIT_CONFIG_KEY_0"] = "http.version", ["GIT_CONFIG_VALUE_0"] = "HTTP/1.1",
        });

    public async ValueTask DisposeAsync()
    {
        await program.DisposeAsync();
        await Gateway.DisposeAsync();
        authority.Dispose();
        folder.Delete(recursive: true);
    }

    /// <summary>The first block in the language of <paramref name="fence"/> under the heading.</summary>
    public static string Block(string heading, string fence)
    {
        var text = Documents.Of("docs/proxies.md").Text;
        var section = text[(text.IndexOf($"\n{heading}\n", StringComparison.Ordinal) + 1)..];
        var match = Regex.Match(section, $"^```{fence}\n(.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline);
        Assert.True(match.Success, heading);
        return match.Groups[1].Value;
    }

    /// <summary>What stands around the documented server in nginx.conf.</summary>
    public static string AroundNginx(string folder, string inner) =>
        $$"""
        daemon off;
        error_log stderr notice;
        {{(Environment.UserName == "root" ? "user root;" : "")}}
        worker_processes 1;
        pid {{folder}}/nginx.pid;
        events { worker_connections 512; }
        http {
        access_log {{folder}}/access.log;
        client_body_temp_path {{folder}}/body; proxy_temp_path {{folder}}/proxy; fastcgi_temp_path {{folder}}/fastcgi;
        uwsgi_temp_path {{folder}}/uwsgi; scgi_temp_path {{folder}}/scgi;
        {{inner}}
        }
        """;

    private Task<PeerProgram> RunAsync(string name)
    {
        switch (name)
        {
            case "nginx":
                return NginxAsync("## nginx");
            case "### Forward-auth with nginx" or "## Accelerated nginx":
                return NginxAsync(name);
            case "haproxy":
                var pair = Path.Combine(Folder, "pair.pem");
                File.WriteAllText(pair, File.ReadAllText(authority.ChainFile) + File.ReadAllText(authority.KeyFile));
                var file = Path.Combine(Folder, "haproxy.cfg");
                File.WriteAllText(file, Fit(Block("## HAProxy", "haproxy")).Replace("/etc/haproxy/git.example.org.pem", pair, StringComparison.Ordinal));
                return PeerProgram.NotifyingAsync(Folder, "haproxy", "-Ws", "-f", file);
            default:
                var caddyfile = Path.Combine(Folder, "Caddyfile");
                File.WriteAllText(caddyfile, Fit(Block(name == "caddy" ? "## Caddy" : name, "caddyfile")).Replace(
                    "git.example.org {",
                    $"{{\n\tadmin off\n\tskip_install_trust\n\tauto_https disable_redirects\n}}\n{Origin} {{\n\ttls {authority.ChainFile} {authority.KeyFile}",
                    StringComparison.Ordinal));
                return PeerProgram.NotifyingAsync(Folder, "caddy", "run", "--config", caddyfile, "--adapter", "caddyfile");
        }
    }

    private Task<PeerProgram> NginxAsync(string heading) => PeerProgram.NginxAsync(Folder, AroundNginx(Folder, Fit(Block(heading, "nginx"))));

    /// <summary>This test's ports and files in place of an operator's.</summary>
    private string Fit(string text) => text
        .Replace("127.0.0.1:8080", $"127.0.0.1:{Gateway.Options.Http.Port}", StringComparison.Ordinal)
        .Replace("127.0.0.1:7990", $"127.0.0.1:{host?.Port}", StringComparison.Ordinal)
        .Replace("listen 443 ", $"listen 127.0.0.1:{port} ", StringComparison.Ordinal)
        .Replace("bind :443 ", $"bind 127.0.0.1:{port} ", StringComparison.Ordinal)
        .Replace("/etc/ssl/git.example.org.pem", authority.ChainFile, StringComparison.Ordinal)
        .Replace("/etc/ssl/git.example.org.key", authority.KeyFile, StringComparison.Ordinal)
        .Replace("/etc/ssl/certs/ca-certificates.crt", authority.RootFile, StringComparison.Ordinal);
}
