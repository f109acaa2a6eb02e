using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace Countersign.Server.Transports.Ssh;

/// <summary>The process at the other end of a Unix socket, as the kernel names it (SO_PEERCRED, unix(7)).</summary>
/// <param name="Id">Of the process that connected.</param>
/// <param name="User">As whom.</param>
[SupportedOSPlatform("linux")]
internal sealed record PeerProcess(int Id, uint User)
{
    private const int SolSocket = 1;
    private const int PeerCredentials = 17;
    private const int MostGenerations = 8;

    // What proc(5) counts starts in: USER_HZ, which is 100 wherever .NET runs.
    private const double TicksASecond = 100;

    private static readonly Lazy<string> Boot = new(() => File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim()[..8]);

    public static PeerProcess Of(Socket socket)
    {
        Span<byte> credentials = stackalloc byte[12];
        socket.GetRawSocketOption(SolSocket, PeerCredentials, credentials);
        var fields = MemoryMarshal.Cast<byte, int>(credentials);
        return new(fields[0], (uint)fields[1]);
    }

    /// <summary>True when <paramref name="ancestor"/> is it, or has started it through others. Processes whose parent ends become the keeper's.</summary>
    public bool DescendsFrom(int ancestor)
    {
        var process = Id;
        for (var generation = 0; generation < MostGenerations && process > 1; generation++)
        {
            if (process == ancestor)
            {
                return true;
            }

            process = Read(process)?.Parent ?? 0;
        }

        return false;
    }

    /// <summary>
    /// The process that started it: for a forced command that is sshd's process of one connection. It is named for all time, since a
    /// number is used again, but not with the same time of starting, and that is counted from a boot. Null when it is gone.
    /// </summary>
    public SshConnection? Connection() =>
        Read(Id) is { } self && Read(self.Parent) is { } parent
            ? new($"{self.Parent}-{parent.Started}-{Boot.Value}", SinceBoot() - TimeSpan.FromSeconds(long.Parse(parent.Started, CultureInfo.InvariantCulture) / TicksASecond))
            : null;

    private static TimeSpan SinceBoot() => TimeSpan.FromSeconds(double.Parse(File.ReadAllText("/proc/uptime").Split(' ')[0], CultureInfo.InvariantCulture));

    /// <summary>proc(5): the name in parentheses may hold anything; the third field follows its end.</summary>
    private static (int Parent, string Started)? Read(int process)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{process.ToString(CultureInfo.InvariantCulture)}/stat");
            var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
            return (int.Parse(fields[1], CultureInfo.InvariantCulture), fields[19]);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null; // it has ended
        }
    }
}

/// <summary>One connection to sshd, which can carry many commands.</summary>
/// <param name="Name">Its own for all time.</param>
/// <param name="Age">How long it has been there. Its client signed in after that, so a proof of signing in is no older.</param>
internal sealed record SshConnection(string Name, TimeSpan Age);
