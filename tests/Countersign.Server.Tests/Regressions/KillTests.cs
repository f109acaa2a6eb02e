using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;
using Countersign.Server.Audit;
using Countersign.Server.Tests.Fakes;
using Countersign.Server.Tests.Fixtures;

namespace Countersign.Server.Tests.Regressions;

/// <summary>
/// The gateway is killed at random moments while people push and approve. What moved was decided before; nothing was approved
/// once and used twice; the log is whole; and the next start needs nobody's help.
/// </summary>
[Trait("Category", "slow")]
public sealed class KillTests : IDisposable
{
    private const int Kills = 10;
    private const int Clients = 3;
    private const string Password = "correct horse battery staple";
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("countersign-kill-");
    private readonly int port = GatewayFixture.FreePort();
    private readonly SoftwareAuthenticator key;
    private readonly HttpClient api = new();
    private string token = "";

    public KillTests()
    {
        key = new() { Origin = $"http://localhost:{port}" };
        api.BaseAddress = new($"http://localhost:{port}/api/v1/");
    }

    private string Data => Path.Combine(folder.FullName, "data");

    private string Bare => Path.Combine(Data, "repositories", "ACME", "core.git");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Killing_the_gateway_at_any_moment_lets_nothing_pass_undecided_and_nothing_twice()
    {
        var trees = await PrepareAsync();
        for (var round = 0; round < Kills; round++)
        {
            await using var gateway = await GatewayProcess.ServeAsync(Data, port);
            using var dead = new CancellationTokenSource();
            var work = trees.Select((tree, number) => PushAsync(tree, $"w{number}", dead.Token)).Append(ApproveAsync(RandomNumberGenerator.GetInt32(200, 3000), gateway, dead)).ToList();
            await Task.WhenAll(work);
            var verified = await GatewayProcess.RunAsync(["audit", "verify", "--data", Data]);
            Assert.True(verified.Exit == 0, verified.Error + verified.Output);
        }

        await using var last = await GatewayProcess.ServeAsync(Data, port);
        Assert.Empty(Directory.GetDirectories(Path.Combine(Bare, "objects"), "*incoming*"));
        var decided = (await CommandAsync("audit", "export", "--format", "jsonl")).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Where(line => line.Contains($"\"{AuditTypes.CommandDecided}\"", StringComparison.Ordinal))
            .Select(line => JsonElement.Parse(line).GetProperty("facts"))
            .Where(facts => facts.GetProperty("outcome").GetString() == "allow" && facts.TryGetProperty("refs", out _))
            .ToList();
        var moves = await MovesAsync();
        Assert.NotEmpty(moves);
        Assert.All(moves, move => Assert.Contains(decided, facts => facts.GetProperty("refs").GetString()!.Contains(move, StringComparison.Ordinal)));
        Assert.Equal(decided.Count, decided.Select(facts => facts.GetProperty("challenge").GetString()).Distinct().Count());
    }

    public void Dispose()
    {
        key.Dispose();
        api.Dispose();
        folder.Delete(recursive: true);
    }

    private async Task<List<GitClient>> PrepareAsync()
    {
        await using var gateway = await GatewayProcess.ServeAsync(Data, port);
        var source = await GitClient.MakeSourceAsync(folder.CreateSubdirectory("source").FullName);
        var policy = Path.Combine(folder.FullName, "policy.yaml");
        await File.WriteAllTextAsync(policy, "version: 1\nmode: enforce\nrules:\n  - { name: reads, operations: [read], effect: allow }\n  - { name: writes, operations: [write] }\n", Cancellation);
        await RunAsync(Password + "\n", "user", "add", "ann", "--email", "ann@example.org", "--password-stdin");
        token = (await CommandAsync("token", "add", "ann", "--label", "laptop")).Trim();
        var app = new AuthenticatorApp((await CommandAsync("factor", "add-totp", "ann")).Trim());
        await CommandAsync("workspace", "add", "ACME");
        await CommandAsync("member", "add", "ACME", "ann", "--role", "write", "--accepted");
        await CommandAsync("repo", "add", "ACME/core", "--import", source);
        await CommandAsync("policy", "apply", policy);
        await GitClient.RunBareAsync(Bare, "config", "core.logAllRefUpdates", "always");

        var session = await SendAsync("session", new { user = "ann", password = Password, totp = app.CodeAt(AuthenticatorApp.StepOf(TimeProvider.System.GetUtcNow())) });
        api.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", session.GetProperty("token").GetString());
        var options = await SendAsync("passkeys/options", new { });
        await SendAsync("passkeys", new { name = "key", attestation = JsonElement.Parse(key.Register(options.GetRawText())) });

        var trees = new List<GitClient>();
        for (var number = 0; number < Clients; number++)
        {
            var tree = new GitClient(folder.CreateSubdirectory($"tree{number}").FullName);
            await tree.SucceedAsync("clone", "-q", $"http://ann:{token}@localhost:{port}/scm/ACME/core.git", ".");
            trees.Add(tree);
        }

        return trees;
    }

