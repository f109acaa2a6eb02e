namespace Countersign.Server.Policies;

/// <summary>Says which known word a mistyped one is nearest to.</summary>
internal static class NearestWord
{
    /// <returns>"; did you mean 'x'?", or "; known are a, b, c" when none is near.</returns>
    public static string Hint(string word, IEnumerable<string> known)
    {
        var words = known.ToList();
        var lower = word.ToLowerInvariant();
        var best = word.Length > 40 ? null : words.MinBy(each => Distance(lower, each));
        return best is not null && Distance(lower, best) <= Math.Max(1, best.Length / 3)
            ? $"; did you mean '{best}'?"
            : $"; known are {string.Join(", ", words)}";
    }

    // Levenshtein's distance, one row at a time.
    private static int Distance(string left, string right)
    {
        var row = Enumerable.Range(0, right.Length + 1).ToArray();
        for (var i = 1; i <= left.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= right.Length; j++)
            {
                var replaced = diagonal + (left[i - 1] == right[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(replaced, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[^1];
    }
}
