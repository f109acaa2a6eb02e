namespace Countersign.Bench.Forwarding;

/// <summary>nginx as reverse proxy: alone, or asking somebody about each request first. What it asks is configuration.</summary>
internal sealed class NginxRoute(string name, Daemon server, int port) : Route
{
    public const string Plain = "nginx";
    public const string Asking = "nginx with auth_request";

    public override string Name => name;

    protected override IReadOnlyList<ProcessFigures> Between => server.Figures;

    /// <summary>Connections to the origin are kept, and nothing is buffered.</summary>
    public static Task<Route> PlainAsync(string folder, Origin origin) => StartAsync(Plain, folder, origin, "", "");

    /// <summary>The cheapest answer that there can be: 204 from nginx itself.</summary>
    public static Task<Route> AskingAsync(string folder, Origin origin) =>
        StartAsync(Asking, folder, origin, "auth_request /allowed;", "location = /allowed { internal; return 204; }");

    public override string Address(string repository) => $"http://localhost:{port}/git/{repository}.git";

    public override ValueTask DisposeAsync() => server.DisposeAsync();

    /// <summary>How nginx passes a request on to the origin.</summary>
    /// <param name="upstream">Its name.</param>
    /// <param name="keepsRequest">Keeps the body on disk, to send it a second time.</param>
    public static string Pass(string upstream, bool keepsRequest = false) =>
        $"""
        proxy_pass http://{upstream};
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_set_header Host $host;
        proxy_buffering off;
        proxy_request_buffering {(keepsRequest ? "on" : "off")};
        proxy_read_timeout 300s;
        """;

    /// <summary>A server with kept connections.</summary>
    public static string Upstream(string name, int port) =>
        $"upstream {name} {{ server 127.0.0.1:{port}; keepalive 64; keepalive_requests 1000000; }}";

    private static async Task<Route> StartAsync(string name, string folder, Origin origin, string before, string locations)
    {
        var port = ServerProcess.FreePort();
        var site =
            $$"""
            {{Upstream("origin", origin.Port)}}
            server {
              listen 127.0.0.1:{{port}};
              {{locations}}
              location / {
                {{before}}
                {{Pass("origin")}}
              }
            }
            """;
        return new NginxRoute(name, await Nginx.StartAsync(folder, port, site), port);
    }
}
