using System.Net.Sockets;
using Countersign.Server.Storage.Sqlite;
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

    /// <summary>Claims the data folder for this process and serves HTTP on the socket. Throws <see cref="GatewayStartException"/>.</summary>
    public static void Configure(KestrelServerOptions kestrel, string path)
    {
        if (System.Text.Encoding.UTF8.GetByteCount(path) > MaxPathBytes)
        {
            throw new GatewayStartException($"the data folder's path is too long for a socket in it: {path} has more than {MaxPathBytes} bytes");
        }

        var folder = Path.GetDirectoryName(path)!;
        var claim = Claim(folder);
        var socket = Bind(path, folder);
        var lifetime = kestrel.ApplicationServices.GetRequiredService<IHostApplicationLifetime>();
        lifetime.ApplicationStopped.Register(() =>
        {
            File.Delete(path);
            socket.Dispose();
            claim.Dispose();
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

    /// <summary>A lock that the kernel takes back however the process ends.</summary>
    private static FileStream Claim(string folder)
    {
        try
        {
            PrivateFiles.CreateFolder(folder);
            var file = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None };
            if (!OperatingSystem.IsWindows())
            {
                file.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite; // flock(2) takes no more than the right to read
            }

            return new FileStream(Path.Combine(folder, "gateway.lock"), file);
        }
        catch (UnauthorizedAccessException exception)
        {
            throw new GatewayStartException($"the data folder {folder} cannot be written: {exception.Message}", exception);
        }
        catch (IOException exception) when (File.Exists(Path.Combine(folder, "gateway.lock")))
        {
            throw new GatewayStartException($"another gateway is running on {folder}", exception);
        }
        catch (IOException exception)
        {
            throw new GatewayStartException($"the data folder {folder} cannot be written: {exception.Message}", exception);
        }
    }

    private static Socket Bind(string path, string folder)
    {
        if (File.Exists(path))
        {
            using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                probe.Connect(new UnixDomainSocketEndPoint(path));
                throw new GatewayStartException($"another gateway is running on {folder}");
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
            throw new GatewayStartException($"the administration socket {path} cannot be made: {exception.Message}", exception);
        }
    }

    /// <summary>Marks connections of the socket.</summary>
    private sealed class AdminConnection
    {
        public static readonly AdminConnection Instance = new();
    }
}
