using System.Diagnostics;

namespace Countersign.Bench;

/// <summary>What the gateway adds to a ref list when a grant covers the command: one connection, in turns with the same bytes answered directly.</summary>
internal static class CoveredByGrant
{
    private const int Turn = 50;

    public static async Task RunAsync(string folder, Report report)
    {
        var data = Path.Combine(folder, "data");
        await ServerProcess.SeedAsync(data, 1);
        await using var gateway = await ServerProcess.GatewayAsync(data, local: false);
        await using var peer = await ServerProcess.PeerAsync();
        using var client = await RawClient.ConnectAsync(gateway.Port);
        using var direct = await RawClient.ConnectAsync(peer.Port);
        var (covered, plain) = (RawClient.InfoRefs(0), RawClient.Peer("/constant", 0));

        var held = client.AskAsync(covered);
        await gateway.WaitUntilHeldAsync(1);
        await gateway.AskAsync("look");
        await gateway.AskAsync("approve 0");
        await held;

        var (ours, theirs, disk) = (new List<double>(), new List<double>(), new List<double>());
        for (var done = -Turn * 4; done < Settings.GrantRequests; done += Turn)
        {
            var rounds = (await TakeAsync(client, covered), await TakeAsync(direct, plain), Sync(folder));
            if (done >= 0)
            {
                ours.AddRange(rounds.Item1);
                theirs.AddRange(rounds.Item2);
                disk.AddRange(rounds.Item3);
            }
        }

        var added = ours.Median() - theirs.Median();
        report.Add("info/refs covered by a grant, p50", ours.Median(), theirs.Median(), "ms");
        report.Add("info/refs covered by a grant, p99", ours.Percentile(0.99), theirs.Percentile(0.99), "ms");
        report.Add("added by the gateway, p50 (peer: one 4 KB write and fdatasync here)", added, disk.Median(), "ms", "<= 2 ms", added <= 2);
    }

    private static async Task<IReadOnlyList<double>> TakeAsync(RawClient client, byte[] request)
    {
        var times = new double[Turn];
        for (var index = 0; index < Turn; index++)
        {
            var (_, whole, status) = await client.AskAsync(request);
            times[index] = status == 200 ? whole.TotalMilliseconds : throw new InvalidOperationException($"answered {status}");
        }

        return times;
    }

    private static double[] Sync(string folder)
    {
        using var file = new FileStream(Path.Combine(folder, "sync"), FileMode.Append, FileAccess.Write, FileShare.None, bufferSize: 0);
        var times = new double[5];
        for (var index = 0; index < times.Length; index++)
        {
            var start = Stopwatch.GetTimestamp();
            file.Write(new byte[4096]);
            file.Flush(flushToDisk: true);
            times[index] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }

        return times;
    }
}
