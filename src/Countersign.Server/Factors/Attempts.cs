using Countersign.Server.Storage.Sqlite;

namespace Countersign.Server.Factors;

/// <summary>How many attempts failed, and how many were not even looked at, by hour and kind, for two days. Administrators see them as a chart.</summary>
internal static class Attempts
{
    private const long HourMilliseconds = 3_600_000;
    private const int HoursKept = 48;

    /// <summary>Counts attempts of a kind, such as <c>password</c>; negative ones are taken back.</summary>
    public static void Count(LedgerTransaction transaction, string what, DateTimeOffset now, int failed = 0, int refused = 0)
    {
        var hour = HourOf(now);
        transaction.Execute("DELETE FROM attempts WHERE hour < $1", hour - HoursKept);
        transaction.Execute(
            """
            INSERT INTO attempts (hour, what, failed, refused) VALUES ($1, $2, max($3, 0), max($4, 0))
            ON CONFLICT (hour, what) DO UPDATE SET failed = max(failed + $3, 0), refused = max(refused + $4, 0)
            """,
            hour, what, failed, refused);
    }

    /// <summary>Hours since 1970, UTC.</summary>
    public static long HourOf(DateTimeOffset time) => time.ToUnixTimeMilliseconds() / HourMilliseconds;

    public static DateTimeOffset StartOf(long hour) => DateTimeOffset.FromUnixTimeMilliseconds(hour * HourMilliseconds);
}
