using System.Diagnostics;

namespace Countersign.Server.Tests.Fixtures;

internal sealed record GitResult(int ExitCode, string Output, string Error)
{
    /// <summary>Standard error as a person sees it in the end, carriage returns applied.</summary>
    public string Shown => string.Join('\n', Error.Split('\n').Select(line => line.Split('\r', StringSplitOptions.RemoveEmptyEntries).LastOrDefault("").TrimEnd()));
}

/// <summary>The real git, with nothing of the machine's own configuration.</summary>
internal sealed class GitClient(string folder, int protocol = 2, IReadOnlyDictionary<string, string>? environment = null)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    public string Folder => folder;

    public Task<GitResult> RunAsync(params string[] arguments) => StartAsync(arguments).Completion;

    /// <summary>Starts git; the caller awaits or kills it.</summary>
    public RunningGit StartAsync(params string[] arguments) => Start("git", [], arguments);

    /// <summary>As a terminal starts it: at the head of a process group of its own, all of which Ctrl-C ends.</summary>
    public RunningGit StartInForeground(params string[] arguments) => Start("env", ["--default-signal=INT", "setsid", "git"], arguments);

    private RunningGit Start(string program, string[] words, string[] arguments)
    {
        Directory.CreateDirectory(folder);
        var start = new ProcessStartInfo(program)
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        Isolate(start, folder);
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        foreach (var argument in (string[])[.. words, "-c", $"protocol.version={protocol}", .. arguments])
        {
            start.ArgumentList.Add(argument);
        }

        var process = Process.Start(start) ?? throw new InvalidOperationException("git did not start");
        process.StandardInput.Close();
        return new(process);
    }

    public async Task<string> CommitAsync(string file, string content)
    {
        var path = Path.Combine(folder, file);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        await File.WriteAllTextAsync(path, content);
        await SucceedAsync("add", "-A");
        await SucceedAsync("commit", "-q", "-m", $"Write {file}");
        return (await SucceedAsync("rev-parse", "HEAD")).Output.Trim();
    }

    public async Task<GitResult> SucceedAsync(params string[] arguments)
    {
        var result = await RunAsync(arguments);
        Assert.True(result.ExitCode == 0, $"git {string.Join(' ', arguments)}: {result.Error}");
        return result;
    }

    /// <summary>A repository with three commits on main to import from; returns its folder.</summary>
    public static async Task<string> MakeSourceAsync(string folder, string format = "sha1")
    {
        var git = new GitClient(folder);
        await git.SucceedAsync("init", "-q", "-b", "main", $"--object-format={format}");
        for (var number = 1; number <= 3; number++)
        {
            await git.CommitAsync($"file{number}.txt", $"content {number}\n");
        }

        return folder;
    }

    public static Task<GitResult> RunBareAsync(string bareFolder, params string[] arguments) =>
        new GitClient(bareFolder).RunAsync(["-c", $"safe.directory={bareFolder}", .. arguments]);

    internal static void Isolate(ProcessStartInfo start, string folder)
    {
        start.Environment.Clear();
        start.Environment["PATH"] = Environment.GetEnvironmentVariable("PATH");
        start.Environment["HOME"] = folder;
        start.Environment["GIT_CONFIG_NOSYSTEM"] = "1";
        start.Environment["GIT_CONFIG_GLOBAL"] = "/dev/null";
        start.Environment["GIT_TERMINAL_PROMPT"] = "0";
        start.Environment["LC_ALL"] = "C";
        foreach (var role in new[] { "AUTHOR", "COMMITTER" })
        {
            start.Environment[$"GIT_{role}_NAME"] = "Ann";
            start.Environment[$"GIT_{role}_EMAIL"] = "ann@example.org";
        }
    }

    internal sealed class RunningGit
    {
        private readonly Process process;

        public RunningGit(Process process)
        {
            this.process = process;
            Completion = CompleteAsync();
        }

        public Task<GitResult> Completion { get; }

        public int Id => process.Id;

        public void Kill() => process.Kill(entireProcessTree: true);

        private async Task<GitResult> CompleteAsync()
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
            patience.CancelAfter(Patience);
            var output = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
            var error = process.StandardError.ReadToEndAsync(CancellationToken.None);
            try
            {
                await process.WaitForExitAsync(patience.Token);
                return new(process.ExitCode, await output, await error);
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
                throw new TimeoutException($"git {string.Join(' ', process.StartInfo.ArgumentList)} did not end. It had said: {await error}");
            }
            finally
            {
                process.Dispose();
            }
        }
    }
}
