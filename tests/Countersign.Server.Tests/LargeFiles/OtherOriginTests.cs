using Countersign.Server.Audit;
using Countersign.Server.Tests.Scenarios;
using Countersign.Server.Tests.Upstreams.SmartHttp;
using Countersign.Server.Upstreams;
using Microsoft.AspNetCore.Hosting;

namespace Countersign.Server.Tests.LargeFiles;

/// <summary>
/// A Git host that keeps its large files at another origin, as hosts with an object store do, with real git-lfs. The gateway follows such an
/// address over https, never on its own machine, and trusts what the system trusts: so here it goes through a proxy, which knows where
/// objects.example.org is, and runs as a program of its own whose system trusts the test's authority.
/// </summary>
[Trait("Category", "slow")]
public sealed class OtherOriginTests : IAsyncLifetime
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("countersign-objects-");
    private Authority authority = null!;
    private GitHost host = null!;
    private string bare = null!;

    public async ValueTask InitializeAsync()
    {
        authority = new(folder.FullName, "root");
        var certificate = authority.Issue("localhost");
        host = await GitHost.StartAsync(Path.Combine(folder.FullName, "far"), listen: listen => listen.UseHttps(certificate));
        bare = await host.AddRepositoryAsync("core.git");
    }

    public async ValueTask DisposeAsync()
    {
        await host.DisposeAsync();
        authority.Dispose();
        folder.Delete(recursive: true);
    }

    private Uri HostAddress => new($"https://localhost:{host.Port}");

    [Fact]
    public async Task Rewritten_transfers_go_up_and_down_through_the_gateway_to_another_origin()
    {
        await using var store = await LfsStore.ServeAsync(authority.Issue("objects.example.org"), "objects.example.org");
        host.Before = store.TryBatchAsync;
        await using var proxy = new TinyProxy();
        await using var program = await RunningProgram.StartAsync(new Dictionary<string, string> { ["SSL_CERT_FILE"] = authority.File });
        await program.SucceedAsync("", "user", "add", "ann", "--email", "ann@example.org");
        var token = (await program.SucceedAsync("", "token", "add", "ann", "--label", "laptop")).Trim();
        await program.SucceedAsync("", "workspace", "add", "ACME");
        await program.SucceedAsync("", "member", "add", "ACME", "ann", "--role", "write", "--accepted");
        var policy = Path.Combine(program.Folder, "policy.yaml");
        await File.WriteAllTextAsync(policy, Policies.EverythingFree, TestContext.Current.CancellationToken);
        await program.SucceedAsync("", "policy", "apply", policy);
        await program.SucceedAsync(
            "the-secret\n", "upstream", "add", "far", "--kind", "smart-http", "--base", HostAddress.AbsoluteUri, "--ca", authority.File, "--proxy", $"http://127.0.0.1:{proxy.Port}",
            "--credentials", "service", "--user", "gateway", "--secret-stdin", "--workspace", "ACME=/");
        var url = program.Url.Replace("://", $"://ann:{token}@", StringComparison.Ordinal) + "/scm/ACME/core.git";

        var (oid, content) = await PushAsync(url);
        Assert.Equal(content, store.Objects[oid]);
        Assert.Equal(content, await CloneAsync(url));

        Assert.Equal([("PUT", null), ("GET", null)], store.Seen); // nothing but what the host gave for it
        Assert.Contains(proxy.Lines, line => line.StartsWith("CONNECT objects.example.org:", StringComparison.Ordinal));
        var transfers = (await program.JsonAsync("audit", "list", "--limit", "200")).EnumerateArray()
            .Select(record => record.GetProperty("facts")).Where(facts => facts.TryGetProperty("lfs_subject", out var subject) && subject.GetString() == oid && facts.TryGetProperty("bytes_in", out _)).ToList();
        Assert.Equal(["Download", "Upload"], transfers.Select(facts => facts.GetProperty("lfs").GetString()).Order());
        Assert.All(transfers, facts => Assert.Equal("ok", facts.GetProperty("outcome").GetString()));
    }

    [Fact]
    public async Task Direct_transfers_go_up_and_down_between_the_client_and_another_origin()
    {
        await using var store = await LfsStore.ServeAsync(authority.Issue("localhost"), "localhost");
        host.Before = store.TryBatchAsync;
        await using var story = await FarStory.StartAsync(
            new UpstreamDefinition("far", "smart-http", HostAddress) { CertificateAuthorities = authority.File, LfsTransfers = LfsTransfers.Direct });
        var (oid, content) = await PushAsync(story.Url);
        Assert.Equal(content, store.Objects[oid]);
        Assert.Equal(content, await CloneAsync(story.Url));
        Assert.Equal([("PUT", null), ("GET", null)], store.Seen);
        var work = (await story.Gateway.AuditAsync()).Where(record => record.Event.Type == AuditTypes.CommandDecided && record.Event.Facts.ContainsKey("lfs_files")).Select(record => record.Event.Facts["lfs"]);
        Assert.Equal(["Upload", "Download"], work); // the batches; what passed is in the store's own log
    }

    [Fact]
    public async Task Attack_an_origin_for_which_nobody_vouches_gets_nothing()
    {
        await using var store = await LfsStore.ServeAsync(authority.Issue("objects.example.org"), "objects.example.org");
        host.Before = store.TryBatchAsync;
        await using var proxy = new TinyProxy();
        // The authority of the Git host is one for the Git host alone.
        await using var story = await FarStory.StartAsync(
            new UpstreamDefinition("far", "smart-http", HostAddress) { CertificateAuthorities = authority.File, Proxy = new($"http://127.0.0.1:{proxy.Port}") });
        using var lfs = new LfsConversation(story.Gateway);
        byte[] content = [1, 2, 3];
        var oid = LfsConversation.OidOf(content);
        var token = (await lfs.BatchAsync(story.Ann, "upload", oid, content.Length)).Token("upload");
        Assert.Equal(503, (await lfs.UploadAsync(token, oid, content)).Status);
        Assert.Empty(store.Seen);
        Assert.Contains(proxy.Lines, line => line.StartsWith("CONNECT objects.example.org:", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Attack_an_origin_on_the_gateways_own_machine_gets_nothing()
    {
        await using var store = await LfsStore.ServeAsync(authority.Issue("localhost"), "localhost");
        host.Before = store.TryBatchAsync;
        await using var story = await FarStory.StartAsync(new UpstreamDefinition("far", "smart-http", HostAddress) { CertificateAuthorities = authority.File });
        using var lfs = new LfsConversation(story.Gateway);
        byte[] content = [1, 2, 3];
        var oid = LfsConversation.OidOf(content);
        var token = (await lfs.BatchAsync(story.Ann, "upload", oid, content.Length)).Token("upload");
        Assert.Equal(503, (await lfs.UploadAsync(token, oid, content)).Status);
        Assert.Empty(store.Seen);
    }

    private async Task<(string Oid, byte[] Content)> PushAsync(string url)
    {
        var tree = await LfsClient.WorkTreeAsync(bare, Path.Combine(folder.FullName, "tree"), url);
        var made = await LfsClient.CommitAsync(tree, "model.bin", 300_000);
        var pushed = await tree.RunAsync("-c", $"http.sslCAInfo={authority.File}", "push", "origin", "main");
        Assert.True(pushed.ExitCode == 0, pushed.Error);
        return made;
    }

    private async Task<byte[]> CloneAsync(string url)
    {
        var outside = LfsClient.In(Path.Combine(folder.FullName, "outside"));
        var cloned = await outside.RunAsync("-c", $"http.sslCAInfo={authority.File}", "clone", "-q", url, "clone");
        Assert.True(cloned.ExitCode == 0, cloned.Error);
        return await File.ReadAllBytesAsync(Path.Combine(outside.Folder, "clone", "model.bin"), TestContext.Current.CancellationToken);
    }
}
