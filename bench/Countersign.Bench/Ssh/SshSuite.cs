using System.Globalization;

namespace Countersign.Bench.Ssh;

/// <summary>Git over SSH through the gateway, beside the same sshd with git-shell, and beside the gateway's own HTTPS.</summary>
internal static class SshSuite
{
    public static async Task RunAsync(string folder, Report report)
    {
        var sshd = UnpackedSshd.In(Path.Combine(folder, "sshd"));
        var client = await SshClient.MakeAsync(Path.Combine(folder, "client"));
        await SmallPrograms.RunAsync(Path.Combine(folder, "programs"), sshd, client, report);
        await Local.RunAsync(Path.Combine(folder, "local"), sshd, client, report);
        await Translated.RunAsync(Path.Combine(folder, "translated"), sshd, client, report);
        await HeldSessions.RunAsync(Path.Combine(folder, "held"), sshd, client, report);
    }

    /// <summary>A gateway with sshd in front of it, and its port; person 0 has the client's key.</summary>
    public static async Task<(ServerProcess Server, int Port)> GatewayAsync(string folder, string sshd, SshClient client, params string[] settings)
    {
        var (data, port) = (Path.Combine(folder, "data"), ServerProcess.FreePort());
        await ServerProcess.SeedAsync(data, 1);
        var server = await ServerProcess.GatewayAsync(
            data, local: true, [$"Ssh:Sshd={sshd}", string.Create(CultureInfo.InvariantCulture, $"Gateway:Ssh=127.0.0.1:{port}"), .. settings]);
        await server.RequireAsync($"add-key {client.PublicLine}");
        return (server, port);
    }
}
