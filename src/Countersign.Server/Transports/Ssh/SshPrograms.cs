using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Countersign.Server.Transports.Ssh;

/// <summary>OpenSSH's programs on this machine. Absolute paths: sshd starts itself anew for each connection, from another folder.</summary>
/// <param name="Sshd">The server.</param>
/// <param name="KeyGen">Makes host keys.</param>
/// <param name="Version">Of the server: <c>OpenSSH_9.2p1</c>.</param>
internal sealed partial record SshPrograms(string Sshd, string KeyGen, string Version)
{
    // 8.5 named PubkeyAcceptedAlgorithms; verify-required is of 8.4.
    private static readonly Version Oldest = new(8, 5);

    // An RSA key takes seconds on a slow machine, and many where it is busy; without it there is no SSH until the next start.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    /// <summary>The release number, to know what it can be told.</summary>
    public Version Release => ReleaseOf(Version);

    /// <summary>Where the package was unpacked, when it was not installed: the folder that has its usr/sbin; null when installed.</summary>
    public string? Root => Sshd.EndsWith("/usr/sbin/sshd", StringComparison.Ordinal) && Sshd.Length > "/usr/sbin/sshd".Length ? Sshd[..^"/usr/sbin/sshd".Length] : null;

    /// <summary>The folders of the libraries that an unpacked sshd brings, joined by colons; null when there are none.</summary>
    public string? Libraries =>
        Root is { } root && Directory.Exists($"{root}/usr/lib") && Directory.GetDirectories($"{root}/usr/lib", "*-linux-gnu*") is { Length: > 0 } folders ? string.Join(':', folders) : null;

    /// <summary>Throws <see cref="SshUnavailableException"/>.</summary>
    public static async Task<SshPrograms> FindAsync(SshOptions options, CancellationToken cancellation)
    {
        var sshd = options.Sshd is { } configured
            ? File.Exists(configured) ? configured : throw new SshUnavailableException($"Ssh:Sshd {configured} is not there")
            : Find("sshd") ?? throw new SshUnavailableException("there is no sshd on this machine; README.md says how to get one without installing it");
        var programs = new SshPrograms(sshd, "", "");
        var keygen = (programs.Root is { } root ? Existing($"{root}/usr/bin/ssh-keygen") : null) ?? Find("ssh-keygen")
            ?? throw new SshUnavailableException("there is no ssh-keygen on this machine; install openssh-client");
        var version = await VersionAsync(programs, cancellation);
        return ReleaseOf(version) >= Oldest
            ? programs with { KeyGen = keygen, Version = version }
            : throw new SshUnavailableException($"{sshd} is {(version.Length == 0 ? "no OpenSSH that runs here" : version)}; OpenSSH {Oldest} or later is needed");
    }

    /// <summary>sshd before 9.3 knows no option for its version, and says it with the complaint.</summary>
    private static async Task<string> VersionAsync(SshPrograms programs, CancellationToken cancellation)
    {
        var (_, said) = await RunAsync(programs, programs.Sshd, ["-V"], cancellation);
        return Banner().Match(said).Value;
    }

    /// <summary>Runs one of them to its end, with an environment of our own. Throws <see cref="SshUnavailableException"/> when it does not start or does not end.</summary>
    /// <returns>The exit code, and all that it said on standard error.</returns>
    public static async Task<(int Exit, string Said)> RunAsync(SshPrograms programs, string program, IEnumerable<string> arguments, CancellationToken cancellation, string? preload = null)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        programs.Isolate(start);
        if (preload is not null)
        {
            start.Environment["LD_PRELOAD"] = preload;
        }

        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(Patience);
        try
        {
            using var process = Process.Start(start)!;
            using var streams = process.StandardOutput;
            using var complaints = process.StandardError;
            process.StandardInput.Close();
            var (output, error) = (process.StandardOutput.ReadToEndAsync(patience.Token), process.StandardError.ReadToEndAsync(patience.Token));
            try
            {
                await process.WaitForExitAsync(patience.Token);
                return (process.ExitCode, await error + await output);
            }
            catch (OperationCanceledException)
            {
                process.Kill();
                throw;
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new SshUnavailableException($"{program} did not end within {Patience.TotalSeconds:0} s; start the gateway again when the machine is less busy");
        }
        catch (System.ComponentModel.Win32Exception exception)
        {
            throw new SshUnavailableException($"{program} does not run: {exception.Message.TrimEnd('.')}");
        }
    }

    /// <summary>Nothing of the gateway's environment reaches sshd and what it starts.</summary>
    public void Isolate(ProcessStartInfo start)
    {
        start.Environment.Clear();
        start.Environment["PATH"] = "/usr/local/bin:/usr/bin:/bin";
        if (Libraries is { } libraries)
        {
            start.Environment["LD_LIBRARY_PATH"] = libraries;
        }
    }

    private static string? Find(string name) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Concat(["/usr/sbin", "/usr/local/sbin", "/usr/bin", "/sbin", "/opt/homebrew/sbin", "/run/current-system/sw/bin"])
        .Where(Path.IsPathFullyQualified)
        .Select(folder => Existing(Path.Combine(folder, name)))
        .FirstOrDefault(found => found is not null);

    private static string? Existing(string path) => File.Exists(path) ? path : null;

    private static Version ReleaseOf(string version) =>
        Number().Match(version) is { Success: true } found
            ? new(int.Parse(found.Groups[1].ValueSpan, CultureInfo.InvariantCulture), int.Parse(found.Groups[2].ValueSpan, CultureInfo.InvariantCulture))
            : new(0, 0);

    [GeneratedRegex(@"OpenSSH_[0-9]{1,3}\.[0-9]{1,3}[A-Za-z0-9.]{0,20}")]
    private static partial Regex Banner();

    [GeneratedRegex(@"^OpenSSH_([0-9]+)\.([0-9]+)")]
    private static partial Regex Number();
}
