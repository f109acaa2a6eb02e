namespace Countersign.Bench.Ssh;

/// <summary>A repository of this machine: moving it, and how long a command takes that moves next to nothing.</summary>
internal static class Local
{
    public static async Task RunAsync(string folder, string sshd, SshClient client, Report report)
    {
        var (source, theirs) = (Path.Combine(folder, "source.git"), Path.Combine(folder, "peers"));
        Directory.CreateDirectory(theirs);
        await RandomRepository.MakeAsync(source, Settings.TransferMegabytes);
        var (gateway, port) = await SshSuite.GatewayAsync(folder, sshd, client);
        await using var server = gateway;
        await gateway.RequireAsync("let-through everything");
        await gateway.RequireAsync($"add-repository {Names.Workspace}/big {source}");
        await Git.RunAsync(null, "clone", "--quiet", "--bare", source, Path.Combine(theirs, "big.git"));
        await PlainSshd.GiveAsync(theirs);
        await using var peer = await PlainSshd.StartAsync(Path.Combine(folder, "plain"), sshd, client);
        string Ours(string name) => $"ssh://git@127.0.0.1:{port}/{Names.Workspace}/{name}.git";
        string Theirs(string name) => $"ssh://git@127.0.0.1:{peer.Port}{theirs}/{name}.git";

        var clone = await Pairs.InTurnsAsync(Settings.TransferRounds, _ => CloneAsync(folder, client, Ours("big")), _ => CloneAsync(folder, client, Theirs("big")));
        var push = await Pairs.InTurnsAsync(
            Settings.TransferRounds,
            async round =>
            {
                await gateway.RequireAsync($"add-repository {Names.Workspace}/push{round}");
                return await PushAsync(source, client, Ours($"push{round}"));
            },
            async round =>
            {
                await Transfer.MakePeerAsync(Path.Combine(theirs, $"push{round}.git"));
                await PlainSshd.GiveAsync(Path.Combine(theirs, $"push{round}.git"));
                return await PushAsync(source, client, Theirs($"push{round}"));
            });
        var listing = await Pairs.InTurnsAsync(Settings.Listings, _ => ListAsync(client, Ours("big")), _ => ListAsync(client, Theirs("big")));

        clone.Add(report, $"clone of {Settings.TransferMegabytes} MB over SSH (peer: sshd and git-shell)", 1.05);
        push.Add(report, $"push of {Settings.TransferMegabytes} MB over SSH (peer: sshd and git-shell)", 1.05);
        listing.AddDifference(report, "git ls-remote over SSH, p50 (peer: sshd and git-shell)", 30);
    }

    public static async Task<TimeSpan> CloneAsync(string folder, SshClient client, string url)
    {
        var target = Path.Combine(folder, "clone.git");
        var time = await Git.TimeAsync(null, [.. client.Git, "clone", "--quiet", "--bare", url, target]);
        Directory.Delete(target, recursive: true);
        return time;
    }

    private static Task<TimeSpan> PushAsync(string source, SshClient client, string url) =>
        Git.TimeAsync(source, [.. client.Git, "push", "--quiet", url, "refs/heads/main"]);

    private static Task<TimeSpan> ListAsync(SshClient client, string url) => Git.TimeAsync(null, [.. client.Git, "ls-remote", "--quiet", url]);
}
