using System.Diagnostics;
using Countersign.Server.Tests.Fixtures;

namespace Countersign.Server.Tests.Regressions;

/// <summary>The built program in a process of its own, as an operator starts it.</summary>
internal sealed class GatewayProcess : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly Process process;
    private readonly Task<string> error;

    private GatewayProcess(Process process) => (this.process, error) = (process, process.StandardError.ReadToEndAsync());

    public int Id => process.Id;

    public string ReadyLine { get; private set; } = "";

    /// <summary>The program that was built beside the tests.</summary>
    public static string Program => Path.Combine(AppContext.BaseDirectory, "countersign.dll");

    /// <summary>Starts and waits for the ready line.</summary>
    /// <param name="data">The data folder.</param>
    /// <param name="port">Of HTTP.</param>
    /// <param name="wrapper">What starts it; null for nothing.</param>
    /// <param name="ssh">The port of SSH; null for off.</param>
    /// <param name="environment">Null: tells where sshd is.</param>
    public static async Task<GatewayProcess> ServeAsync(
        string data, int port, IReadOnlyList<string>? wrapper = null, int? ssh = null, IReadOnlyDictionary<string, string>? environment = null)
    {
        environment ??= ssh is null ? null : new Dictionary<string, string> { ["Countersign__Ssh__Sshd"] = UnpackedSshd.Path };
        string[] arguments = ["serve", "--data", data, "--http", $"127.0.0.1:{port}", "--ssh", ssh is null ? "off" : $"127.0.0.1:{ssh}"];
        var gateway = new GatewayProcess(Start(arguments, environment, wrapper));
        using var patience = Bounded();
        try
        {
            while (await gateway.process.StandardOutput.ReadLineAsync(patience.Token) is { } line)
            {
                if (line.StartsWith("ready ", StringComparison.Ordinal))
                {
                    gateway.ReadyLine = line;
                    return gateway;
                }
            }

            Assert.Fail($"the gateway did not start: {await gateway.error}");
        }
        catch
        {
            await gateway.DisposeAsync();
            throw;
        }

        return gateway;
    }

    /// <summary>Runs one command to its end.</summary>
    public static async Task<(int Exit, string Output, string Error)> RunAsync(
        IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string>? environment = null, IReadOnlyList<string>? wrapper = null, string? input = null)
    {
        using var process = Start(arguments, environment, wrapper);
        using var patience = Bounded();
        try
        {
            await process.StandardInput.WriteAsync(input);
            process.StandardInput.Close();
            var output = process.StandardOutput.ReadToEndAsync(patience.Token);
            var error = process.StandardError.ReadToEndAsync(patience.Token);
            await process.WaitForExitAsync(patience.Token);
            return (process.ExitCode, await output, await error);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }

    /// <summary>SIGKILL, to the gateway alone.</summary>
    public async Task KillAsync()
    {
        process.Kill();
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            process.Kill(entireProcessTree: true);
        }

        await process.WaitForExitAsync(CancellationToken.None);
        await error;
        process.Dispose();
    }

    public static CancellationTokenSource Bounded()
    {
        var source = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        source.CancelAfter(Patience);
        return source;
    }

    private static Process Start(IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string>? environment, IReadOnlyList<string>? wrapper)
    {
        string[] words = [.. wrapper ?? [], Environment.ProcessPath is { } self && Path.GetFileNameWithoutExtension(self) == "dotnet" ? self : "dotnet", Program, .. arguments];
        var start = new ProcessStartInfo(words[0], words[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }
}
