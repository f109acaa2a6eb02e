using System.Security.Cryptography;
using Countersign.Server.Audit;
using Countersign.Server.Tests.Regressions;

namespace Countersign.Server.Tests.Proxies;

/// <summary>Forward-auth as docs/proxies.md tells it: the real proxy before the gateway and a Git host that knows nothing of it.</summary>
[Trait("Category", "slow")]
public sealed class ForwardAuthProxyTests
{
    private const string Nginx = "### Forward-auth with nginx";
    private const string Caddy = "### Forward-auth with Caddy";
    private const string Reads = "version: 1\nmode: enforce\nrules:\n  - { name: reads, operations: [read], effect: allow }\n  - { name: pushes, operations: [write], effect: require }\n";

    [Theory]
    [InlineData(Nginx)]
    [InlineData(Caddy)]
    public async Task A_clone_and_a_big_push_are_held_once_each_and_served_by_the_host(string proxyName)
    {
        await using var host = await GitHost.StartAsync();
        await using var proxy = await DocumentedProxy.StartAsync(proxyName, host: host);
        var ann = await proxy.Gateway.AddPersonAsync();
        await proxy.Gateway.AddRepositoryAsync();
        var cloning = proxy.Git("work").StartAsync("clone", ann.UrlBehind(proxy.Origin, "ACME/core"), "clone");
        await ann.ApproveNextAsync();
        var cloned = await cloning.Completion;
        Assert.True(cloned.ExitCode == 0, cloned.Error);

        var clone = proxy.Git("work/clone");
        await File.WriteAllBytesAsync(Path.Combine(clone.Folder, "big.bin"), RandomNumberGenerator.GetBytes(3 << 20), TestContext.Current.CancellationToken);
        var tip = await clone.CommitAsync("new.txt", "new\n");
        var pushing = clone.StartAsync("push", "origin", "main");
        await ann.ApproveNextAsync();
        var pushed = await pushing.Completion;
        Assert.True(pushed.ExitCode == 0, pushed.Error);
        Assert.Equal(tip, await host.TipAsync());

        // One approval was for one push.
        await clone.CommitAsync("more.txt", "more\n");
        proxy.Gateway.Clock.Advance(TimeSpan.FromSeconds(30));
        var again = clone.StartAsync("push", "origin", "main");
        await ann.DenyNextAsync();
        var denied = await again.Completion;
        Assert.NotEqual(0, denied.ExitCode);
        Assert.Contains("The requested URL returned error: 403", denied.Error, StringComparison.Ordinal);
        Assert.Equal(tip, await host.TipAsync());

        var seen = await host.StopAndReadAsync();
        Assert.All(seen, line => Assert.Contains($" 200 authorization=\"{GitHost.Credential}\"", line, StringComparison.Ordinal));
        Assert.DoesNotContain(seen, line => line.Contains(ann.Token, StringComparison.Ordinal));
        var records = await proxy.Gateway.AuditAsync();
        Assert.DoesNotContain(records, record => record.Event.Type == AuditTypes.CommandCompleted);
        Assert.All(
            records.Where(record => record.Event.Type == AuditTypes.CommandDecided && record.Event.Facts["outcome"] == "allow"),
            record => Assert.Equal("proxy", record.Event.Facts["carrier"]));
        await proxy.Gateway.AssertInvariantsAsync();
    }

