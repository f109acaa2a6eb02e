using System.Text;

namespace Countersign.Server.Cli;

/// <summary>Aligned columns, two spaces apart, printable ASCII only, without trailing spaces.</summary>
internal static class Table
{
    public static void Write(TextWriter output, IReadOnlyList<string> head, IEnumerable<IReadOnlyList<string>> rows, string whenEmpty)
    {
        var cells = rows.Select(row => row.Select(Printable).ToList()).ToList();
        if (cells.Count == 0)
        {
            output.WriteLine(whenEmpty);
            return;
        }

        cells.Insert(0, [.. head]);
        var widths = Enumerable.Range(0, head.Count).Select(column => cells.Max(row => row[column].Length)).ToList();
        foreach (var row in cells)
        {
            var line = new StringBuilder();
            for (var column = 0; column < row.Count; column++)
            {
                line.Append(row[column].PadRight(widths[column] + 2));
            }

            output.WriteLine(line.ToString().TrimEnd());
        }
    }

    /// <summary>What others have typed must not drive the terminal: what is not ASCII is spelled out, so that columns stay aligned and no two texts look the same.</summary>
    public static string Printable(string text) =>
        string.Concat(text.ReplaceLineEndings("; ").EnumerateRunes().Select(rune => rune.Value is >= ' ' and <= '~' ? rune.ToString() : $"<U+{rune.Value:X4}>"));
}
