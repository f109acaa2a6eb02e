namespace Countersign.Bench;

/// <summary>nginx with a configuration of its own.</summary>
internal static class Nginx
{
    /// <param name="folder">For its own files.</param>
    /// <param name="port">Where the site listens.</param>
    /// <param name="site">What stands in <c>http</c>.</param>
    public static async Task<Daemon> StartAsync(string folder, int port, string site)
    {
        var configuration = Path.Combine(Directory.CreateDirectory(folder).FullName, "nginx.conf");
        await File.WriteAllTextAsync(configuration, Configuration(folder, site));
        return await Daemon.Start("nginx", "-p", folder, "-e", Path.Combine(folder, "error.log"), "-c", configuration).ListensAsync(port);
    }

    private static string Configuration(string folder, string site) =>
        $$"""
        daemon off;
        {{(Environment.UserName == "root" ? "user root;" : "")}}
        worker_processes auto;
        pid {{folder}}/nginx.pid;
        events { worker_connections 1024; }
        http {
          access_log off;
          keepalive_requests 1000000;
          client_max_body_size 0;
          client_body_buffer_size 1m;
          sendfile on;
          client_body_temp_path {{folder}}/body; proxy_temp_path {{folder}}/proxy; fastcgi_temp_path {{folder}}/fastcgi;
          uwsgi_temp_path {{folder}}/uwsgi; scgi_temp_path {{folder}}/scgi;
          {{site}}
        }
        """;
}
