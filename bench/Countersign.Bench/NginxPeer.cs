namespace Countersign.Bench;

/// <summary>nginx with fcgiwrap and <c>git http-backend</c>.</summary>
internal sealed class NginxPeer(Daemon wrapper, Daemon server, int port) : IAsyncDisposable
{
    public int Port => port;

    /// <param name="folder">For its own files.</param>
    /// <param name="repositories">What <c>/git/</c> serves.</param>
    /// <param name="locations">What it serves besides.</param>
    public static async Task<NginxPeer> StartAsync(string folder, string repositories, string locations = "")
    {
        var port = ServerProcess.FreePort();
        var backend = Path.Combine((await Git.RunAsync(null, "--exec-path")).Trim(), "git-http-backend");
        var wrapper = Daemon.Start("fcgiwrap", "-c", "8", "-s", $"unix:{folder}/fcgi.sock");
        try
        {
            return new(wrapper, await Nginx.StartAsync(folder, port, Site(folder, repositories, port, backend, locations)), port);
        }
        catch
        {
            await wrapper.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        await wrapper.DisposeAsync();
    }

    // Request buffering is off, as ours: a push is streamed into git. Everything else is what guides for this set-up say.
    private static string Site(string folder, string repositories, int port, string backend, string locations) =>
        $$"""
        open_file_cache max=16;
        server {
          listen 127.0.0.1:{{port}};
          {{locations}}
          location ~ ^/git(/.*) {
            fastcgi_pass unix:{{folder}}/fcgi.sock;
            fastcgi_request_buffering {{(Environment.GetEnvironmentVariable("BENCH_NGINX_REQUEST_BUFFERING") ?? "off")}};
            fastcgi_buffering {{(Environment.GetEnvironmentVariable("BENCH_NGINX_BUFFERING") ?? "off")}};
            fastcgi_param SCRIPT_FILENAME {{backend}};
            fastcgi_param GIT_PROJECT_ROOT {{repositories}};
            fastcgi_param GIT_HTTP_EXPORT_ALL "";
            fastcgi_param GIT_PROTOCOL $http_git_protocol;
            fastcgi_param HTTP_CONTENT_ENCODING $http_content_encoding;
            fastcgi_param PATH_INFO $1;
            fastcgi_param QUERY_STRING $query_string;
            fastcgi_param REQUEST_METHOD $request_method;
            fastcgi_param CONTENT_TYPE $content_type;
            fastcgi_param CONTENT_LENGTH $content_length;
            fastcgi_param REMOTE_USER bench;
            fastcgi_param REMOTE_ADDR $remote_addr;
            fastcgi_read_timeout 300s;
          }
        }
        """;
}
