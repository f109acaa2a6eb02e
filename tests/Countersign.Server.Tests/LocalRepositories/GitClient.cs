using System.Diagnostics;

namespace Countersign.Server.Tests.LocalRepositories;

internal sealed record GitRun(int ExitCode, string Output, string Error);

/// <summary>The real git, with nothing of the machine's configuration.</summary>
internal sealed class GitClient(string folder, int version)
{
    private int _names;

    public string NewFolder() => Path.Combine(folder, $"{Guid.NewGuid():N}-{Interlocked.Increment(ref _names)}");

    public Process Start(string? directory, params string[] arguments)
    {
        var start = new ProcessStartInfo("git") { WorkingDirectory = directory ?? folder, RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        start.Environment["HOME"] = folder;
        start.Environment["GIT_CONFIG_NOSYSTEM"] = "1";
        start.Environment["GIT_TERMINAL_PROMPT"] = "0";
        start.Environment["LC_ALL"] = "C";
        foreach (var role in new[] { "AUTHOR", "COMMITTER" })
        {
            start.Environment[$"GIT_{role}_NAME"] = "Ann";
            start.Environment[$"GIT_{role}_EMAIL"] = "ann@example.org";
        }

        foreach (var argument in new[] { "-c", $"protocol.version={version}", "-c", "init.defaultBranch=main", "-c", "advice.detachedHead=false", "-c", "gc.auto=0" }.Concat(arguments))
        {
            start.ArgumentList.Add(argument);
        }

        return Process.Start(start)!;
    }

    public async Task<GitRun> TryAsync(string? directory, params string[] arguments)
    {
        using var process = Start(directory, arguments);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return new(process.ExitCode, (await output).Trim(), (await error).Trim());
    }

    /// <summary>Runs and insists on success; returns standard output.</summary>
    public async Task<string> RunAsync(string? directory, params string[] arguments)
    {
        var run = await TryAsync(directory, arguments);
        Assert.True(run.ExitCode == 0, $"git {string.Join(' ', arguments)}: {run.Error}");
        return run.Output;
    }

    public async Task<string> CloneAsync(string address, params string[] options)
    {
        var target = NewFolder();
        await RunAsync(null, ["clone", "--quiet", .. options, address, target]);
        return target;
    }

    /// <summary>Writes a file and commits it; returns the commit.</summary>
    public async Task<string> CommitAsync(string clone, string file, byte[] content)
    {
        await File.WriteAllBytesAsync(Path.Combine(clone, file), content, TestContext.Current.CancellationToken);
        await RunAsync(clone, "add", file);
        await RunAsync(clone, "commit", "--quiet", "-m", $"Change {file}");
        return await RunAsync(clone, "rev-parse", "HEAD");
    }

    public Task<string> CommitAsync(string clone, string file, string content) => CommitAsync(clone, file, System.Text.Encoding.UTF8.GetBytes(content));
}
