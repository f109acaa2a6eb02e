using System.Diagnostics;
using System.Globalization;

namespace Countersign.Bench;

/// <summary>
/// Thousands of commands whose people are being asked by Duo Push: what each costs while it waits, how fast new ones are asked
/// about meanwhile, and how long an approval takes from the phone to the client. Duo is the project's simulator, in a process of
/// its own; its time is in the figures, because it takes its share of the same cores.
/// </summary>
internal static class Prompted
{
    private const int WarmUpRounds = 4;
    private const int WarmUpRound = 500;
    private const int WarmUp = WarmUpRounds * WarmUpRound;
    private const int More = 2_000;
    private const int Singles = 300;

    public static async Task RunAsync(string folder, Report report)
    {
        var data = Path.Combine(folder, "data");
        await ServerProcess.SeedAsync(data, WarmUp + Settings.Holds + More);
        await using var duo = await ServerProcess.DuoAsync(WarmUp + Settings.Holds + More);
        var host = (await duo.AskAsync("settings " + folder)).Split(' ');
        await using var server = await ServerProcess.GatewayAsync(
            data, local: false, "Holds:HttpsSeconds=600", "Holds:KeepAliveSeconds=60", "Holds:ChallengeSeconds=600", "Holds:PerNetwork=1000000", "Holds:Total=1000000",
            $"Factors:DuoPush:Host={host[0]}", $"Factors:DuoPush:IntegrationKey={host[1]}", $"Factors:DuoPush:SecretKey={host[2]}", $"Factors:DuoPush:CaFile={host[3]}");
        await server.RequireAsync("link-duo");
        for (var round = 0; round < WarmUpRounds; round++)
        {
            var warm = await AskAsync(server, duo, round * WarmUpRound, WarmUpRound);
            var answered = warm.Select(client => client.ReceiveAsync()).ToArray();
            await duo.AskAsync("allow-all");
            await Task.WhenAll(answered);
            Array.ForEach(warm, client => client.Dispose());
        }

        await server.AskAsync("collect");
        await Task.Delay(TimeSpan.FromSeconds(1));
        var resident = server.Figures.Resident;
        var clients = await AskAsync(server, duo, WarmUp, Settings.Holds);
        double Each() => (double)(server.Figures.Resident - resident) / Settings.Holds / 1024;
        var atOnce = Each(); // with what beginning ten thousand holds in half a minute has left behind
        await server.AskAsync("collect");
        await Task.Delay(TimeSpan.FromSeconds(1));
        var each = Each();
        var threads = server.Figures.Threads;

        var start = Stopwatch.GetTimestamp();
        var more = await AskAsync(server, duo, WarmUp + Settings.Holds, More);
        var rate = More / Stopwatch.GetElapsedTime(start).TotalSeconds;

        var answers = clients.Take(Singles).Select(client => client.ReceiveAsync()).ToArray();
        var singles = new double[answers.Length];
        for (var index = 0; index < singles.Length; index++)
        {
            start = Stopwatch.GetTimestamp();
            duo.Tell("allow " + (WarmUp + index).ToString(CultureInfo.InvariantCulture));
            var (first, status) = await answers[index];
            singles[index] = status == 200 && first >= start
                ? Stopwatch.GetElapsedTime(start, first).TotalMilliseconds
                : throw new InvalidOperationException($"answered {status}, or before it was approved: the machine is too busy for so many");
            await duo.HearAsync();
        }

        Array.ForEach([.. clients, .. more], client => client.Dispose());
        var p99 = singles.Percentile(0.99);
        report.Add($"memory of each of {Settings.Holds} commands whose Duo push is out (resident, collected)", each, null, "KB", "<= 24 KB", each <= 24);
        report.Add("the same before the garbage of their beginning is collected", atOnce, null, "KB");
        report.Add("threads of the gateway meanwhile", threads, null, "", "none per wait", threads < 100);
        report.Add($"Duo pushes begun with {Settings.Holds} waiting", rate, null, "/s", ">= 500/s", rate >= 500);
        report.Add("Duo approval to release, p50", singles.Median(), null, "ms");
        report.Add("Duo approval to release, p99", p99, null, "ms", "<= 250 ms", p99 <= 250);
    }

    /// <summary>Sends so many commands and waits until every phone has its push.</summary>
    private static async Task<RawClient[]> AskAsync(ServerProcess server, ServerProcess duo, int first, int count)
    {
        var before = int.Parse(await duo.AskAsync("watched"), CultureInfo.InvariantCulture);
        var clients = new RawClient[count];
        await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = 32 }, async (index, _) =>
        {
            clients[index] = await RawClient.ConnectAsync(server.Port);
            await clients[index].SendAsync(RawClient.InfoRefs(first + index));
        });
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(120));
        while (int.Parse(await duo.AskAsync("watched"), CultureInfo.InvariantCulture) < before + count)
        {
            await Task.Delay(5, patience.Token);
        }

        return clients;
    }
}
