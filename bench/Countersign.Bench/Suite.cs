using System.Diagnostics;
using Countersign.Bench.Forwarding;
using Countersign.Bench.Ssh;

namespace Countersign.Bench;

/// <summary>The benchmarks in their order, each alone on the machine.</summary>
internal static class Suite
{
    public static async Task<int> RunAsync(string what)
    {
        var report = new Report();
        var folder = Directory.CreateDirectory(Path.Combine(Settings.Folder, $"countersign-bench-{Environment.ProcessId}"));
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Delete(folder); // told to end in the middle: gigabytes must not stay
        try
        {
            foreach (var (name, run) in ((string, Func<string, Report, Task>)[])
                [("holds", HeldRequests.RunAsync), ("prompts", Prompted.RunAsync), ("mails", Mailed.RunAsync), ("decisions", DurableDecisions.RunAsync), ("grants", CoveredByGrant.RunAsync), ("transfer", Transfer.RunAsync),
                 ("forwarding", ForwardingSuite.RunAsync), ("rates", ForwardingSuite.RunRatesAsync), ("ssh", SshSuite.RunAsync), ("guesses", Guesses.RunAsync)])
            {
                if (what == name || (what == "all" && name is not ("rates" or "guesses")))
                {
                    await RunAsync(name, run, folder.CreateSubdirectory(name).FullName, report);
                }
            }
        }
        finally
        {
            Delete(folder);
        }

        report.Print();
        return 0;
    }

    private static void Delete(DirectoryInfo folder)
    {
        if (Directory.Exists(folder.FullName))
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task RunAsync(string name, Func<string, Report, Task> run, string folder, Report report)
    {
        var start = Stopwatch.GetTimestamp();
        await Console.Error.WriteLineAsync($"{name}...");
        await run(folder, report);
        await Console.Error.WriteLineAsync($"{name} took {Stopwatch.GetElapsedTime(start).TotalSeconds:0} s");
    }
}
