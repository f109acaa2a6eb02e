using System.Globalization;

namespace Countersign.Bench;

/// <summary>What Linux counts about one process.</summary>
internal sealed class ProcessFigures(int id)
{
    /// <summary>Resident set, bytes.</summary>
    public long Resident => Field($"/proc/{id}/status", "VmRSS:");

    /// <summary>The most that was resident since the start, or since <see cref="ForgetPeak"/>; bytes.</summary>
    public long Peak => Field($"/proc/{id}/status", "VmHWM:");

    /// <summary>Proportional set, bytes: shared pages counted by their share.</summary>
    public long Proportional => Field($"/proc/{id}/smaps_rollup", "Pss:");

    public int Threads => Directory.GetDirectories($"/proc/{id}/task").Length;

    /// <summary>User and system time so far.</summary>
    public double ProcessorSeconds => ProcessorClock.Seconds(id);

    /// <summary>From here on the peak is counted anew (proc(5), clear_refs).</summary>
    public void ForgetPeak() => File.WriteAllText($"/proc/{id}/clear_refs", "5");

    private static long Field(string file, string name) =>
        File.ReadLines(file).First(line => line.StartsWith(name, StringComparison.Ordinal))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, var kilobytes, ..]
            ? long.Parse(kilobytes, CultureInfo.InvariantCulture) * 1024
            : throw new InvalidDataException(file);
}
