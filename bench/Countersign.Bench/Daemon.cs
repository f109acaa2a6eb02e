using System.Diagnostics;
using System.Net.Sockets;

namespace Countersign.Bench;

/// <summary>A program that is not ours, in the foreground, with its workers; ended by its own id, also when the driver is told to end. Programs come from bench/run.</summary>
internal sealed class Daemon : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private readonly Process process;

    private Daemon(Process process)
    {
        this.process = process;
        AppDomain.CurrentDomain.ProcessExit += End;
    }

    /// <summary>Its own, and its workers'.</summary>
    public IReadOnlyList<ProcessFigures> Figures => [.. Workers(process.Id).Prepend(process.Id).Select(id => new ProcessFigures(id))];

    public static Daemon Start(string program, params string[] arguments) => new(Process.Start(Information(program, arguments))!);

    /// <summary>How to start a program that bench/run found or unpacked.</summary>
    public static ProcessStartInfo Information(string program, params IEnumerable<string> arguments) =>
        new(Environment.GetEnvironmentVariable($"BENCH_{program.ToUpperInvariant()}") ?? program, arguments)
        {
            Environment = { ["LD_LIBRARY_PATH"] = Environment.GetEnvironmentVariable("BENCH_PEER_LIBRARIES") },
        };

    public async Task<Daemon> ListensAsync(int port)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (!await AnswersAsync(port))
        {
            if (process.HasExited)
            {
                throw new InvalidOperationException($"{process.StartInfo.FileName} ended with {process.ExitCode}");
            }

            await Task.Delay(50, patience.Token);
        }

        return this;
    }

    public async ValueTask DisposeAsync()
    {
        AppDomain.CurrentDomain.ProcessExit -= End;
        process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync();
        process.Dispose();
    }

    private static IEnumerable<int> Workers(int id) =>
        File.ReadAllText($"/proc/{id}/task/{id}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(child => int.Parse(child, null));

    private static async Task<bool> AnswersAsync(int port)
    {
        try
        {
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(System.Net.IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private void End(object? sender, EventArgs arguments) => process.Kill(entireProcessTree: true);
}
