using System.Diagnostics;
using System.Net.Sockets;
using System.Text;

namespace Countersign.Server.Tests.Proxies;

/// <summary>A program of the distribution that was unpacked, not installed: it runs with a folder and a configuration of its own, and is ended by its own id.</summary>
internal sealed class PeerProgram : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly string Unpacked = Path.Combine(Checkout.Root, ".peers", "root");
    private readonly Process process;
    private readonly Task<string> rest;

    private PeerProgram(Process process, Task<string> rest) => (this.process, this.rest) = (process, rest);

    /// <summary>nginx says when its first worker runs: by then it listens.</summary>
    public static Task<PeerProgram> NginxAsync(string folder, string configuration)
    {
        File.WriteAllText(Path.Combine(folder, "nginx.conf"), configuration);
        return StartAsync(Make("nginx", "-p", folder, "-e", "stderr", "-c", Path.Combine(folder, "nginx.conf")), async process =>
        {
            var said = new StringBuilder();
            while (await process.StandardError.ReadLineAsync() is { } line)
            {
                said.AppendLine(line);
                if (line.Contains("start worker process ", StringComparison.Ordinal))
                {
                    return null;
                }
            }

            return said.ToString();
        });
    }

    /// <summary>HAProxy and Caddy tell a service manager that they are ready (sd_notify(3)).</summary>
    public static async Task<PeerProgram> NotifyingAsync(string folder, string program, params string[] arguments)
    {
        var address = Path.Combine(folder, "notify");
        using var notices = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        notices.Bind(new UnixDomainSocketEndPoint(address));
        var start = Make(program, arguments);
        start.Environment["NOTIFY_SOCKET"] = address;
        start.Environment["XDG_DATA_HOME"] = start.Environment["XDG_CONFIG_HOME"] = start.Environment["HOME"] = folder;
        return await StartAsync(start, async process =>
        {
            using var ended = new CancellationTokenSource(Patience);
            _ = process.WaitForExitAsync(ended.Token).ContinueWith(_ => ended.Cancel(), TaskScheduler.Default);
            var buffer = new byte[1024];
            try
            {
                while (!Encoding.ASCII.GetString(buffer, 0, await notices.ReceiveAsync(buffer, ended.Token)).Contains("READY=1", StringComparison.Ordinal))
                {
                }

                return null;
            }
            catch (OperationCanceledException)
            {
                return await process.StandardError.ReadToEndAsync();
            }
        });
    }

    /// <summary>fcgiwrap takes its listening socket as standard input, so it serves from the start: what connects is queued.</summary>
    public static Task<PeerProgram> FcgiWrapAsync(string socket) => StartAsync(Make("fcgiwrap", "-c", "4", "-s", $"unix:{socket}"), async _ =>
    {
        using var appearing = new FileSystemWatcher(Path.GetDirectoryName(socket)!, Path.GetFileName(socket));
        var there = new TaskCompletionSource();
        appearing.Created += (_, _) => there.TrySetResult();
        appearing.EnableRaisingEvents = true;
        if (!File.Exists(socket))
        {
            await there.Task.WaitAsync(Patience);
        }

        return null;
    });

    /// <summary>Lets it end what it does and write down what it has done.</summary>
    public async Task QuitAsync()
    {
        using var kill = Process.Start("kill", ["-QUIT", process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
        using var patience = new CancellationTokenSource(Patience);
        await process.WaitForExitAsync(patience.Token);
        await DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync();
        TestContext.Current.TestOutputHelper?.WriteLine(await rest);
        process.Dispose();
    }

    /// <param name="start">What.</param>
    /// <param name="ready">Completes with null when it serves, with what it said when it does not.</param>
    private static async Task<PeerProgram> StartAsync(ProcessStartInfo start, Func<Process, Task<string?>> ready)
    {
        var process = Process.Start(start)!;
        try
        {
            if (await ready(process).WaitAsync(Patience, TestContext.Current.CancellationToken) is { } said)
            {
                throw new InvalidOperationException($"{start.FileName} did not start: {said}");
            }
        }
        catch
        {
            process.Kill(entireProcessTree: true);
            process.Dispose();
            throw;
        }

        return new(process, process.StandardError.ReadToEndAsync());
    }

    private static ProcessStartInfo Make(string program, params string[] arguments)
    {
        var found = new[] { "usr/sbin", "usr/bin" }.Select(folder => Path.Combine(Unpacked, folder, program)).FirstOrDefault(File.Exists);
        Assert.True(found is not null, $"{program} is not there: ./test unpacks it, or tools/unpack");
        return new(found, arguments)
        {
            RedirectStandardError = true,
            RedirectStandardOutput = false,
            Environment = { ["LD_LIBRARY_PATH"] = string.Join(':', Directory.EnumerateDirectories(Path.Combine(Unpacked, "usr", "lib"), "*-linux-gnu")) },
        };
    }
}
