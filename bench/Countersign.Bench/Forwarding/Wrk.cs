using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Countersign.Bench.Forwarding;

/// <summary>The load generator, with one thread: the rest of the machine is for those that answer.</summary>
internal static partial class Wrk
{
    // A number behind the repository's name that no other run has: seconds since 1970, then a count.
    private const string EachAnother =
        """
        local head, tail = wrk.path:match("^(.*)(%.git/.*)$")
        local number = os.time() * 1000000
        request = function()
          number = number + 1
          return wrk.format(nil, head .. string.format("%.0f", number) .. tail)
        end
        """;

    /// <param name="url">Of a repository.</param>
    /// <param name="eachAnother">A number is put behind the repository's name, another for each request.</param>
    /// <param name="connections">At a time, each with one request.</param>
    /// <param name="seconds">How long.</param>
    /// <param name="headers">Of each request.</param>
    /// <returns>Requests a second, and how many there were. Throws when any was not answered with success.</returns>
    public static async Task<(double Rate, long Count)> RunAsync(string url, bool eachAnother, int connections, int seconds, IEnumerable<string> headers)
    {
        using var script = new ScriptFile(eachAnother ? EachAnother : "");
        var start = Daemon.Information(
            "wrk", ["-t1", $"-c{connections}", $"-d{seconds}s", "-s", script.Path, .. headers.SelectMany(header => (string[])["-H", header]), url]);
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

    private sealed class ScriptFile : IDisposable
    {
        public ScriptFile(string text) => File.WriteAllText(Path, text);

        public string Path { get; } = System.IO.Path.GetTempFileName();

        public void Dispose() => File.Delete(Path);
    }

    [GeneratedRegex("Non-2xx or 3xx|Socket errors")]
    private static partial Regex Failures();

    [GeneratedRegex(@"Requests/sec:\s+([0-9.]+)")]
    private static partial Regex Rate();

    [GeneratedRegex(@"([0-9]+) requests in ")]
    private static partial Regex Count();
}
