namespace Countersign.Bench.Forwarding;

/// <summary>nginx asks the gateway about each request (docs/proxies.md, forward-auth) and then sends it to the origin itself.</summary>
internal sealed class ForwardAuthRoute(GatewayBefore gateway, Daemon nginx, int port) : Route
{
    public override string Name => "Countersign forward-auth";

    public override IReadOnlyList<Aim> Aims { get; } =
    [
        new Aim.AtLeast(Figure.Capabilities, NginxRoute.Asking, 0.8),
        new Aim.AtLeast(Figure.Repeated, NginxRoute.Asking, 0.8),
        new Aim.AtLeast(Figure.RefList, NginxRoute.Asking, 0.8),
    ];

    protected override IReadOnlyList<ProcessFigures> Between => [.. nginx.Figures, gateway.Server.Figures];

    public static async Task<Route> StartAsync(string folder, Origin origin)
    {
        // No rule about refs: forward-auth sees none, so a single closed branch would close them all.
        var gateway = await GatewayBefore.StartAsync(folder, origin, "let-through everything", GatewayBefore.BehindProxy);
        try
        {
            var port = ServerProcess.FreePort();
            return new ForwardAuthRoute(gateway, await Nginx.StartAsync(Path.Combine(folder, "nginx"), port, Site(port, origin.Port, gateway.Server.Port)), port);
        }
        catch
        {
            await gateway.DisposeAsync();
            throw;
        }
    }

    public override string Address(string repository) => $"http://localhost:{port}/git/{repository}.git";

    public override async ValueTask DisposeAsync()
    {
        await nginx.DisposeAsync();
        await gateway.DisposeAsync();
    }

    private static string Site(int port, int origin, int gateway) =>
        $$"""
        {{NginxRoute.Upstream("origin", origin)}}
        {{NginxRoute.Upstream("countersign", gateway)}}
        server {
          listen 127.0.0.1:{{port}};
          location /git/ {
            auth_request /_countersign;
            {{NginxRoute.Pass("origin")}}
          }
          location = /_countersign {
            internal;
            proxy_pass http://countersign/forward-auth;
            proxy_http_version 1.1;
            proxy_pass_request_body off;
            proxy_set_header Connection "";
            proxy_set_header Content-Length "";
            proxy_set_header Transfer-Encoding "";
            proxy_set_header Host $host;
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header X-Original-Method $request_method;
            proxy_set_header X-Original-URI $request_uri;
            proxy_set_header X-Original-Content-Length $content_length;
            proxy_set_header X-Forwarded-Method "";
            proxy_set_header X-Forwarded-Uri "";
            proxy_read_timeout 900s;
          }
        }
        """;
}
