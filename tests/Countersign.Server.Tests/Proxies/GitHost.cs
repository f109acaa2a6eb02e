using System.Text;
using Countersign.Server.Tests.Fixtures;

namespace Countersign.Server.Tests.Proxies;

/// <summary>
/// Somebody else's Git host: nginx, fcgiwrap and <c>git http-backend</c>. It believes one credential, knows nothing of second
/// factors, and writes down every request that reaches it.
/// </summary>
internal sealed class GitHost : IAsyncDisposable
{
    public const string Credential = "Basic Z2F0ZXdheTpzZWNyZXQ="; // gateway:secret
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("countersign-host-");
    private PeerProgram wrapper = null!;
    private PeerProgram server = null!;
    private bool stopped;

    public int Port { get; } = GatewayFixture.FreePort();

    private string Repositories => Path.Combine(folder.FullName, "repositories");

    private string Log => Path.Combine(folder.FullName, "host.log");

    /// <summary>With ACME/core and ACME/web, three commits each.</summary>
    /// <param name="speaksVersion2">False for a host that answers every client in Git's oldest protocol.</param>
    public static async Task<GitHost> StartAsync(bool speaksVersion2 = true)
    {
        var host = new GitHost();
        var outside = new GitClient(host.folder.FullName);
        var source = await GitClient.MakeSourceAsync(host.folder.CreateSubdirectory("source").FullName);
        foreach (var name in new[] { "core", "web" })
        {
            var bare = host.BareFolder(name);
            await outside.SucceedAsync("clone", "-q", "--bare", source, bare);
            await GitClient.RunBareAsync(bare, "config", "http.receivepack", "true");
            await GitClient.RunBareAsync(bare, "config", "receive.advertisePushOptions", "true");
        }

        var backend = Path.Combine((await outside.SucceedAsync("--exec-path")).Output.Trim(), "git-http-backend");
        host.wrapper = await PeerProgram.FcgiWrapAsync(Path.Combine(host.folder.FullName, "fcgi.sock"));
        host.server = await PeerProgram.NginxAsync(host.folder.FullName, DocumentedProxy.AroundNginx(host.folder.FullName, host.Server(backend, speaksVersion2)));
        return host;
    }

    public string BareFolder(string name) => Path.Combine(Repositories, "ACME", name + ".git");

    public async Task<string> TipAsync(string name = "core") =>
        (await GitClient.RunBareAsync(BareFolder(name), "rev-parse", "refs/heads/main")).Output.Trim();

    /// <summary>Stops serving, in order, so that everything is written down; then all that came, one line each: method, target, status, headers.</summary>
    public async Task<IReadOnlyList<string>> StopAndReadAsync()
    {
        await server.QuitAsync();
        stopped = true;
        return await File.ReadAllLinesAsync(Log);
    }

    public async ValueTask DisposeAsync()
    {
        if (!stopped)
        {
            await server.DisposeAsync();
        }

        await wrapper.DisposeAsync();
        folder.Delete(recursive: true);
    }

    private string Server(string backend, bool speaksVersion2) => new StringBuilder(
        """
        log_format host '$request_method $request_uri $status authorization="$http_authorization" decision="$http_x_countersign_decision" others="$http_x_countersign_target$http_x_countersign_accelerate"';
        server {
          listen 127.0.0.1:PORT;
          access_log LOG host;
          client_max_body_size 0;
          location ~ ^/scm(/.*)$ {
            if ($http_authorization != "CREDENTIAL") { return 401; }
            fastcgi_pass unix:FOLDER/fcgi.sock;
            fastcgi_request_buffering off;
            fastcgi_buffering off;
            fastcgi_param SCRIPT_FILENAME BACKEND;
            fastcgi_param GIT_PROJECT_ROOT REPOSITORIES;
            fastcgi_param GIT_HTTP_EXPORT_ALL "";
            fastcgi_param GIT_PROTOCOL PROTOCOL;
            fastcgi_param HTTP_CONTENT_ENCODING $http_content_encoding;
            fastcgi_param PATH_INFO $1;
            fastcgi_param QUERY_STRING $query_string;
            fastcgi_param REQUEST_METHOD $request_method;
            fastcgi_param CONTENT_TYPE $content_type;
            fastcgi_param CONTENT_LENGTH $content_length;
            fastcgi_param REMOTE_USER gateway;
            fastcgi_param REMOTE_ADDR $remote_addr;
            fastcgi_read_timeout 300s;
          }
        }
        """)
        .Replace(" PROTOCOL;", speaksVersion2 ? " $http_git_protocol;" : " \"\";")
        .Replace("PORT;", $"{Port};").Replace("LOG", Log).Replace("CREDENTIAL", Credential).Replace("FOLDER", folder.FullName)
        .Replace("SCRIPT_FILENAME BACKEND", $"SCRIPT_FILENAME {backend}").Replace(" REPOSITORIES", $" {Repositories}").ToString();
}
