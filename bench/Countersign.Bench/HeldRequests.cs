using System.Diagnostics;
using System.Globalization;

namespace Countersign.Bench;

/// <summary>
/// Thousands of commands held at their ref list: what each costs while it waits, and how fast a verdict reaches the client.
/// The first byte of the answer is what is timed, at the client, from before the approval is sent to the server.
/// </summary>
internal static class HeldRequests
{
    private const int WarmUpRounds = 8;
    private const int WarmUpRound = 500;
    private const int WarmUp = WarmUpRounds * WarmUpRound; // until the code is compiled as it will be: a gateway runs for weeks
    private static readonly TimeSpan Watch = TimeSpan.FromSeconds(6);

    private sealed record Result(double BytesEach, double PssEach, double ProcessorShare, double HeldPerSecond, double[] SingleMilliseconds, double AllSeconds, double HoldMicroseconds, double ReleaseMicroseconds);

    public static async Task RunAsync(string folder, Report report)
    {
        var data = Path.Combine(folder, "data");
        await ServerProcess.SeedAsync(data, WarmUp + Settings.Holds);
        Result peer, ours;
        await using (var server = await ServerProcess.PeerAsync())
        {
            peer = await MeasureAsync(server, number => RawClient.Peer("/hold/" + number.ToString(CultureInfo.InvariantCulture), number));
        }

        await using (var server = await ServerProcess.GatewayAsync(
            data, local: false, "Holds:HttpsSeconds=600", "Holds:KeepAliveSeconds=60", "Holds:ChallengeSeconds=600", "Holds:PerNetwork=1000000", "Holds:Total=1000000"))
        {
            ours = await MeasureAsync(server, number => RawClient.InfoRefs(number));
        }

        var kilobytes = ours.BytesEach / 1024;
        report.Add($"memory of each of {Settings.Holds} held requests (resident)", kilobytes, peer.BytesEach / 1024, "KB", "<= 20 KB", kilobytes <= 20);
        report.Add("the same, proportional set", ours.PssEach / 1024, peer.PssEach / 1024, "KB");
        report.Add("processor while they wait, of one core", ours.ProcessorShare * 100, peer.ProcessorShare * 100, "%", "none", ours.ProcessorShare < 0.01);
        report.Add("requests brought to hold", ours.HeldPerSecond, peer.HeldPerSecond, "/s");
        report.Add("processor of the server to bring one to hold", ours.HoldMicroseconds, peer.HoldMicroseconds, "us");
        report.Add("processor of the server to approve, release and record one", ours.ReleaseMicroseconds, peer.ReleaseMicroseconds, "us");
        report.Add("one approval to its release, p50", ours.SingleMilliseconds.Median(), peer.SingleMilliseconds.Median(), "ms");
        var p99 = ours.SingleMilliseconds.Percentile(0.99);
        report.Add("one approval to its release, p99", p99, peer.SingleMilliseconds.Percentile(0.99), "ms", "<= 50 ms", p99 <= 50);
        report.Add("all the others approved at once, until the last", ours.AllSeconds, peer.AllSeconds, "s", "<= 2 s", ours.AllSeconds <= 2);
    }

    private static async Task<Result> MeasureAsync(ServerProcess server, Func<int, byte[]> request)
    {
        for (var round = 0; round < WarmUpRounds; round++)
        {
            await WarmUpAsync(server, request, round * WarmUpRound);
        }

        await server.AskAsync("collect");
        await Task.Delay(TimeSpan.FromSeconds(1));
        var (resident, proportional) = (server.Figures.Resident, server.Figures.Proportional);

        var processor = server.Figures.ProcessorSeconds;
        var start = Stopwatch.GetTimestamp();
        var clients = await HoldAsync(server, request, WarmUp, Settings.Holds);
        var rate = clients.Length / Stopwatch.GetElapsedTime(start).TotalSeconds;
        var holding = (server.Figures.ProcessorSeconds - processor) / clients.Length * 1e6;
        await Task.Delay(TimeSpan.FromSeconds(3)); // connections settle; nothing is collected by hand
        var each = (double)(server.Figures.Resident - resident) / clients.Length;
        var pssEach = (double)(server.Figures.Proportional - proportional) / clients.Length;

        processor = server.Figures.ProcessorSeconds;
        await Task.Delay(Watch);
        var share = (server.Figures.ProcessorSeconds - processor) / Watch.TotalSeconds;

        await server.AskAsync("look");
        var answers = clients.Select(client => client.ReceiveAsync()).ToArray();
        var singles = new double[Math.Min(Settings.Singles, clients.Length / 2)];
        for (var index = 0; index < singles.Length; index++)
        {
            start = Stopwatch.GetTimestamp();
            server.Tell($"approve {WarmUp + index}");
            singles[index] = Stopwatch.GetElapsedTime(start, await FirstByteAsync(answers[index])).TotalMilliseconds;
            await server.HearAsync();
        }

        await server.AskAsync("look");
        processor = server.Figures.ProcessorSeconds;
        start = Stopwatch.GetTimestamp();
        server.Tell("approve-all");
        var rest = await Task.WhenAll(answers.Skip(singles.Length).Select(FirstByteAsync));
        await server.HearAsync();
        var releasing = (server.Figures.ProcessorSeconds - processor) / rest.Length * 1e6;
        Array.ForEach(clients, client => client.Dispose());
        return new(each, pssEach, share, rate, singles, Stopwatch.GetElapsedTime(start, rest.Max()).TotalSeconds, holding, releasing);
    }

    private static async Task WarmUpAsync(ServerProcess server, Func<int, byte[]> request, int first)
    {
        var clients = await HoldAsync(server, request, first, WarmUpRound);
        await server.AskAsync("look");
        await server.AskAsync("approve-all");
        await Task.WhenAll(clients.Select(client => FirstByteAsync(client.ReceiveAsync())));
        Array.ForEach(clients, client => client.Dispose());
    }

    private static async Task<RawClient[]> HoldAsync(ServerProcess server, Func<int, byte[]> request, int first, int count)
    {
        var clients = new RawClient[count];
        await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = 32 }, async (index, _) =>
        {
            clients[index] = await RawClient.ConnectAsync(server.Port);
            await clients[index].SendAsync(request(first + index));
        });
        await server.WaitUntilHeldAsync(count);
        return clients;
    }

    private static async Task<long> FirstByteAsync(Task<(long First, int Status)> answer)
    {
        var (first, status) = await answer;
        return status == 200 ? first : throw new InvalidOperationException($"a held request was answered {status}");
    }
}
