namespace Countersign.Bench;

/// <summary>
/// A clone and a push with the real git, in turns through the gateway (each command held and approved at once) and through
/// nginx. Both serve the same repository for the clone, and run git with the same settings for the push.
/// </summary>
internal static class Transfer
{
    private const string ServedSettings = "transfer.fsckObjects=%,core.fsync=objects;derived-metadata;reference,core.fsyncMethod=batch,receive.autogc=false,gc.auto=0,http.receivepack=true";

    public static async Task RunAsync(string folder, Report report)
    {
        var check = Environment.GetEnvironmentVariable("BENCH_CHECK_OBJECTS");
        var (data, source, peers) = (Path.Combine(folder, "data"), Path.Combine(folder, "source.git"), Path.Combine(folder, "peers"));
        await ServerProcess.SeedAsync(data, 1);
        await RandomRepository.MakeAsync(source, Settings.TransferMegabytes);
        await using var gateway = await ServerProcess.GatewayAsync(data, local: true, check is null ? [] : [$"Repositories:CheckObjects={check}"]);
        await gateway.AskAsync("approve-what-comes 0");
        await gateway.RequireAsync($"add-repository {Names.Workspace}/big {source}");
        Directory.CreateDirectory(peers);
        Directory.CreateSymbolicLink(Path.Combine(peers, "big.git"), Path.Combine(data, "repositories", Names.Workspace, "big.git"));
        await using var nginx = await NginxPeer.StartAsync(folder, peers);

        var ours = $"http://{Names.Person(0)}:{Names.Token(0)}@localhost:{gateway.Port}/scm/{Names.Workspace}";
        var theirs = $"http://localhost:{nginx.Port}/git";
        var (clones, pushes) = (new List<(double Ours, double Peer)>(), new List<(double Ours, double Peer)>());
        for (var round = -1; round < Settings.TransferRounds; round++)
        {
            var clone = await PairAsync(round, () => CloneAsync(folder, $"{ours}/big.git"), () => CloneAsync(folder, $"{theirs}/big.git"));
            await gateway.RequireAsync($"add-repository {Names.Workspace}/push{round + 1}");
            await MakePeerAsync(Path.Combine(peers, $"push{round + 1}.git"), check ?? DefaultCheck);
            var push = await PairAsync(round, () => PushAsync(source, $"{ours}/push{round + 1}.git"), () => PushAsync(source, $"{theirs}/push{round + 1}.git"));
            Directory.Delete(Path.Combine(peers, $"push{round + 1}.git"), recursive: true);
            Directory.Delete(Path.Combine(data, "repositories", Names.Workspace, $"push{round + 1}.git"), recursive: true);
            if (round >= 0) // the first fills the caches
            {
                clones.Add(clone);
                pushes.Add(push);
            }
        }

        Add(report, "clone", clones);
        Add(report, "push", pushes);
    }

    private static string DefaultCheck => new Countersign.Server.Upstreams.LocalRepositories.RepositoriesOptions().CheckObjects ? "true" : "false";

    private static void Add(Report report, string what, List<(double Ours, double Peer)> pairs)
    {
        var ratio = pairs.Select(pair => pair.Ours / pair.Peer).Median();
        report.Add($"{what} of {Settings.TransferMegabytes} MB (peer: nginx, fcgiwrap, git http-backend)", pairs.Select(pair => pair.Ours).Median(), pairs.Select(pair => pair.Peer).Median(), "s");
        report.Add($"{what}, median ratio of {pairs.Count} pairs ({string.Join(' ', pairs.Select(pair => (pair.Ours / pair.Peer).ToString("0.00", null)))})", ratio, 1, "x", "<= 1.10x (10 % is noise)", ratio <= 1.1);
    }

    private static async Task<(double Ours, double Peer)> PairAsync(int round, Func<Task<TimeSpan>> ours, Func<Task<TimeSpan>> theirs)
    {
        if (round % 2 == 0)
        {
            var first = await ours();
            return (first.TotalSeconds, (await theirs()).TotalSeconds);
        }

        var before = await theirs();
        return ((await ours()).TotalSeconds, before.TotalSeconds);
    }

    private static async Task<TimeSpan> CloneAsync(string folder, string url)
    {
        var target = Path.Combine(folder, "clone.git");
        var time = await Git.TimeAsync(null, "clone", "--quiet", "--bare", url, target);
        Directory.Delete(target, recursive: true);
        return time;
    }

    private static Task<TimeSpan> PushAsync(string source, string url) => Git.TimeAsync(source, "push", "--quiet", url, "refs/heads/main");

    /// <summary>An empty repository that is served as the gateway serves its own.</summary>
    public static Task MakePeerAsync(string repository) => MakePeerAsync(repository, DefaultCheck);

    private static async Task MakePeerAsync(string repository, string check)
    {
        await Git.RunAsync(null, "init", "--quiet", "--bare", "--template=", repository);
        foreach (var setting in ServedSettings.Replace("%", check, StringComparison.Ordinal).Split(','))
        {
            var (name, value) = (setting[..setting.IndexOf('=', StringComparison.Ordinal)], setting[(setting.IndexOf('=', StringComparison.Ordinal) + 1)..]);
            await Git.RunAsync(repository, "config", name, value.Replace(';', ','));
        }
    }
}
