using System.Diagnostics;
using System.Globalization;

namespace Countersign.Bench.Ssh;

/// <summary>What a command costs in memory while it is held: sshd's processes, the shell, and the gateway's share.</summary>
internal static class HeldSessions
{
    private const string Shell = "countersign-she"; // the kernel keeps 15 letters of a name
    private const int AtOnce = 20; // connections that have not signed in yet are limited

    public static async Task RunAsync(string folder, string sshd, SshClient client, Report report)
    {
        var (gateway, port) = await SshSuite.GatewayAsync(folder, sshd, client, "Holds:PerNetwork=1000000", "Holds:ChallengeSeconds=600");
        await using var server = gateway;
        var held = new List<Process>();
        try
        {
            await HoldAsync(AtOnce);
            var before = await MeasureAsync();
            await HoldAsync(Settings.SshSessions);
            var after = await MeasureAsync();
            var count = Settings.SshSessions - AtOnce;
            double Each(Func<Memory, double> of) => (of(after) - of(before)) / count / 1024;
            var (shell, all) = (Each(memory => memory.Shell), Each(memory => memory.Shell + memory.Sshd + memory.Gateway));
            report.Add($"memory of each of {Settings.SshSessions} held sessions, in all (proportional)", all, null, "KB", "<= 2,560 KB", all <= 2560);
            report.Add("of that sshd", Each(memory => memory.Sshd), null, "KB");
            report.Add("of that the shell", shell, null, "KB", "<= 307 KB", shell <= 307);
            report.Add("of that the gateway", Each(memory => memory.Gateway), null, "KB");
        }
        finally
        {
            foreach (var process in held)
            {
                process.Kill();
                process.Dispose();
            }
        }

        async Task HoldAsync(int until)
        {
            while (held.Count < until)
            {
                for (var number = 0; number < AtOnce && held.Count < until; number++)
                {
                    held.Add(client.Start(port, $"git-upload-pack '/{Names.Workspace}/core.git'"));
                }

                await gateway.WaitUntilHeldAsync(held.Count);
            }
        }

        async Task<Memory> MeasureAsync()
        {
            await gateway.AskAsync("collect");
            await Task.Delay(TimeSpan.FromSeconds(1));
            var below = Below(gateway.Id).ToArray();
            double Sum(Func<int, bool> which) => below.Where(which).Sum(id => new ProcessFigures(id).Proportional);
            return new(Sum(id => NameOf(id) == Shell), Sum(id => NameOf(id).StartsWith("sshd", StringComparison.Ordinal)), new ProcessFigures(gateway.Id).Proportional);
        }
    }

    private static string NameOf(int id) => File.ReadAllText($"/proc/{id}/comm").Trim();

    private static IEnumerable<int> Below(int id)
    {
        foreach (var task in Directory.EnumerateDirectories($"/proc/{id}/task"))
        {
            foreach (var word in File.ReadAllText(Path.Combine(task, "children")).Split(' ', StringSplitOptions.RemoveEmptyEntries))
            {
                var child = int.Parse(word, CultureInfo.InvariantCulture);
                yield return child;
                foreach (var further in Below(child))
                {
                    yield return further;
                }
            }
        }
    }

    /// <summary>Bytes.</summary>
    private sealed record Memory(double Shell, double Sshd, double Gateway);
}