    private static async Task PushAsync(GitClient tree, string branch, CancellationToken dead)
    {
        while (!dead.IsCancellationRequested)
        {
            await tree.SucceedAsync("commit", "-q", "--allow-empty", "-m", "More");
            await tree.RunAsync("push", "-q", "origin", $"HEAD:refs/heads/{branch}");
        }
    }

    /// <summary>Approves what waits, and kills the gateway when it has been asked so often: somewhere between two of anything.</summary>
    private async Task ApproveAsync(int questions, GatewayProcess gateway, CancellationTokenSource dead)
    {
        var kill = KillAfterAsync();
        while (!dead.IsCancellationRequested)
        {
            try
            {
                foreach (var request in (await api.GetFromJsonAsync<JsonElement>("requests?state=pending", dead.Token)).EnumerateArray())
                {
                    var id = request.GetProperty("id").GetString();
                    var options = await SendAsync($"requests/{id}/options", new { });
                    using var answer = await api.PostAsJsonAsync($"requests/{id}/approve", new { assertion = JsonElement.Parse(key.Assert(options.GetRawText())) }, dead.Token);
                }
            }
            catch (Exception failure) when (failure is HttpRequestException or OperationCanceledException or JsonException or IOException)
            {
                // Killed under us, or the request was settled meanwhile.
            }
        }

        await kill;

        async Task KillAfterAsync()
        {
            using var other = new HttpClient { BaseAddress = new($"http://localhost:{port}/") };
            for (var asked = 0; asked < questions; asked++)
            {
                using var answer = await other.GetAsync(new Uri("scm/ACME/core.git/info/refs?service=git-upload-pack", UriKind.Relative), Cancellation);
            }

            await gateway.KillAsync();
            await dead.CancelAsync();
        }
    }

    /// <summary>Every ref that moved, as the audit log writes it: <c>NAME OLD NEW</c>.</summary>
    private async Task<List<string>> MovesAsync()
    {
        var moves = new List<string>();
        var logs = Path.Combine(Bare, "logs", "refs", "heads");
        foreach (var log in Directory.GetFiles(logs, "w*"))
        {
            moves.AddRange((await File.ReadAllLinesAsync(log, Cancellation)).Select(line => $"refs/heads/{Path.GetFileName(log)} {line[..40]} {line[41..81]}"));
        }

        return moves;
    }

    private async Task<JsonElement> SendAsync(string address, object body)
    {
        using var answer = await api.PostAsJsonAsync(address, body, Cancellation);
        return answer.IsSuccessStatusCode
            ? await answer.Content.ReadFromJsonAsync<JsonElement>(Cancellation)
            : throw new HttpRequestException($"{address}: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync(Cancellation)}");
    }

    private Task<string> CommandAsync(params string[] arguments) => RunAsync(null, arguments);

    private async Task<string> RunAsync(string? input, params string[] arguments)
    {
        var result = await GatewayProcess.RunAsync([.. arguments, "--data", Data], input: input);
        Assert.True(result.Exit == 0, $"{string.Join(' ', arguments)}: {result.Error}");
        return result.Output;
    }
}
