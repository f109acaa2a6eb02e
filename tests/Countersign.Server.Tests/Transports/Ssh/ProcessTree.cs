using System.Globalization;

namespace Countersign.Server.Tests.Transports.Ssh;

/// <summary>What a process has started, and what that has started (proc(5)).</summary>
internal static class ProcessTree
{
    public static IReadOnlyList<(int Id, string Command)> Below(int ancestor)
    {
        var parents = Directory.EnumerateDirectories("/proc")
            .Select(folder => int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var id) ? id : 0)
            .Where(id => id > 0).Select(id => (Id: id, Parent: ParentOf(id))).ToList();
        var found = new List<int> { ancestor };
        for (var next = 0; next < found.Count; next++)
        {
            found.AddRange(parents.Where(process => process.Parent == found[next]).Select(process => process.Id));
        }

        return [.. found.Skip(1).Select(id => (id, Read(id, "cmdline").Replace('\0', ' ')))];
    }

    /// <summary>The listener: the keeper's first child.</summary>
    public static int Sshd(int keeper) => Below(keeper).First(process => process.Command.Contains("[listener]", StringComparison.Ordinal) || process.Command.Contains("/sshd -D", StringComparison.Ordinal)).Id;

    /// <summary>The Git processes that serve the repositories of a data folder in this process.</summary>
    public static IReadOnlyList<int> Gits(string data) =>
        [.. Below(Environment.ProcessId)
            .Where(process => process.Command.Contains("-pack", StringComparison.Ordinal) && process.Command.Contains(data, StringComparison.Ordinal))
            .SelectMany(process => Below(process.Id).Append(process)).Select(process => process.Id)];

    /// <summary>The shells of the commands under way.</summary>
    public static IReadOnlyList<int> Shells(int keeper) =>
        [.. Below(keeper).Where(process => process.Command.Contains("countersign-shell", StringComparison.Ordinal) && !process.Command.Contains("--keys", StringComparison.Ordinal)).Select(process => process.Id)];

    public static bool IsRunning(int process) => Read(process, "stat") is { Length: > 0 } text && text[(text.LastIndexOf(')') + 2)..][0] is not 'Z';

    /// <summary>By its id, as <c>kill</c> does it; a negative one is that of a process group.</summary>
    public static async Task KillAsync(int process, string signal = "KILL")
    {
        using var kill = System.Diagnostics.Process.Start("kill", [$"-{signal}", "--", process.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
    }

    public static string Read(int process, string file)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/{file}");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    /// <summary>True as soon as all of them have ended, within half a minute.</summary>
    public static bool HaveEnded(IEnumerable<int> processes) => SpinWait.SpinUntil(() => !processes.Any(IsRunning), TimeSpan.FromSeconds(30));

    private static int ParentOf(int process) =>
        Read(process, "stat") is { Length: > 0 } text ? int.Parse(text[(text.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture) : 0;
}
