using System.Diagnostics;

namespace Countersign.Bench;

/// <summary>
/// Commands that owe nothing (capabilities of version 2), over HTTP from many connections: each is a decision recorded durably
/// before its first byte, and a second record after its last. Each asks for another repository: capabilities that were shown a
/// moment ago would be given again without a record. The peer makes one commit a request, without grouping.
/// </summary>
internal static class DurableDecisions
{
    private const int Connections = 256;
    private const int Rounds = 3;

    public static async Task RunAsync(string folder, Report report)
    {
        var data = Path.Combine(folder, "data");
        await ServerProcess.SeedAsync(data, Connections);
        await using var gateway = await ServerProcess.GatewayAsync(data, local: false);
        await using var peer = await ServerProcess.PeerAsync();
        await gateway.RequireAsync("stand-before http://localhost:1/"); // whatever repository is asked for may be there
        var (ours, commits, bare) = (new List<double>(), new List<double>(), new List<double>());
        var processor = 0.0;
        for (var round = -1; round < Rounds; round++)
        {
            var part = round < 0 ? Connections * 24 : Settings.Decisions / Rounds;
            var rates = (
                await RateAsync(gateway.Port, part, (number, count) => RawClient.InfoRefs(number, version: 2, $"{Names.Workspace}/r{round + 1}-{number}-{count}")),
                await RateAsync(peer.Port, part / 10, (number, _) => RawClient.Peer("/commit", number)),
                await RateAsync(peer.Port, part, (number, _) => RawClient.Peer("/constant", number)));
            if (round < 0)
            {
                processor = -gateway.Figures.ProcessorSeconds;
            }
            else
            {
                ours.Add(rates.Item1);
                commits.Add(rates.Item2);
                bare.Add(rates.Item3);
            }
        }

        processor += gateway.Figures.ProcessorSeconds;
        report.Add($"durable decisions, {Connections} connections (peer: one commit each)", ours.Median(), commits.Median(), "/s", ">= 3,000/s", ours.Median() >= 3000);
        report.Add("processor of the server for one", processor / Settings.Decisions * 1e6, null, "us");
        report.Add("the same against a handler that records nothing", ours.Median(), bare.Median(), "/s");
    }

    private static async Task<double> RateAsync(int port, int count, Func<int, int, byte[]> request)
    {
        var start = Stopwatch.GetTimestamp();
        var left = count;
        await Task.WhenAll(Enumerable.Range(0, Connections).Select(async number =>
        {
            using var client = await RawClient.ConnectAsync(port);
            for (var asked = 0; Interlocked.Decrement(ref left) >= 0; asked++)
            {
                if ((await client.AskAsync(request(number, asked))).Status != 200)
                {
                    throw new InvalidOperationException("a request was refused");
                }
            }
        }));
        return count / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
