using System.Diagnostics;
using System.Globalization;
using Countersign.Server.Transports.Ssh;

namespace Countersign.Bench.Ssh;

/// <summary>
/// The peer: the same sshd with the usual way to serve Git, a forced <c>git-shell</c>. It runs as the user that the gateway's own
/// sshd runs as, through the same small programs, so that what is compared is what stands behind sshd.
/// </summary>
internal sealed class PlainSshd : IAsyncDisposable
{
    private readonly Process keeper;

    private PlainSshd(Process keeper, int port) => (this.keeper, Port) = (keeper, port);

    public int Port { get; }

    /// <summary>The user that serves, where this runs as root; null without.</summary>
    public static string? User { get; } = Environment.UserName == "root" ? new SshOptions().User.ToString(CultureInfo.InvariantCulture) : null;

    public static async Task<PlainSshd> StartAsync(string folder, string sshd, SshClient client)
    {
        Directory.CreateDirectory(folder);
        var (port, config, host, keys, programs) = (ServerProcess.FreePort(), Of("sshd_config"), Of("host"), Of("authorized_keys"), Path.Combine(AppContext.BaseDirectory, "shell"));
        using (var made = Process.Start("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", host]))
        {
            await made.WaitForExitAsync();
        }

        await File.WriteAllTextAsync(keys, $"restrict,command=\"exec git-shell -c \\\"$SSH_ORIGINAL_COMMAND\\\"\" {client.PublicLine}\n");
        await File.WriteAllTextAsync(config, $"""
            ListenAddress 127.0.0.1:{port}
            HostKey {host}
            PidFile none
            UsePAM no
            StrictModes no
            AuthorizedKeysFile {keys}
            AcceptEnv GIT_PROTOCOL
            PermitTTY no
            PermitUserRC no
            MaxStartups 1000

            """);
        await GiveAsync(folder);
        var keeper = Process.Start(new ProcessStartInfo(
            Path.Combine(programs, "countersign-keeper"),
            [Of("lock"), User ?? "-", "/usr/bin/env", $"LD_PRELOAD={Path.Combine(programs, "countersign-account.so")}", sshd, "-D", "-e", "-f", config])
        {
            RedirectStandardInput = true,
            RedirectStandardError = true,
            Environment = { ["LD_LIBRARY_PATH"] = new SshPrograms(sshd, "", "").Libraries },
        })!;
        while (await keeper.StandardError.ReadLineAsync() is { } line)
        {
            if (line.StartsWith("Server listening", StringComparison.Ordinal))
            {
                _ = keeper.StandardError.ReadToEndAsync();
                return new(keeper, port);
            }

            await Console.Error.WriteLineAsync(line);
        }

        throw new InvalidOperationException("the plain sshd did not start");

        string Of(string name) => Path.Combine(folder, name);
    }

    /// <summary>Lets the serving user have it.</summary>
    public static async Task GiveAsync(string folder)
    {
        if (User is { } user)
        {
            using var given = Process.Start("chown", ["-R", $"{user}:{user}", folder]);
            await given.WaitForExitAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        keeper.StandardInput.Close();
        await keeper.WaitForExitAsync();
        keeper.Dispose();
    }
}
