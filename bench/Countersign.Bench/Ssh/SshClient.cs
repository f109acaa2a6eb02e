using System.Diagnostics;

namespace Countersign.Bench.Ssh;

/// <summary>The real ssh with a key of its own, and nothing of the machine's settings, agent or known hosts.</summary>
internal sealed class SshClient
{
    private readonly string key;

    private SshClient(string key) => this.key = key;

    public string PublicLine => File.ReadAllText(key + ".pub").Trim();

    /// <summary>For git: this ssh.</summary>
    public string[] Git => ["-c", $"core.sshCommand=ssh {string.Join(' ', Options)}", "-c", "ssh.variant=ssh"];

    private string[] Options =>
    [
        "-F", "none", "-i", key, "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none", "-o", "BatchMode=yes",
        "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "GlobalKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR",
    ];

    public static async Task<SshClient> MakeAsync(string folder)
    {
        var key = Path.Combine(Directory.CreateDirectory(folder).FullName, "id");
        using var made = Process.Start("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "bench", "-f", key]);
        await made.WaitForExitAsync();
        return new(key);
    }

    /// <summary>A connection with one command, its input kept open.</summary>
    public Process Start(int port, string command) => Process.Start(new ProcessStartInfo("ssh", [.. Options, "-p", $"{port}", "git@127.0.0.1", command])
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
        Environment = { ["LD_LIBRARY_PATH"] = null },
    })!;
}