    [Theory]
    [InlineData(Nginx)]
    [InlineData(Caddy)]
    public async Task Attack_what_a_client_claims_about_the_request_changes_nothing(string proxyName)
    {
        await using var host = await GitHost.StartAsync();
        await using var proxy = await DocumentedProxy.StartAsync(proxyName, policy: Reads, host: host);
        var ann = await proxy.Gateway.AddPersonAsync();
        await proxy.Gateway.AddRepositoryAsync();
        var clone = proxy.Git("work/clone");
        await proxy.Git("work").SucceedAsync("clone", ann.UrlBehind(proxy.Origin, "ACME/core"), "clone");
        await clone.CommitAsync("new.txt", "new\n");
        var before = await host.TipAsync();

        // A push that says it is a fetch, or a probe, or somewhere else's, is a push.
        const string Fetch = "/scm/ACME/core.git/info/refs?service=git-upload-pack";
        string[] claims =
        [
            "-c", "http.extraHeader=X-Original-Method: GET",
            "-c", $"http.extraHeader=X-Original-URI: {Fetch}",
            "-c", "http.extraHeader=X-Original-Content-Length: 4",
            "-c", "http.extraHeader=X-Forwarded-Method: GET",
            "-c", $"http.extraHeader=X-Forwarded-Uri: {Fetch}",
            "-c", "http.extraHeader=X-Forwarded-For: 203.0.113.9",
        ];
        var pushing = clone.StartAsync([.. claims, "push", "origin", "main"]);
        var request = await ann.DenyNextAsync();
        Assert.Equal(("127.0.0.1", "ReceivePack"), (request.Client.ToString(), request.Command.Service.ToString()));
        Assert.NotEqual(0, (await pushing.Completion).ExitCode);
        Assert.Equal(before, await host.TipAsync());

        // Nothing at the gateway's door for questions, or at the proxy's own, from outside.
        var basic = RawConnection.Basic(ann);
        foreach (var target in new[] { "/forward-auth", "/forward-auth" + Fetch, "/_countersign", "/%66orward-auth", "/x/../forward-auth" })
        {
            Assert.StartsWith("HTTP/1.1 404", await proxy.AskRawAsync(target, $"X-Original-Method: GET\r\nX-Original-URI: {Fetch}\r\n" + basic), StringComparison.Ordinal);
        }

        Assert.DoesNotContain(await host.StopAndReadAsync(), line => line.Contains("receive-pack", StringComparison.Ordinal) && line.Contains("POST", StringComparison.Ordinal));
        await proxy.Gateway.AssertInvariantsAsync();
    }

    [Theory]
    [InlineData(Nginx)]
    [InlineData(Caddy)]
    public async Task Attack_the_host_sees_only_addresses_that_were_decided_on(string proxyName)
    {
        await using var host = await GitHost.StartAsync();
        await using var proxy = await DocumentedProxy.StartAsync(proxyName, policy: Reads, host: host);
        var ann = await proxy.Gateway.AddPersonAsync();
        await proxy.Gateway.AddRepositoryAsync(); // ACME/web is the host's, but nobody's here
        const string End = "/info/refs?service=git-upload-pack";
        Assert.StartsWith("HTTP/1.1 200", await proxy.AskRawAsync("/scm/ACME/core.git" + End, RawConnection.Basic(ann)), StringComparison.Ordinal);
        foreach (var target in new[]
        {
            "/scm/ACME/web.git" + End, "/scm/ACME/core.git/../web.git" + End, "/scm/ACME/core.git/%2e%2e/web.git" + End, "//scm/ACME/web.git" + End,
            "/scm/ACME/core.git%2f..%2fweb.git" + End, "/%73cm/ACME/web.git" + End, "/scm/./ACME/core.git" + End, "/x/../scm/ACME/core.git" + End,
            "/scm/ACME/core.git" + End + "&service=git-receive-pack", "/scm/ACME/core.git/info/refs", "/scm/ACME/core.git/HEAD", "/scm/ACME/core.git/objects/info/packs",
            "/scm/ACME/Core.git" + End, "/SCM/ACME/web.git" + End, "/scm/ACME/core.git;x" + End, "/scm/ACME/core.git" + End + "%00",
        })
        {
            var answer = await proxy.AskRawAsync(target, RawConnection.Basic(ann));
            Assert.True(answer.Split(' ')[1] is "400" or "403" or "404", $"{target}: {answer.Split('\r')[0]}");
        }

        var seen = await host.StopAndReadAsync();
        Assert.StartsWith("GET /scm/ACME/core.git/info/refs?service=git-upload-pack 200", Assert.Single(seen), StringComparison.Ordinal);
        await proxy.Gateway.AssertInvariantsAsync();
    }
}
