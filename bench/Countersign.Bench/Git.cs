using System.Diagnostics;

namespace Countersign.Bench;

/// <summary>The real git, untouched by anybody's settings. Its own disk writes are not synced: they are not what is measured.</summary>
internal static class Git
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

    public static Task<string> RunAsync(string? folder, params string[] arguments) => FeedAsync(folder, null, arguments);

    /// <param name="folder">Where it runs.</param>
    /// <param name="feed">Writes its input; null for none.</param>
    /// <param name="arguments">Of git.</param>
    public static async Task<string> FeedAsync(string? folder, Func<Stream, Task>? feed, params string[] arguments)
    {
        using var git = Process.Start(new ProcessStartInfo("git", ["-c", "core.fsync=none", "-c", "gc.auto=0", .. arguments])
        {
            WorkingDirectory = folder ?? "/",
            RedirectStandardInput = feed is not null,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment =
            {
                ["GIT_CONFIG_GLOBAL"] = "/dev/null", ["GIT_CONFIG_NOSYSTEM"] = "1", ["GIT_TERMINAL_PROMPT"] = "0",
                ["GIT_AUTHOR_NAME"] = "bench", ["GIT_AUTHOR_EMAIL"] = "bench@localhost",
                ["GIT_COMMITTER_NAME"] = "bench", ["GIT_COMMITTER_EMAIL"] = "bench@localhost",
            },
        })!;
        try
        {
            return await EndAsync(git, feed, arguments).WaitAsync(Patience);
        }
        catch (TimeoutException)
        {
            git.Kill(entireProcessTree: true);
            throw;
        }
    }

    public static async Task<TimeSpan> TimeAsync(string? folder, params string[] arguments)
    {
        var start = Stopwatch.GetTimestamp();
        await RunAsync(folder, arguments);
        return Stopwatch.GetElapsedTime(start);
    }

    private static async Task<string> EndAsync(Process git, Func<Stream, Task>? feed, string[] arguments)
    {
        var (errors, output) = (git.StandardError.ReadToEndAsync(), git.StandardOutput.ReadToEndAsync());
        if (feed is not null)
        {
            await feed(git.StandardInput.BaseStream);
            git.StandardInput.Close();
        }

        await git.WaitForExitAsync();
        return git.ExitCode == 0 ? await output : throw new InvalidOperationException($"git {string.Join(' ', arguments)}: {await errors}");
    }
}
