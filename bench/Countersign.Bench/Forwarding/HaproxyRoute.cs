namespace Countersign.Bench.Forwarding;

/// <summary>HAProxy as reverse proxy, one process with a thread for each core; connections to the origin are kept.</summary>
internal sealed class HaproxyRoute(Daemon server, int port) : Route
{
    public override string Name => "HAProxy";

    protected override IReadOnlyList<ProcessFigures> Between => server.Figures;

    public static async Task<Route> StartAsync(string folder, Origin origin)
    {
        var port = ServerProcess.FreePort();
        var configuration = Path.Combine(Directory.CreateDirectory(folder).FullName, "haproxy.cfg");
        await File.WriteAllTextAsync(configuration, Configuration(port, origin.Port));
        return new HaproxyRoute(await Daemon.Start("haproxy", "-q", "-db", "-f", configuration).ListensAsync(port), port);
    }

    public override string Address(string repository) => $"http://localhost:{port}/git/{repository}.git";

    public override ValueTask DisposeAsync() => server.DisposeAsync();

    private static string Configuration(int port, int origin) =>
        $"""
        defaults
          mode http
          timeout connect 5s
          timeout client 300s
          timeout server 300s
          http-reuse safe
        frontend git
          bind 127.0.0.1:{port}
          default_backend origin
        backend origin
          server origin 127.0.0.1:{origin}

        """;
}
