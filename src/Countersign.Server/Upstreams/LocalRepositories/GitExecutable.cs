using System.ComponentModel;
using System.Diagnostics;
using Microsoft.Extensions.Options;

namespace Countersign.Server.Upstreams.LocalRepositories;

/// <summary>
/// The git program, checked once, and the only way in which it is started here: with an environment and settings that are
/// ours alone, so that neither the server's configuration nor a repository's can make it run anything else.
/// </summary>
internal sealed class GitExecutable
{
    // 2.34 brought --http-backend-info-refs to both services, and is what current distributions carry at least.
    private static readonly Version Oldest = new(2, 34);

    private readonly string _path;
    private readonly string? _setsid;
    private readonly string[] _settings;

    public GitExecutable(IOptions<RepositoriesOptions> options)
    {
        _path = options.Value.GitPath;
        _setsid = FindInPath("setsid");
        Version = Check();
        _settings = Settings(options.Value.CheckObjects, Version);
    }

    public Version Version { get; }

    /// <summary>True when each child leads a process group of its own, so that one signal reaches everything it started.</summary>
    public bool HasGroups => _setsid is not null;

    /// <summary>What starts git on one repository.</summary>
    /// <param name="repository">The repository's folder; null for a command that needs none.</param>
    /// <param name="arguments">The command and its arguments.</param>
    public ProcessStartInfo Command(string? repository, params ReadOnlySpan<string> arguments)
    {
        var start = Start(HasGroups ? [_setsid!, _path] : [_path]);
        foreach (var setting in _settings)
        {
            start.ArgumentList.Add("-c");
            start.ArgumentList.Add(setting);
        }

        if (repository is not null)
        {
            start.ArgumentList.Add("-c");
            start.ArgumentList.Add($"safe.directory={repository}");
        }

        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        return start;
    }

    private static string[] Settings(bool checkObjects, Version version) =>
    [
        // Nothing that lies in a repository, hooks and settings included, runs.
        "core.hooksPath=/dev/null",
        "core.fsmonitor=false",
        "core.alternateRefsCommand=true",
        "protocol.allow=never",

        // No work that outlives the request.
        "gc.auto=0",
        "receive.autogc=false",
        "maintenance.auto=false",

        "uploadpack.allowFilter=true",
        "uploadpack.allowSidebandAll=true",
        // A partial clone asks for single blobs later. Version 2 always grants them; this grants the same in 0 and 1.
        "uploadpack.allowAnySHA1InWant=true",
        "receive.advertisePushOptions=true", // must stay on: the head of a push is parsed by the same rule
        "receive.advertiseAtomic=true",
        $"transfer.fsckObjects={(checkObjects ? "true" : "false")}",

        // A push that was reported as done is on the disk, refs included.
        .. version >= new Version(2, 36)
            ? (ReadOnlySpan<string>)["core.fsync=objects,derived-metadata,reference", "core.fsyncMethod=batch"]
            : ["core.fsyncObjectFiles=true"],
    ];

    private static ProcessStartInfo Start(ReadOnlySpan<string> command)
    {
        var start = new ProcessStartInfo(command[0])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            WorkingDirectory = "/",
        };
        foreach (var argument in command[1..])
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment.Clear();
        start.Environment["PATH"] = Environment.GetEnvironmentVariable("PATH") ?? "/usr/local/bin:/usr/bin:/bin";
        start.Environment["HOME"] = "/nonexistent";
        start.Environment["GIT_CONFIG_NOSYSTEM"] = "1";
        start.Environment["GIT_CONFIG_GLOBAL"] = "/dev/null";
        start.Environment["GIT_TERMINAL_PROMPT"] = "0";
        start.Environment["GIT_ALLOW_PROTOCOL"] = "none"; // a promisor remote in a repository's settings must not make git fetch
        start.Environment["GIT_NO_LAZY_FETCH"] = "1";
        start.Environment["LC_ALL"] = "C";
        return start;
    }

    private Version Check()
    {
        try
        {
            var start = Start([_path]);
            start.ArgumentList.Add("version");
            using var process = Process.Start(start)!;
            process.StandardInput.Close();
            var words = process.StandardOutput.ReadToEnd().Split(' ', '\n');
            process.WaitForExit();
            if (words is ["git", "version", var number, ..]
                && number.Split('.', '-') is [var major, var minor, ..]
                && Version.TryParse($"{major}.{minor}", out var version))
            {
                return version >= Oldest
                    ? version
                    : throw new StartupException($"git {number} is too old: install git {Oldest} or later, or set Repositories:GitPath to one.");
            }
        }
        catch (Win32Exception)
        {
            // Not found or not executable; said below.
        }

        throw new StartupException($"git was not found at '{_path}': install git {Oldest} or later, or set Repositories:GitPath.");
    }

    private static string? FindInPath(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Where(Path.IsPathRooted)
            .Select(folder => Path.Combine(folder, program))
            .FirstOrDefault(File.Exists);
}
