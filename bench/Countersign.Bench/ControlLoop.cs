namespace Countersign.Bench;

/// <summary>One word a line on standard input, one line back. Ends when the driver closes it, so that no server outlives its driver.</summary>
internal static class ControlLoop
{
    public static async Task RunAsync(Func<string, string, Task<string>> handle)
    {
        using var input = new StreamReader(Console.OpenStandardInput());
        await using var output = new StreamWriter(Console.OpenStandardOutput()) { AutoFlush = true };
        await output.WriteLineAsync("ready");
        while (await input.ReadLineAsync() is { } line)
        {
            var words = line.Split(' ', 2);
            await output.WriteLineAsync(words[0] == "collect" ? Collect() : await handle(words[0], words.Length > 1 ? words[1] : ""));
        }
    }

    /// <summary>What start-up and warming up left behind is not what a held request costs.</summary>
    private static string Collect()
    {
        for (var round = 0; round < 2; round++)
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
        }

        return $"{GC.GetTotalMemory(false)} {GC.GetTotalAllocatedBytes()}";
    }
}
