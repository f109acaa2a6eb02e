using System.Diagnostics;
using System.Net.Sockets;

namespace Countersign.Bench;

/// <summary>nginx with fcgiwrap and <c>git http-backend</c>, with a configuration of its own on a free port. Its programs come from bench/run.</summary>
internal sealed class NginxPeer : IAsyncDisposable
{
    private readonly Process wrapper;
    private readonly Process server;

    private NginxPeer(Process wrapper, Process server, int port) => (this.wrapper, this.server, Port) = (wrapper, server, port);

    public int Port { get; }

    /// <param name="folder">For its own files.</param>
    /// <param name="repositories">What <c>/git/</c> serves.</param>
    public static async Task<NginxPeer> StartAsync(string folder, string repositories)
    {
        var port = ServerProcess.FreePort();
        var configuration = Path.Combine(folder, "nginx.conf");
        await File.WriteAllTextAsync(configuration, Configuration(folder, repositories, port, await BackendAsync()));
        var wrapper = Start("BENCH_FCGIWRAP", "fcgiwrap", "-c", "8", "-s", $"unix:{folder}/fcgi.sock");
        var server = Start("BENCH_NGINX", "nginx", "-p", folder, "-e", Path.Combine(folder, "error.log"), "-c", configuration);
        var peer = new NginxPeer(wrapper, server, port);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        while (!await AnswersAsync(port))
        {
            await Task.Delay(50, patience.Token);
        }

        return peer;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in (Process[])[server, wrapper])
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
            process.Dispose();
        }
    }

    // Request buffering is off, as ours: a push is streamed into git. Everything else is what guides for this set-up say.
    private static string Configuration(string folder, string repositories, int port, string backend) =>
        $$"""
        daemon off;
        {{(Environment.UserName == "root" ? "user root;" : "")}}
        worker_processes auto;
        pid {{folder}}/nginx.pid;
        events { worker_connections 256; }
        http {
          access_log off;
          client_body_temp_path {{folder}}/body; proxy_temp_path {{folder}}/proxy; fastcgi_temp_path {{folder}}/fastcgi;
          uwsgi_temp_path {{folder}}/uwsgi; scgi_temp_path {{folder}}/scgi;
          server {
            listen 127.0.0.1:{{port}};
            client_max_body_size 0;
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
        }
        """;

    private static async Task<string> BackendAsync() => Path.Combine((await Git.RunAsync(null, "--exec-path")).Trim(), "git-http-backend");

    private static Process Start(string variable, string otherwise, params string[] arguments) =>
        Process.Start(new ProcessStartInfo(Environment.GetEnvironmentVariable(variable) ?? otherwise, arguments)
        {
            Environment = { ["LD_LIBRARY_PATH"] = Environment.GetEnvironmentVariable("BENCH_PEER_LIBRARIES") },
        })!;

    private static async Task<bool> AnswersAsync(int port)
    {
        try
        {
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(System.Net.IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
