using System.Net.Sockets;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Countersign.Server.Cli;

/// <summary>
/// The Unix socket in the data folder over which its owner administers the gateway. Whoever can open it has full rights, so
/// it is mode 0600 before the first connection can be made, and a folder that we make is 0700.
/// </summary>
internal static class AdminSocket
{
    /// <summary>sun_path holds 108 bytes with its final zero (unix(7)).</summary>
    private const int MaxPathBytes = 107;

    /// <summary>Serves HTTP on the socket; the data folder is this process's own. Throws <see cref="StartupException"/>.</summary>
    public static void Configure(KestrelServerOptions kestrel, string path)
    {
        if (System.Text.Encoding.UTF8.GetByteCount(path) > MaxPathBytes)
        {
            throw new StartupException($"the data folder's path is too long for a socket in it: {path} has more than {MaxPathBytes} bytes");
        }

        var folder = Path.GetDirectoryName(path)!;
        var socket = Bind(path, folder);
        var lifetime = kestrel.ApplicationServices.GetRequiredService<IHostApplicationLifetime>();
        lifetime.ApplicationStopped.Register(() =>
        {
            File.Delete(path);
            socket.Dispose();
        });

        // Kestrel listens; until then the bound socket refuses everybody.
        kestrel.ListenHandle((ulong)socket.Handle, listen =>
        {
            listen.Protocols = HttpProtocols.Http1;
            listen.Use(next => connection =>
            {
                connection.Features.Set(AdminConnection.Instance);
                return next(connection);
            });
        });
    }

    /// <summary>True when the request came over this socket, and over no other listener.</summary>
    public static bool IsAdmin(HttpContext context) => context.Features.Get<AdminConnection>() is not null;

    private static Socket Bind(string path, string folder)
    {
        if (File.Exists(path))
        {
            using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                probe.Connect(new UnixDomainSocketEndPoint(path));
                throw new StartupException($"another gateway is running on {folder}");
            }
            catch (SocketException)
            {
                File.Delete(path); // left behind by a process that is gone
            }
        }

        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Bind(new UnixDomainSocketEndPoint(path));
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            }

            return socket;
        }
        catch (Exception exception) when (exception is SocketException or IOException or UnauthorizedAccessException)
        {
            socket.Dispose();
            throw new StartupException($"the administration socket {path} cannot be made: {exception.Message}", inner: exception);
        }
    }

    /// <summary>Marks connections of the socket.</summary>
    private sealed class AdminConnection
    {
        public static readonly AdminConnection Instance = new();
    }
}
