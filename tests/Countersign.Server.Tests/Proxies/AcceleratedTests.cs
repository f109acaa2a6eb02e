using System.Net;
using System.Security.Cryptography;
using Countersign.Server.Audit;
using Countersign.Server.Storage;
using Countersign.Server.Tests.Fixtures;
using Countersign.Server.Tests.Regressions;
using Countersign.Server.Upstreams;
using Microsoft.EntityFrameworkCore;

namespace Countersign.Server.Tests.Proxies;

/// <summary>The gateway reads, decides, holds and tells; nginx, with the text of docs/proxies.md, streams to and from the Git host.</summary>
[Trait("Category", "slow")]
public sealed class AcceleratedTests
{
    private const string Nginx = "## Accelerated nginx";
    private const string Location = "countersign_k3Jq8Zt5wB2n";
    private const string Fetch = "/scm/ACME/core.git/info/refs?service=git-upload-pack";
    private const string Open = "version: 1\nmode: enforce\nrules:\n  - { name: open, effect: allow }\n";
    private const string Reads = "version: 1\nmode: enforce\nrules:\n  - { name: reads, operations: [read], effect: allow }\n  - { name: pushes, operations: [write], effect: require }\n";

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public async Task A_held_clone_and_a_big_push_are_carried_by_nginx(int protocol)
    {
        await using var host = await GitHost.StartAsync();
        await using var proxy = await StartAsync(host);
        var ann = await PlaceAsync(proxy.Gateway, host);
        var cloning = proxy.Git("work", protocol).StartAsync("clone", ann.UrlBehind(proxy.Origin, "ACME/core"), "clone");
        var request = await ann.ApproveNextAsync();
        var cloned = await cloning.Completion;
        Assert.True(cloned.ExitCode == 0, cloned.Error);
        Assert.Contains($"warning: redirecting to {proxy.Origin}/w/{request.Id}-{request.Number}/scm/", cloned.Error, StringComparison.Ordinal);

        var clone = proxy.Git("work/clone", protocol);
        await File.WriteAllBytesAsync(Path.Combine(clone.Folder, "big.bin"), RandomNumberGenerator.GetBytes(24 << 20), TestContext.Current.CancellationToken);
        var tip = await clone.CommitAsync("new.txt", "new\n");
        var pushing = clone.StartAsync("push", "origin", "main");
        await ann.ApproveNextAsync(); // at the list of refs
        var pushed = await pushing.Completion;
        Assert.True(pushed.ExitCode == 0, pushed.Error);
        Assert.Equal(tip, await host.TipAsync());

        var seen = await host.StopAndReadAsync();
        Assert.All(seen, line => Assert.Contains($" 200 authorization=\"{GitHost.Credential}\"", line, StringComparison.Ordinal));
        Assert.Contains(seen, line => line.StartsWith("POST /scm/ACME/core.git/git-receive-pack ", StringComparison.Ordinal));
        // The gateway carried nothing but capabilities, of which there is nothing to tell.
        var records = await proxy.Gateway.AuditAsync();
        Assert.DoesNotContain(records, record => record.Event.Type == AuditTypes.CommandCompleted);
        Assert.All(
            records.Where(record => record.Event.Type == AuditTypes.CommandDecided),
            record => Assert.Equal(record.Event.Facts["phase"] == "Capabilities" ? null : "proxy", record.Event.Facts.GetValueOrDefault("carrier")));

        // The approval went with the push.
        await clone.CommitAsync("more.txt", "more\n");
        proxy.Gateway.Clock.Advance(TimeSpan.FromSeconds(30));
        var again = clone.StartAsync("push", "origin", "main");
        await ann.DenyNextAsync();
        Assert.Contains("was refused (request", (await again.Completion).Error, StringComparison.Ordinal);
        await proxy.Gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task A_push_that_was_told_to_wait_is_carried_by_the_gateway_and_rules_about_refs_bite()
    {
        await using var host = await GitHost.StartAsync();
        await using var proxy = await StartAsync(host, Reads + "  - { name: closed, refs: [closed], effect: deny }\n");
        var ann = await PlaceAsync(proxy.Gateway, host);
        await proxy.Git("work").SucceedAsync("clone", ann.UrlBehind(proxy.Origin, "ACME/core"), "clone");
        var clone = proxy.Git("work/clone");
        var tip = await clone.CommitAsync("new.txt", "new\n");
        var pushing = clone.StartAsync("push", "origin", "main");
        var request = await ann.ApproveNextAsync();
        Assert.Equal("refs/heads/main", Assert.Single(request.Command.Updates).Name.Value);
        var pushed = await pushing.Completion;
        Assert.True(pushed.ExitCode == 0, pushed.Error);
        Assert.Contains($"remote: waiting for your approval at {proxy.Origin}/a/{request.Id}", pushed.Error, StringComparison.Ordinal);
        Assert.Equal(tip, await host.TipAsync());
        Assert.Equal("ok", (await proxy.Gateway.AuditAsync()).Last(record => record.Event.Type == AuditTypes.CommandCompleted).Event.Facts["detail"]);

        var closed = await clone.RunAsync("push", "origin", "main:closed");
        Assert.NotEqual(0, closed.ExitCode);
        Assert.Contains("(rule closed)", closed.Error, StringComparison.Ordinal);
        await proxy.Gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task Attack_nobody_outside_reaches_the_named_location_or_learns_the_credential()
    {
        await using var host = await GitHost.StartAsync();
        await using var proxy = await StartAsync(host, Open);
        var ann = await PlaceAsync(proxy.Gateway, host);
        var basic = RawConnection.Basic(ann);
        var claims = "X-Accel-Redirect: @x\r\nX-Countersign-Target: http://127.0.0.1:1/evil\r\nX-Countersign-Accelerate: evil\r\nX-Countersign-Authorization: Basic eDp5\r\n"
            + "X-Original-URI: /scm/ACME/web.git/info/refs?service=git-upload-pack\r\n";
        var served = await proxy.AskRawAsync(Fetch, basic + claims);
        Assert.StartsWith("HTTP/1.1 200", served, StringComparison.Ordinal);
        Assert.Contains("refs/heads/main", served, StringComparison.Ordinal);
        Assert.DoesNotContain("X-Countersign", served, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("X-Accel", served, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(GitHost.Credential, served, StringComparison.Ordinal);
        foreach (var target in new[] { $"/@{Location}", $"@{Location}", $"/%40{Location}", "/forward-auth", $"/scm/ACME/core.git/@{Location}" })
        {
            Assert.Matches("^HTTP/1.1 40[034]", await proxy.AskRawAsync(target, basic + claims));
        }

        Assert.Single(await host.StopAndReadAsync());
        await proxy.Gateway.AssertInvariantsAsync();
    }

    public static TheoryData<string, bool, bool> Askers => new()
    {
        { $"X-Countersign-Accelerate: {Location}\r\n", true, true },
        { $"X-Countersign-Accelerate: {Location}\r\n", false, false },
        { "X-Countersign-Accelerate: countersign_another_one_\r\n", true, false },
        { $"X-Countersign-Accelerate: {Location.ToUpperInvariant()}\r\n", true, false },
        { $"X-Countersign-Accelerate: @{Location}\r\n", true, false },
        { $"X-Countersign-Accelerate: {Location}\r\nX-Countersign-Accelerate: evil\r\n", true, false },
        { "", true, false },
    };

    [Theory]
    [MemberData(nameof(Askers))]
    public async Task Attack_the_credential_is_handed_to_the_trusted_proxy_that_knows_the_location_and_to_nobody_else(string header, bool trusted, bool handed)
    {
        await using var host = await GitHost.StartAsync();
        await using var gateway = await GatewayFixture.StartAsync(Open, options: options => options with
        {
            AcceleratedLocation = Location,
            TrustedProxies = trusted ? [IPNetwork.Parse("127.0.0.1/32")] : [IPNetwork.Parse("10.0.0.1/32")],
        });
        var ann = await PlaceAsync(gateway, host);
        var answer = await RawConnection.AskAsync(gateway, RawConnection.Get(Fetch, RawConnection.Basic(ann) + "X-Forwarded-For: 203.0.113.9\r\n" + header));
        Assert.Equal(200, answer.Status);
        Assert.Equal(handed ? $"@{Location}" : null, answer.Header("X-Accel-Redirect"));
        Assert.Equal(handed ? GitHost.Credential : null, answer.Header("X-Countersign-Authorization"));
        Assert.Equal(handed ? $"http://127.0.0.1:{host.Port}/scm/ACME/core.git/info/refs?service=git-upload-pack" : null, answer.Header("X-Countersign-Target"));
        Assert.Equal(!handed, answer.Body.Contains("refs/heads/main", StringComparison.Ordinal));

        // Without a first factor nobody is handed anything.
        var stranger = await RawConnection.AskAsync(gateway, RawConnection.Get(Fetch, "X-Forwarded-For: 203.0.113.9\r\n" + header));
        Assert.Equal((401, null), (stranger.Status, stranger.Header("X-Countersign-Authorization")));
        await gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task The_target_is_built_from_parsed_parts_whatever_the_client_wrote()
    {
        await using var host = await GitHost.StartAsync();
        await using var gateway = await GatewayFixture.StartAsync(Open, options: options => options with { AcceleratedLocation = Location, TrustedProxies = [IPNetwork.Parse("127.0.0.1/32")] });
        var ann = await PlaceAsync(gateway, host);
        var headers = RawConnection.Basic(ann) + $"X-Countersign-Accelerate: {Location}\r\nX-Forwarded-For: 203.0.113.9\r\nGit-Protocol: version=1:x=y\r\n";
        var answer = await RawConnection.AskAsync(gateway, RawConnection.Get("/scm/acme/CORE/info/refs?service=git-upload-pack", headers));
        Assert.Equal($"http://127.0.0.1:{host.Port}/scm/ACME/core.git/info/refs?service=git-upload-pack", answer.Header("X-Countersign-Target"));
        Assert.Equal("version=1", answer.Header("X-Countersign-Git-Protocol"));
        Assert.Equal("", answer.Body);
        await gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task Attack_a_host_that_shows_refs_for_capabilities_shows_none_before_the_approval()
    {
        await using var host = await GitHost.StartAsync(speaksVersion2: false);
        await using var proxy = await StartAsync(host);
        var ann = await PlaceAsync(proxy.Gateway, host);
        var listing = proxy.Git("work").StartAsync("ls-remote", ann.UrlBehind(proxy.Origin, "ACME/core"));
        await ann.DenyNextAsync();
        var listed = await listing.Completion;
        Assert.NotEqual(0, listed.ExitCode);
        Assert.DoesNotContain("refs/", listed.Output, StringComparison.Ordinal);
        await proxy.Gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task A_host_that_does_not_take_the_credential_erases_nobodys_token()
    {
        await using var host = await GitHost.StartAsync();
        await using var proxy = await StartAsync(host, Open);
        var ann = await PlaceAsync(proxy.Gateway, host, secret: "wrong");
        var answer = await proxy.AskRawAsync(Fetch, RawConnection.Basic(ann));
        Assert.StartsWith("HTTP/1.1 502", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("WWW-Authenticate", answer, StringComparison.OrdinalIgnoreCase);
    }

    private static Task<DocumentedProxy> StartAsync(GitHost host, string? policy = null) =>
        DocumentedProxy.StartAsync(Nginx, options => options with { AcceleratedLocation = Location }, policy, host);

    /// <summary>ann, and the workspace ACME at the host.</summary>
    private static async Task<TestPerson> PlaceAsync(GatewayFixture gateway, GitHost host, string secret = "secret")
    {
        var cancellation = TestContext.Current.CancellationToken;
        var ann = await gateway.AddPersonAsync();
        var far = new UpstreamDefinition("far", "smart-http", new($"http://127.0.0.1:{host.Port}"))
        {
            Path = "/scm", Credentials = UpstreamCredentials.Service, ServiceUser = "gateway", ServiceSecret = secret,
        };
        Assert.True(await gateway.Get<UpstreamStore>().AddAsync(far, cancellation));
        await using var database = await gateway.Get<IDbContextFactory<GatewayDbContext>>().CreateDbContextAsync(cancellation);
        await database.Workspaces.Where(row => row.Key == "ACME").ExecuteUpdateAsync(
            set => set.SetProperty(row => row.UpstreamName, "far").SetProperty(row => row.UpstreamPath, "ACME"), cancellation);
        await gateway.Get<UpstreamStore>().ReloadAsync(cancellation);
        return ann;
    }
}
