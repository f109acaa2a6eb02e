using System.Diagnostics;

namespace Countersign.Bench;

/// <summary>The real git, untouched by anybody's settings. Its own disk writes are not synced: they are not what is measured.</summary>
internal static class Git
{
    public static async Task<string> RunAsync(string? folder, params string[] arguments)
    {
        using var git = Process.Start(new ProcessStartInfo("git", ["-c", "core.fsync=none", "-c", "gc.auto=0", .. arguments])
        {
            WorkingDirectory = folder ?? "/",
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment =
            {
                ["GIT_CONFIG_GLOBAL"] = "/dev/null", ["GIT_CONFIG_NOSYSTEM"] = "1", ["GIT_TERMINAL_PROMPT"] = "0",
                ["GIT_AUTHOR_NAME"] = "bench", ["GIT_AUTHOR_EMAIL"] = "bench@localhost",
                ["GIT_COMMITTER_NAME"] = "bench", ["GIT_COMMITTER_EMAIL"] = "bench@localhost",
            },
        })!;
        var errors = git.StandardError.ReadToEndAsync();
        var output = await git.StandardOutput.ReadToEndAsync();
        await git.WaitForExitAsync();
        return git.ExitCode == 0 ? output : throw new InvalidOperationException($"git {string.Join(' ', arguments)}: {await errors}");
    }

    public static async Task<TimeSpan> TimeAsync(string? folder, params string[] arguments)
    {
        var start = Stopwatch.GetTimestamp();
        await RunAsync(folder, arguments);
        return Stopwatch.GetElapsedTime(start);
    }
}
