using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Countersign.Server.Cli;

/// <summary>What <c>doctor</c> says of Git over SSH: what the running gateway answers, and whether its port does.</summary>
internal static class SshFindings
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <param name="instance">The answer of the running gateway.</param>
    /// <param name="cancellation">Ends the look.</param>
    public static async Task<IReadOnlyList<Finding>> FindAsync(JsonElement instance, CancellationToken cancellation)
    {
        if (!instance.TryGetProperty("ssh", out var ssh) || ssh.ValueKind != JsonValueKind.Object)
        {
            return [];
        }

        return IPEndPoint.TryParse(ssh.Text("address"), out var address)
            ? [await GreetAsync(address, ssh.Text("server"), cancellation)]
            : [new("SSH", ssh.Flag("asked") ? "wrong" : "note", $"off: {ssh.Text("reason")}")];
    }

    /// <summary>The private host keys in a data folder, whether or not a gateway runs on it.</summary>
    public static IEnumerable<Finding> HostKeys(string data)
    {
        var folder = Path.Combine(data, "keys", "ssh");
        foreach (var file in Directory.Exists(folder) ? Directory.GetFiles(folder, "host_*").Where(file => !file.EndsWith(".pub", StringComparison.Ordinal)) : [])
        {
            if (Transports.Ssh.HostKeys.Exposure(file) is { } exposure)
            {
                yield return new("SSH host key", "wrong", exposure);
            }
        }
    }

    /// <summary>An SSH server speaks first (RFC 4253 4.2).</summary>
    private static async Task<Finding> GreetAsync(IPEndPoint address, string server, CancellationToken cancellation)
    {
        var reachable = address.Address.Equals(IPAddress.Any) ? new(IPAddress.Loopback, address.Port)
            : address.Address.Equals(IPAddress.IPv6Any) ? new(IPAddress.IPv6Loopback, address.Port)
            : address;
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(Patience);
        using var socket = new Socket(reachable.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(reachable, patience.Token);
            var greeting = new byte[8];
            var read = 0;
            while (read < greeting.Length && await socket.ReceiveAsync(greeting.AsMemory(read), SocketFlags.None, patience.Token) is > 0 and var more)
            {
                read += more;
            }

            return Encoding.ASCII.GetString(greeting, 0, read) == "SSH-2.0-"
                ? new("SSH", "ok", $"{server} at {address}")
                : new("SSH", "wrong", $"what answers at {address} is no SSH server");
        }
        catch (Exception exception) when (exception is SocketException || (exception is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            return new("SSH", "wrong", $"nothing answers at {address}: {exception.Message}");
        }
    }
}
