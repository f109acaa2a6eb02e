using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Countersign.Bench;

/// <summary>A server in a process of its own, with the gateway's own runtime settings, ended when it is disposed.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);
    private readonly Process process;

    private ServerProcess(Process process, int port) => (this.process, Port) = (process, port);

    public int Port { get; }

    public int Id => process.Id;

    public ProcessFigures Figures => new(process.Id);

    public static Task<ServerProcess> GatewayAsync(string data, bool local, params string[] settings)
    {
        var port = FreePort();
        return StartAsync(port, ["gateway", data, port.ToString(CultureInfo.InvariantCulture), local ? "local" : "constant", .. settings]);
    }

    public static Task<ServerProcess> PeerAsync()
    {
        var port = FreePort();
        return StartAsync(port, ["peer", port.ToString(CultureInfo.InvariantCulture)]);
    }

    /// <summary>The Duo simulator; it finds its own ports, see its word <c>settings</c>.</summary>
    public static Task<ServerProcess> DuoAsync(int people) => StartAsync(0, ["duo", people.ToString(CultureInfo.InvariantCulture)]);

    public static Task<ServerProcess> ForwarderAsync(int origin)
    {
        var port = FreePort();
        return StartAsync(port, ["forwarder", port.ToString(CultureInfo.InvariantCulture), origin.ToString(CultureInfo.InvariantCulture)]);
    }

    public static async Task SeedAsync(string data, int people)
    {
        using var seeding = Start(["seed", data, people.ToString(CultureInfo.InvariantCulture)]);
        seeding.StandardInput.Close();
        await seeding.WaitForExitAsync().WaitAsync(Patience);
        if (seeding.ExitCode != 0)
        {
            throw new InvalidOperationException("seeding failed");
        }
    }

    public Task<string> AskAsync(string line)
    {
        Tell(line);
        return HearAsync();
    }

    /// <summary>Throws unless the answer is ok.</summary>
    public async Task RequireAsync(string line)
    {
        if (await AskAsync(line) is not "ok" and var answer)
        {
            throw new InvalidOperationException($"{line}: {answer}");
        }
    }

    /// <summary>Sends a command whose answer is heard later: what it causes is what is timed.</summary>
    public void Tell(string line)
    {
        process.StandardInput.WriteLine(line);
        process.StandardInput.Flush();
    }

    public async Task<string> HearAsync() =>
        await process.StandardOutput.ReadLineAsync().WaitAsync(Patience) ?? throw new InvalidOperationException("the server has ended");

    public async Task WaitUntilHeldAsync(int count)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (await AskAsync("held") != count.ToString(CultureInfo.InvariantCulture))
        {
            await Task.Delay(20, patience.Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        process.StandardInput.Close();
        try
        {
            await process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(20));
        }
        catch (TimeoutException)
        {
            process.Kill(entireProcessTree: true);
        }

        process.Dispose();
    }

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static async Task<ServerProcess> StartAsync(int port, string[] arguments)
    {
        var server = new ServerProcess(Start(arguments), port);
        return await server.HearAsync() == "ready" ? server : throw new InvalidOperationException("the server did not start");
    }

    private static Process Start(string[] arguments)
    {
        var here = AppContext.BaseDirectory;
        string[] product = ["exec", "--runtimeconfig", Path.Combine(here, "countersign.runtimeconfig.json"), Path.Combine(here, "Countersign.Bench.dll")];
        return Process.Start(new ProcessStartInfo("dotnet", [.. product, .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
    }
}
