using Countersign.Server.Tests.Fixtures;

namespace Countersign.Server.Tests.Tls;

/// <summary>The real git against the gateway's own TLS: libcurl chooses HTTP/2 by ALPN.</summary>
[Trait("Category", "slow")]
public sealed class GitOverHttp2Tests
{
    [Fact]
    public async Task A_clone_over_HTTP_2_and_a_push_whose_long_upload_goes_over_HTTP_1_wait_for_their_approval_and_go_on()
    {
        using var authority = new TestAuthority();
        await using var gateway = await GatewayFixture.StartAsync(options: authority.Serve);
        var ann = await gateway.AddPersonAsync();
        var core = await gateway.AddRepositoryAsync();
        var (outside, clone) = Clients(gateway, authority);

        var cloning = outside.StartAsync("clone", ann.UrlBehind(Origin(gateway), "ACME/core"), clone.Folder);
        var request = await ann.NextRequestAsync();
        Assert.False(cloning.Completion.IsCompleted);
        await ann.ApproveAsync(request);
        var cloned = await cloning.Completion;
        Assert.True(cloned.ExitCode == 0, cloned.Error);
        Assert.Contains("HTTP/2 200", cloned.Error, StringComparison.Ordinal);
        Assert.Contains($"warning: redirecting to {Origin(gateway)}/w/{request.Id}-{request.Number}/", cloned.Error, StringComparison.Ordinal);

        // More than http.postBuffer: Git asks first, and is told that long uploads go over HTTP/1.1.
        var big = new byte[3 << 20];
        System.Security.Cryptography.RandomNumberGenerator.Fill(big);
        await File.WriteAllBytesAsync(Path.Combine(clone.Folder, "big.bin"), big, TestContext.Current.CancellationToken);
        var tip = await clone.CommitAsync("new.txt", "new\n");
        var pushing = clone.StartAsync("push", "origin", "main");
        await ann.ApproveNextAsync();
        var pushed = await pushing.Completion;
        Assert.True(pushed.ExitCode == 0, pushed.Error);
        Assert.Contains("HTTP/2 200", pushed.Error, StringComparison.Ordinal);
        Assert.Contains("HTTP/1.1 200", pushed.Error, StringComparison.Ordinal);
        Assert.Equal(tip, await gateway.TipAsync(core));
        await gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task A_denied_clone_and_a_denied_push_over_HTTP_2_say_why()
    {
        using var authority = new TestAuthority();
        await using var gateway = await GatewayFixture.StartAsync(options: authority.Serve);
        var ann = await gateway.AddPersonAsync();
        var core = await gateway.AddRepositoryAsync();
        var (outside, clone) = Clients(gateway, authority);
        var cloning = outside.StartAsync("clone", ann.UrlBehind(Origin(gateway), "ACME/core"), clone.Folder);
        var request = await ann.DenyNextAsync();
        var cloned = await cloning.Completion;
        Assert.NotEqual(0, cloned.ExitCode);
        Assert.Contains($"refused (request {request.Id})", cloned.Error, StringComparison.Ordinal);

        await outside.SucceedAsync("-c", "safe.directory=*", "clone", "-q", gateway.BareFolder(core), clone.Folder);
        await clone.SucceedAsync("remote", "set-url", "origin", ann.UrlBehind(Origin(gateway), "ACME/core"));
        await clone.CommitAsync("new.txt", "new\n");
        gateway.Clock.Advance(TimeSpan.FromMinutes(2)); // past the quiet that follows a denial
        var pushing = clone.StartAsync("push", "origin", "main");
        var denied = await ann.DenyNextAsync();
        var pushed = await pushing.Completion;
        Assert.NotEqual(0, pushed.ExitCode);
        Assert.Contains($"(request {denied.Id})", pushed.Error, StringComparison.Ordinal);
        await gateway.AssertInvariantsAsync();
    }

    private static string Origin(GatewayFixture gateway) => gateway.Options.Url.GetLeftPart(UriPartial.Authority);

    private static (GitClient Outside, GitClient Clone) Clients(GatewayFixture gateway, TestAuthority authority)
    {
        var environment = new Dictionary<string, string> { ["GIT_SSL_CAINFO"] = authority.RootFile, ["GIT_CURL_VERBOSE"] = "1", ["GIT_TRACE_CURL_NO_DATA"] = "1" };
        var work = Path.Combine(gateway.Folder.FullName, "work");
        return (new(work, environment: environment), new(Path.Combine(work, "clone"), environment: environment));
    }
}
