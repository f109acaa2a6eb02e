using System.Globalization;

namespace Countersign.Bench;

/// <summary>What Linux counts about one process.</summary>
internal sealed class ProcessFigures(int id)
{
    private const double TicksPerSecond = 100; // USER_HZ, the same on every Linux that .NET runs on

    /// <summary>Resident set, bytes.</summary>
    public long Resident => Field($"/proc/{id}/status", "VmRSS:");

    /// <summary>Proportional set, bytes: shared pages counted by their share.</summary>
    public long Proportional => Field($"/proc/{id}/smaps_rollup", "Pss:");

    /// <summary>User and system time so far.</summary>
    public double ProcessorSeconds
    {
        get
        {
            var stat = File.ReadAllText($"/proc/{id}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return (double.Parse(fields[11], CultureInfo.InvariantCulture) + double.Parse(fields[12], CultureInfo.InvariantCulture)) / TicksPerSecond;
        }
    }

    private static long Field(string file, string name) =>
        File.ReadLines(file).First(line => line.StartsWith(name, StringComparison.Ordinal))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, var kilobytes, ..]
            ? long.Parse(kilobytes, CultureInfo.InvariantCulture) * 1024
            : throw new InvalidDataException(file);
}
