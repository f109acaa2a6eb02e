namespace Countersign.Bench.Forwarding;

/// <summary>nginx sends each request to the gateway, and carries what is allowed itself (docs/proxies.md, accelerated nginx).</summary>
internal sealed class AcceleratedRoute(GatewayBefore gateway, Daemon nginx, int port) : Route
{
    private const string Location = "countersign_bench";

    public override string Name => "Countersign accelerated";

    public override IReadOnlyList<Aim> Aims { get; } =
    [
        new Aim.AtMost(Figure.Clone, NginxRoute.Plain, 1.05),
        new Aim.AtMost(Figure.Push, NginxRoute.Plain, 1.05),
        new Aim.AtMost(Figure.CloneProcessor, NginxRoute.Plain, 1.2),
        new Aim.AtMost(Figure.PushProcessor, NginxRoute.Plain, 1.2),
    ];

    protected override IReadOnlyList<ProcessFigures> Between => [.. nginx.Figures, gateway.Server.Figures];

    public static async Task<Route> StartAsync(string folder, Origin origin)
    {
        var gateway = await GatewayBefore.StartAsync(
            folder, origin, "let-through all-but-held", GatewayBefore.BehindProxy, $"Gateway:AcceleratedLocation={Location}");
        try
        {
            var port = ServerProcess.FreePort();
            return new AcceleratedRoute(gateway, await Nginx.StartAsync(Path.Combine(folder, "nginx"), port, Site(port, gateway.Server.Port)), port);
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

    private static string Site(int port, int gateway) =>
        $$"""
        {{NginxRoute.Upstream("countersign", gateway)}}
        server {
          listen 127.0.0.1:{{port}};
          location / {
            {{NginxRoute.Pass("countersign", keepsRequest: true)}}
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header X-Original-Method "";
            proxy_set_header X-Original-URI "";
            proxy_set_header X-Countersign-Accelerate {{Location}};
            proxy_hide_header X-Countersign-Target;
            proxy_hide_header X-Countersign-Host;
            proxy_hide_header X-Countersign-Authorization;
            proxy_hide_header X-Countersign-Git-Protocol;
          }
          location @{{Location}} {
            set $target $upstream_http_x_countersign_target;
            set $host_there $upstream_http_x_countersign_host;
            set $credential $upstream_http_x_countersign_authorization;
            set $git_protocol $upstream_http_x_countersign_git_protocol;
            proxy_pass $target;
            proxy_http_version 1.1;
            proxy_pass_request_headers off;
            proxy_set_header Connection "";
            proxy_set_header Host $host_there;
            proxy_set_header Authorization $credential;
            proxy_set_header Git-Protocol $git_protocol;
            proxy_set_header Content-Type $content_type;
            proxy_set_header Content-Encoding $http_content_encoding;
            proxy_set_header User-Agent "git/2.0 (nginx)";
            proxy_buffering off;
            proxy_read_timeout 900s;
            proxy_ignore_headers X-Accel-Redirect;
          }
        }
        """;
}
