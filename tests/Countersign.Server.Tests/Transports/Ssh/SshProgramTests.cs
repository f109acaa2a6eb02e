using System.Runtime.Versioning;
using Countersign.Server.Tests.Fixtures;
using Countersign.Server.Tests.Regressions;
using Countersign.Server.Tests.SoftwareSecurityKeys;

namespace Countersign.Server.Tests.Transports.Ssh;

/// <summary>The built program as its operators start it: without root, and on a machine without sshd.</summary>
[SupportedOSPlatform("linux")]
[Trait("Category", "slow")]
public sealed class SshProgramTests : IDisposable
{
    private const string Nobody = "65534";

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("countersign-program-");

    private string Data => Path.Combine(folder.FullName, "data");

    public void Dispose() => folder.Delete(recursive: true);

    [Fact]
    public async Task Without_root_a_clone_goes_through_and_nothing_of_it_is_roots()
    {
        int port;
        SshIdentity laptop;
        var keys = Path.Combine(folder.FullName, "laptop");
        await using (var before = await SshFixture.StartAsync(policy: LargeFiles.Policies.EverythingFree, options: options => options with { Data = Data }))
        {
            port = before.Port;
            await before.Gateway.AddRepositoryAsync();
            var (made, _) = await before.AddKeyAsync(await before.Gateway.AddPersonAsync());
            Directory.Move(Path.GetDirectoryName(made.KeyFile)!, keys);
            laptop = SshIdentity.At(keys);
        }

        await using var gateway = await GatewayProcess.ServeAsync(Data, GatewayFixture.FreePort(), await WithoutRootAsync(), port);

        Assert.Contains($" ssh=127.0.0.1:{port}", gateway.ReadyLine, StringComparison.Ordinal);
        var all = ProcessTree.Below(gateway.Id).Select(process => process.Id).Append(gateway.Id).ToList();
        Assert.True(all.Count >= 3, "gateway, keeper, sshd");
        Assert.All(all, process => Assert.DoesNotMatch("\nUid:[0-9\t]*\t0\\b", ProcessTree.Read(process, "status")));
        var work = new GitClient(Path.Combine(folder.FullName, "work"), 2, laptop.GitEnvironment(port));
        await work.SucceedAsync("clone", "-q", $"ssh://git@127.0.0.1:{port}/ACME/core.git", "clone");
        Assert.True(File.Exists(Path.Combine(work.Folder, "clone", "file3.txt")));
    }

    [Fact]
    public async Task Where_there_is_no_sshd_HTTP_is_served_and_the_ready_line_says_so()
    {
        string[] kept = ["/usr/sbin/sshd", "/usr/local/sbin/sshd", "/usr/bin/sshd", "/sbin/sshd", "/opt/homebrew/sbin/sshd", "/run/current-system/sw/bin/sshd"];
        Assert.SkipWhen(kept.Any(File.Exists), "this machine has an sshd, which is found wherever the PATH leads");
        var path = folder.CreateSubdirectory("path").FullName;
        var git = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(each => Path.Combine(each, "git")).First(File.Exists);
        File.CreateSymbolicLink(Path.Combine(path, "git"), git);
        var http = GatewayFixture.FreePort();

        await using var gateway = await GatewayProcess.ServeAsync(Data, http, ssh: GatewayFixture.FreePort(), environment: new Dictionary<string, string> { ["PATH"] = path });

        Assert.Contains(" ssh=off (there is no sshd on this machine; README.md says how to get one without installing it)", gateway.ReadyLine, StringComparison.Ordinal);
        using var client = new HttpClient();
        using var answer = await client.GetAsync(new Uri($"http://127.0.0.1:{http}/healthz/live"), TestContext.Current.CancellationToken);
        Assert.True(answer.IsSuccessStatusCode);
    }

    /// <summary>What starts the program as somebody who is not root, and owns the data folder; nothing, where the tests are not root's either.</summary>
    private async Task<string[]> WithoutRootAsync()
    {
        if (Environment.UserName != "root")
        {
            return [];
        }

        await Command.SucceedAsync("chown", [Nobody, folder.FullName]);
        await Command.SucceedAsync("chown", ["-R", $"{Nobody}:{Nobody}", Data]);
        string[] become = ["setpriv", $"--reuid={Nobody}", $"--regid={Nobody}", "--clear-groups"];
        var (reaches, _, _) = await Command.RunAsync(become[0], [.. become[1..], "test", "-r", GatewayProcess.Program]);
        return reaches == 0 ? become : [.. become, "--inh-caps=+dac_override", "--ambient-caps=+dac_override"]; // a checkout that only root may enter
    }
}
