using System.Security.Cryptography;

namespace Countersign.Server.Tests.Proxies;

/// <summary>What docs/proxies.md tells people to write, run with the real proxies and the real git.</summary>
[Trait("Category", "slow")]
public sealed class DocumentedProxyTests
{
    private static readonly TimeSpan LongHold = TimeSpan.FromSeconds(90);

    [Fact]
    public async Task A_clone_is_held_for_90_seconds_by_the_real_clock_behind_each_proxy()
    {
        await using var nginx = await DocumentedProxy.StartAsync("nginx");
        await using var haproxy = await DocumentedProxy.StartAsync("haproxy");
        await using var caddy = await DocumentedProxy.StartAsync("caddy");
        await Task.WhenAll(new[] { nginx, haproxy, caddy }.Select(HoldAsync));
    }

    private static async Task HoldAsync(DocumentedProxy proxy)
    {
        var ann = await proxy.Gateway.AddPersonAsync();
        await proxy.Gateway.AddRepositoryAsync();
        var cloning = proxy.Git("work").StartAsync("clone", ann.UrlBehind(proxy.Origin, "ACME/core"), "clone");
        var request = await ann.NextRequestAsync();

        // The proxies' clocks cannot be moved: this time is real.
        using var over = new CancellationTokenSource(LongHold);
        var held = new TaskCompletionSource();
        await using var _ = over.Token.Register(held.SetResult);
        Assert.Same(held.Task, await Task.WhenAny(held.Task, cloning.Completion));

        await ann.ApproveAsync(request);
        var cloned = await cloning.Completion;
        Assert.True(cloned.ExitCode == 0, cloned.Error);
        Assert.Contains($"warning: redirecting to {proxy.Origin}/w/{request.Id}-{request.Number}/scm/", cloned.Error, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(proxy.Git("work").Folder, "clone", "file3.txt")));
        await proxy.Gateway.AssertInvariantsAsync();
    }

    [Theory]
    [InlineData("nginx")]
    [InlineData("haproxy")]
    [InlineData("caddy")]
    public async Task A_push_of_more_than_a_megabyte_streams_through_and_a_denied_one_says_why(string name)
    {
        await using var proxy = await DocumentedProxy.StartAsync(name, policy: "version: 1\nmode: enforce\nrules:\n  - { name: reads, operations: [read], effect: allow }\n  - { name: pushes, operations: [write], effect: require }\n");
        var ann = await proxy.Gateway.AddPersonAsync();
        var core = await proxy.Gateway.AddRepositoryAsync();
        await proxy.Git("work").SucceedAsync("clone", ann.UrlBehind(proxy.Origin, "ACME/core"), "clone");
        var clone = proxy.Git("work/clone");
        await File.WriteAllBytesAsync(Path.Combine(clone.Folder, "big.bin"), RandomNumberGenerator.GetBytes(3 << 20), TestContext.Current.CancellationToken);
        var tip = await clone.CommitAsync("new.txt", "new\n");

        // The first is denied while it talks: the text streams through before the verdict.
        var denied = clone.StartAsync("push", "origin", "main");
        var refused = await ann.DenyNextAsync();
        var refusal = await denied.Completion;
        Assert.NotEqual(0, refusal.ExitCode);
        Assert.Contains($"remote: waiting for your approval at {proxy.Origin}/a/{refused.Id}", refusal.Error, StringComparison.Ordinal);
        Assert.Contains("was refused (request", refusal.Error, StringComparison.Ordinal);
        Assert.NotEqual(tip, await proxy.Gateway.TipAsync(core));

        proxy.Gateway.Clock.Advance(TimeSpan.FromMinutes(2)); // past the quiet that follows a denial
        var pushing = clone.StartAsync("push", "origin", "main");
        var request = await ann.ApproveNextAsync();
        var pushed = await pushing.Completion;
        Assert.True(pushed.ExitCode == 0, pushed.Error);
        Assert.Equal(tip, await proxy.Gateway.TipAsync(core));
        Assert.Equal("127.0.0.1", request.Client.ToString());
        await proxy.Gateway.AssertInvariantsAsync();
    }

    [Theory]
    [InlineData("nginx")]
    [InlineData("haproxy")]
    [InlineData("caddy")]
    public async Task Attack_a_client_of_the_proxy_claims_neither_an_address_nor_another_request(string name)
    {
        await using var proxy = await DocumentedProxy.StartAsync(name);
        var ann = await proxy.Gateway.AddPersonAsync();
        await proxy.Gateway.AddRepositoryAsync();
        var fetching = proxy.Git("work").StartAsync(
            "-c", "http.extraHeader=X-Forwarded-For: 203.0.113.9",
            "-c", "http.extraHeader=Forwarded: for=203.0.113.9",
            "-c", "http.extraHeader=X-Real-IP: 203.0.113.9",
            "-c", "http.extraHeader=X-Original-URI: /scm/ACME/other.git/info/refs?service=git-upload-pack",
            "-c", "http.extraHeader=X-Countersign-Accelerate: x",
            "ls-remote", ann.UrlBehind(proxy.Origin, "ACME/core"));
        var request = await ann.ApproveNextAsync();
        Assert.Equal(("127.0.0.1", "ACME/core"), (request.Client.ToString(), request.Command.Repository.ToString()));
        var fetched = await fetching.Completion;
        Assert.True(fetched.ExitCode == 0, fetched.Error);
        await proxy.Gateway.AssertInvariantsAsync();
    }
}
