namespace Countersign.Bench.Forwarding;

/// <summary>The Git host that everything stands before: nginx with <c>git http-backend</c>, and constant answers beside.</summary>
internal sealed class Origin(NginxPeer server, string repositories) : IAsyncDisposable
{
    public int Port => server.Port;

    public static async Task<Origin> StartAsync(string folder)
    {
        Directory.CreateDirectory(folder);
        var repositories = Directory.CreateDirectory(Path.Combine(folder, "repositories")).FullName;
        return new(await NginxPeer.StartAsync(folder, repositories, ConstantAnswers.Locations(folder)), repositories);
    }

    public string Address(string repository) => $"http://localhost:{Port}/git/{repository}.git";

    public void Serve(string name, string repository) => Directory.CreateSymbolicLink(Folder(name), repository);

    /// <summary>An empty repository that takes pushes; how durable and how well checked is the origin's affair, and the same for all.</summary>
    public async Task MakeAsync(string name)
    {
        await Git.RunAsync(null, "init", "--quiet", "--bare", "--template=", "--initial-branch=main", Folder(name));
        await File.AppendAllTextAsync(Path.Combine(Folder(name), "config"), """
            [http]
            	receivepack = true
            [receive]
            	autogc = false
            	unpackLimit = 1
            [core]
            	fsync = none
            """);
    }

    public void Delete(string name) => Directory.Delete(Folder(name), recursive: true);

    public ValueTask DisposeAsync() => server.DisposeAsync();

    private string Folder(string name) => Path.Combine(repositories, name + ".git");
}
