using System.Globalization;
using System.Runtime.Versioning;
using Countersign.Server.Tests.Fixtures;

namespace Countersign.Server.Tests.Regressions;

/// <summary>The disk fills up while the gateway serves: no record, no access; and when there is space again, it goes on by itself.</summary>
[SupportedOSPlatform("linux")]
[Trait("Category", "slow")]
public sealed class DiskFullTests : IDisposable
{
    private const int Attempts = 60;
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("countersign-full-");

    private string Data => folder.CreateSubdirectory("data").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Commands_are_denied_while_nothing_can_be_recorded_and_pass_again_without_a_restart_when_it_can()
    {
        Assert.SkipUnless(await SmallFileSystem.IsPossibleAsync(folder), "this machine lets nobody mount a small file system");
        var (port, sshPort) = (GatewayFixture.FreePort(), GatewayFixture.FreePort());
        await using var gateway = await GatewayProcess.ServeAsync(Data, port, SmallFileSystem.On(Data, "-o size=32m"), sshPort);
        string[] inside = ["nsenter", "-t", gateway.Id.ToString(CultureInfo.InvariantCulture), "-m"];
        async Task<string> CommandAsync(params string[] arguments)
        {
            var result = await GatewayProcess.RunAsync([.. arguments, "--data", Data], wrapper: inside);
            Assert.True(result.Exit == 0, $"{string.Join(' ', arguments)}: {result.Error}");
            return result.Output;
        }

        var source = await GitClient.MakeSourceAsync(folder.CreateSubdirectory("source").FullName);
        var policy = Path.Combine(folder.FullName, "policy.yaml");
        await File.WriteAllTextAsync(policy, "version: 1\nmode: enforce\nrules:\n  - { name: reads, operations: [read], effect: allow }\n", Cancellation);
        await CommandAsync("user", "add", "ann", "--email", "ann@example.org");
        var token = (await CommandAsync("token", "add", "ann", "--label", "laptop")).Trim();
        await CommandAsync("workspace", "add", "ACME");
        await CommandAsync("member", "add", "ACME", "ann", "--role", "write", "--accepted");
        await CommandAsync("repo", "add", "ACME/core", "--import", source);
        await CommandAsync("policy", "apply", policy);
        var inData = $"/proc/{gateway.Id.ToString(CultureInfo.InvariantCulture)}/root{Data}";
        var identity = await SshIdentity.MakeAsync(Path.Combine(folder.FullName, "key"));
        identity.Know(sshPort, Path.Combine(inData, "keys", "ssh"));
        await CommandAsync("key", "add", "ann", "--file", identity.KeyFile + ".pub");
        var git = new GitClient(Path.Combine(folder.FullName, "work"), environment: identity.GitEnvironment(sshPort));
        Task<GitResult> ListAsync() => git.RunAsync("ls-remote", $"http://ann:{token}@localhost:{port}/scm/ACME/core.git");
        Task<GitResult> ListOverSshAsync() => git.RunAsync("ls-remote", $"ssh://git@127.0.0.1:{sshPort}/ACME/core.git");
        Assert.Equal(0, (await ListAsync()).ExitCode);
        Assert.Equal(0, (await ListOverSshAsync()).ExitCode);

        var fill = Path.Combine(inData, "fill");
        Fill(fill);
        var denied = await ListAsync();
        for (var attempt = 0; denied.ExitCode == 0 && attempt < Attempts; attempt++)
        {
            denied = await ListAsync(); // what the write-ahead log has space for is recorded, and so may pass
        }

        foreach (var refused in new[] { denied, await ListOverSshAsync() })
        {
            Assert.NotEqual(0, refused.ExitCode);
            Assert.DoesNotContain("refs/heads", refused.Output, StringComparison.Ordinal);
            Assert.Contains("could not decide or serve this command, so it was denied", refused.Error, StringComparison.Ordinal);
        }

        File.Delete(fill);
        foreach (var again in new[] { await ListAsync(), await ListOverSshAsync() })
        {
            Assert.True(again.ExitCode == 0, again.Error);
        }

        await CommandAsync("audit", "verify");
    }

    public void Dispose() => folder.Delete(recursive: true);

    private static void Fill(string file)
    {
        using var stream = new FileStream(file, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
        for (var size = 1 << 20; size >= 512; size /= 2)
        {
            try
            {
                while (true)
                {
                    stream.Write(new byte[size]);
                }
            }
            catch (IOException)
            {
                // Not so much; perhaps half.
            }
        }
    }
}
