using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Countersign.Bench.Forwarding;

/// <summary>The load generator, with one thread: the rest of the machine is for those that answer.</summary>
internal static partial class Wrk
{
    /// <returns>Requests a second, and how many there were. Throws when any was not answered with success.</returns>
    public static async Task<(double Rate, long Count)> RunAsync(string url, int connections, int seconds, IEnumerable<string> headers)
    {
        var start = Daemon.Information(
            "wrk", ["-t1", $"-c{connections}", $"-d{seconds}s", .. headers.SelectMany(header => (string[])["-H", header]), url]);
        start.RedirectStandardOutput = true;
        using var wrk = Process.Start(start)!;
        try
        {
            var output = await wrk.StandardOutput.ReadToEndAsync().WaitAsync(TimeSpan.FromSeconds(seconds + 30));
            await wrk.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(10));
            return wrk.ExitCode == 0 && !Failures().IsMatch(output) && Rate().Match(output) is { Success: true } rate && Count().Match(output) is { Success: true } count
                ? (double.Parse(rate.Groups[1].ValueSpan, CultureInfo.InvariantCulture), long.Parse(count.Groups[1].ValueSpan, CultureInfo.InvariantCulture))
                : throw new InvalidOperationException($"wrk {url}: {output}");
        }
        catch (TimeoutException)
        {
            wrk.Kill();
            throw;
        }
    }

    [GeneratedRegex("Non-2xx or 3xx|Socket errors")]
    private static partial Regex Failures();

    [GeneratedRegex(@"Requests/sec:\s+([0-9.]+)")]
    private static partial Regex Rate();

    [GeneratedRegex(@"([0-9]+) requests in ")]
    private static partial Regex Count();
}
