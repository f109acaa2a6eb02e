using System.Globalization;

namespace Countersign.Bench;

/// <summary>One line a figure: ours, the peer's from the same run, the ratio, and what was aimed at.</summary>
internal sealed class Report
{
    private readonly List<string[]> rows = [["figure", "measured", "peer", "ratio", "aim", ""]];

    /// <param name="name">What was measured.</param>
    /// <param name="ours">The value.</param>
    /// <param name="peer">The peer's, where there is one.</param>
    /// <param name="unit">Of both.</param>
    /// <param name="aim">As text; empty where there is none.</param>
    /// <param name="met">Null where there is no aim.</param>
    /// <param name="ratio">Of pairs, where they were measured in pairs; else of the two values.</param>
    public void Add(string name, double ours, double? peer, string unit, string aim = "", bool? met = null, double? ratio = null)
    {
        ratio ??= peer is { } by and not 0 ? ours / by : null;
        rows.Add([name, Text(ours, unit), peer is { } other ? Text(other, unit) : "", ratio is { } times ? Text(times, "x") : "", aim, met switch { true => "met", false => "MISSED", null => "" }]);
        Console.Error.WriteLine($"  {name}: {rows[^1][1]} {rows[^1][2]} {rows[^1][3]}");
    }

    public void Print()
    {
        var widths = Enumerable.Range(0, rows[0].Length).Select(column => rows.Max(row => row[column].Length)).ToArray();
        foreach (var row in rows)
        {
            Console.WriteLine(string.Join("  ", row.Select((cell, column) => column is 1 or 2 or 3 ? cell.PadLeft(widths[column]) : cell.PadRight(widths[column]))).TrimEnd());
        }
    }

    private static string Text(double value, string unit) =>
        value.ToString(Math.Abs(value) >= 100 ? "#,0" : "0.00", CultureInfo.InvariantCulture) + (unit == "x" ? "x" : " " + unit);
}
