using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Countersign.Server.Tests.Api;
using Countersign.Server.Tests.Fixtures;

namespace Countersign.Server.Tests.Scenarios;

/// <summary>The built program in a process of its own, on a data folder and a port of its own.</summary>
internal sealed class RunningProgram : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("countersign-contract-");
    private readonly HttpClient http = new(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false });
    private readonly HashSet<string> seen = [];
    private Process serving = null!;

    public string Folder => folder.FullName;

    public string Url { get; } = $"http://localhost:{GatewayFixture.FreePort()}";

    public List<string> Lines { get; } = [];

    public string? Bearer { get; set; }

    private string Data => Path.Combine(folder.FullName, "data");

    public static Task<RunningProgram> StartAsync() => StartAsync(new Dictionary<string, string>());

    public static async Task<RunningProgram> StartAsync(IReadOnlyDictionary<string, string> environment)
    {
        var program = new RunningProgram();
        program.serving = Start(environment, "serve", "--data", program.Data, "--http", $"127.0.0.1:{new Uri(program.Url).Port}", "--url", program.Url, "--ssh", "off");
        program.serving.StandardInput.Close();
        using var patience = new CancellationTokenSource(Patience);
        while (await program.serving.StandardOutput.ReadLineAsync(patience.Token) is { } line)
        {
            program.Lines.Add(line);
            if (line.StartsWith("ready ", StringComparison.Ordinal))
            {
                return program;
            }
        }

        var error = await program.serving.StandardError.ReadToEndAsync(patience.Token);
        await program.DisposeAsync();
        throw new InvalidOperationException($"serve ended before it was ready: {error}");
    }

    /// <summary>Runs one command and gives its standard output; standard error must be empty or one line.</summary>
    public async Task<string> SucceedAsync(string input, params string[] words)
    {
        var (exit, output, error) = await RunAsync(input, [.. words, "--data", Data]);
        Assert.True(exit == 0, $"{string.Join(' ', words)}: {exit} {error}");
        return output;
    }

    public async Task<JsonElement> JsonAsync(params string[] words) => JsonElement.Parse(await SucceedAsync("", [.. words, "--json"]));

    /// <summary>Runs one command that must be refused with the exit code and one line, which it gives.</summary>
    public async Task<string> RefuseAsync(int expected, params string[] words)
    {
        var (exit, output, error) = await RunAsync("", [.. words, "--data", Data]);
        Assert.Equal((expected, ""), (exit, output));
        return Assert.Single(error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    public Task<Answer> PostAsync(string path, object body) =>
        SendAsync(new(HttpMethod.Post, $"{Url}/api/v1/{path}") { Content = new StringContent(JsonSerializer.Serialize(body), Encoding.UTF8, "application/json") });

    public Task<Answer> GetAsync(string path) => SendAsync(new(HttpMethod.Get, Url + path));

    /// <summary>The next request that waits, each once.</summary>
    public async Task<JsonElement> NextRequestAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            var waiting = (await GetAsync("/api/v1/requests?state=pending")).Json.EnumerateArray().FirstOrDefault(request => seen.Add(request.GetProperty("id").GetString()!));
            if (waiting.ValueKind == JsonValueKind.Object)
            {
                return waiting;
            }

            patience.Token.ThrowIfCancellationRequested(); // each round is an answer of the gateway; there is nothing to wait for in between
        }
    }

    /// <summary>SIGTERM, and the exit code.</summary>
    public async Task<int> StopAsync()
    {
        using var kill = Process.Start("kill", ["-TERM", serving.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
        using var patience = new CancellationTokenSource(Patience);
        await serving.WaitForExitAsync(patience.Token);
        return serving.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!serving.HasExited)
        {
            serving.Kill(entireProcessTree: true);
            await serving.WaitForExitAsync();
        }

        serving.Dispose();
        http.Dispose();
        folder.Delete(recursive: true);
    }

    public static async Task<(int Exit, string Output, string Error)> RunAsync(string input, params string[] words)
    {
        using var process = Start(words);
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        using var patience = new CancellationTokenSource(Patience);
        var (output, error) = (process.StandardOutput.ReadToEndAsync(patience.Token), process.StandardError.ReadToEndAsync(patience.Token));
        await process.WaitForExitAsync(patience.Token);
        return (process.ExitCode, await output, await error);
    }

    private async Task<Answer> SendAsync(HttpRequestMessage request)
    {
        using (request)
        {
            request.Headers.Authorization = Bearer is null ? null : new("Bearer", Bearer);
            using var response = await http.SendAsync(request, TestContext.Current.CancellationToken);
            return await Answer.OfAsync(response);
        }
    }

    private static Process Start(params string[] words) => Start(new Dictionary<string, string>(), words);

    private static Process Start(IReadOnlyDictionary<string, string> environment, params string[] words)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "countersign.dll"));
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        foreach (var word in words)
        {
            start.ArgumentList.Add(word);
        }

        return Process.Start(start) ?? throw new InvalidOperationException("dotnet did not start");
    }
}
