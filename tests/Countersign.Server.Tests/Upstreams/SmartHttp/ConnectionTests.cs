using System.Collections.Concurrent;
using System.Security.Cryptography.X509Certificates;
using Countersign.Server.Enforcement;
using Countersign.Server.Upstreams;
using Countersign.Server.Upstreams.SmartHttp;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace Countersign.Server.Tests.Upstreams.SmartHttp;

/// <summary>TLS, certificates, credentials, host names and proxies on the way to a Git host.</summary>
[Trait("Category", "slow")]
public sealed class ConnectionTests : IAsyncLifetime
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("countersign-far-");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync()
    {
        folder.Delete(recursive: true);
        return ValueTask.CompletedTask;
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_host_that_a_private_authority_vouches_for_is_trusted_and_no_other(bool keepHost)
    {
        using var authority = new Authority(folder.FullName, "one");
        using var stranger = new Authority(folder.FullName, "two");
        await using var host = await StartAsync(authority.Issue("127.0.0.1"));
        var far = new UpstreamDefinition("far", "smart-http", host.Base) { CertificateAuthorities = authority.File, KeepHost = keepHost };

        await using (var story = await FarStory.StartAsync(far))
        {
            await story.Git("outside").SucceedAsync("clone", "-q", story.Url, "clone");
            Assert.All(host.Seen, request => Assert.Equal(keepHost ? story.Gateway.Options.Url.Authority : host.Base.Authority, request.Header("Host")));
        }

        foreach (var wrong in new[] { far with { CertificateAuthorities = stranger.File }, far with { CertificateAuthorities = null } })
        {
            await using var story = await FarStory.StartAsync(wrong);
            host.Seen.Clear();
            var result = await story.Git("outside").RunAsync("ls-remote", story.Url);
            Assert.Contains("remote: The Git host far cannot be trusted: TLS with it failed.", result.Shown, StringComparison.Ordinal);
            Assert.Equal("tls", (await story.LastCompletionAsync())["detail"]);
            Assert.Empty(host.Seen);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)] // localhost is the gateway's own name: a certificate for it is none for the host
    public async Task A_certificate_for_another_name_is_refused_also_where_the_host_name_is_kept(bool keepHost)
    {
        using var authority = new Authority(folder.FullName, "one");
        await using var host = await StartAsync(authority.Issue("localhost"));
        await using var story = await FarStory.StartAsync(new UpstreamDefinition("far", "smart-http", host.Base) { CertificateAuthorities = authority.File, KeepHost = keepHost });

        var result = await story.Git("outside").RunAsync("ls-remote", story.Url);

        Assert.Contains("TLS with it failed", result.Shown, StringComparison.Ordinal);
        Assert.Empty(host.Seen);
    }

    [Fact]
    public async Task The_gateway_shows_its_client_certificate_and_takes_up_a_renewed_one()
    {
        using var authority = new Authority(folder.FullName, "one");
        var shown = new ConcurrentQueue<string>();
        await using var host = await StartAsync(authority.Issue("127.0.0.1"), https =>
        {
            https.ClientCertificateMode = ClientCertificateMode.RequireCertificate;
            https.ClientCertificateValidation = (certificate, _, _) =>
            {
                shown.Enqueue(certificate.Subject);
                return true;
            };
        });
        var (certificate, key) = (Path.Combine(folder.FullName, "client.pem"), Path.Combine(folder.FullName, "client.key"));
        Write(authority.Issue("first"), certificate, key, 1);
        await using var story = await FarStory.StartAsync(new UpstreamDefinition("far", "smart-http", host.Base)
        {
            CertificateAuthorities = authority.File, ClientCertificate = certificate, ClientCertificateKey = key,
        });

        await story.Git("outside").SucceedAsync("ls-remote", story.Url);
        Write(authority.Issue("second"), certificate, key, 2);
        await story.Git("outside").SucceedAsync("ls-remote", story.Url);
        Assert.Equal(["CN=first", "CN=second"], shown.Distinct());

        File.Delete(certificate);
        Assert.Contains("The certificates for the Git host far cannot be read here.", (await story.Git("outside").RunAsync("ls-remote", story.Url)).Shown, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_proxy_on_the_way_is_used_and_another_of_the_environment_is_not(bool tls)
    {
        using var authority = new Authority(folder.FullName, "one");
        await using var host = tls ? await StartAsync(authority.Issue("127.0.0.1")) : await StartAsync(null);
        await using var proxy = new TinyProxy();
        var far = new UpstreamDefinition("far", "smart-http", host.Base) { Proxy = new($"http://gate:s3cret@127.0.0.1:{proxy.Port}"), CertificateAuthorities = tls ? authority.File : null };
        await using var story = await FarStory.StartAsync(far);

        await story.Git("outside").SucceedAsync("clone", "-q", story.Url, "clone");

        Assert.NotEmpty(proxy.Lines);
        Assert.All(proxy.Lines, line => Assert.StartsWith(tls ? $"CONNECT {host.Base.Authority} " : line.StartsWith("GET", StringComparison.Ordinal) ? $"GET {host.Base}core.git/" : $"POST {host.Base}core.git/", line, StringComparison.Ordinal));
        Assert.DoesNotContain(host.Seen, request => request.Headers.ContainsKey("Proxy-Authorization"));
    }

    [Theory]
    [InlineData("bot", "s3cret", "Basic Ym90OnMzY3JldA==")]
    [InlineData("", "s3cret", "Bearer s3cret")]
    public async Task A_service_credential_takes_the_place_of_the_persons(string user, string secret, string expected)
    {
        await using var host = await StartAsync(null);
        host.Credential = expected;
        var far = new UpstreamDefinition("far", "smart-http", host.Base) { Credentials = UpstreamCredentials.Service, ServiceUser = user, ServiceSecret = secret };
        await using (var story = await FarStory.StartAsync(far))
        {
            await story.Git("outside").SucceedAsync("clone", "-q", story.Url, "clone");
            Assert.All(host.Seen, request => Assert.Equal(expected, request.Header("Authorization")));
        }

        await using var wrong = await FarStory.StartAsync(far with { ServiceSecret = "wrong" });
        var result = await wrong.Git("outside").RunAsync("ls-remote", wrong.Url);
        Assert.Contains("did not take the gateway's own credential", result.Shown, StringComparison.Ordinal);
        Assert.DoesNotContain("Authentication failed", result.Shown, StringComparison.Ordinal); // Git would forget the person's token
    }

    [Fact]
    public async Task A_passed_credential_goes_there_as_it_came_and_its_refusal_is_told_apart()
    {
        await using var host = await StartAsync(null);
        host.Credential = "Basic YW5uOnJpZ2h0";
        var far = new UpstreamDefinition("far", "smart-http", host.Base) { Credentials = UpstreamCredentials.Passed };
        await using var story = await FarStory.StartAsync(far);
        var upstream = story.Gateway.Get<IUpstream>();
        var request = new UpstreamRequest(new(Core.Git.GitService.UploadPack, FarStory.Core), 2);
        var answer = System.IO.Pipelines.PipeWriter.Create(Stream.Null);

        Assert.True((await upstream.AdvertiseAsync(request with { Credential = new("Basic YW5uOnJpZ2h0") }, answer, Cancellation)).Succeeded);
        foreach (var none in new[] { new PassedCredential("Basic YW5uOndyb25n"), null })
        {
            var refused = await Assert.ThrowsAsync<UpstreamUnavailableException>(() => upstream.AdvertiseAsync(request with { Credential = none }, answer, Cancellation));
            Assert.Equal(UpstreamFailure.CredentialRefused, refused.Failure);
            Assert.DoesNotContain("wrong", refused.ToString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_list_of_refs_comes_compressed_from_a_host_that_does_it_to_a_client_that_takes_it()
    {
        await using var host = await StartAsync(null);
        host.Compresses = true;
        await using var story = await FarStory.StartAsync(host);

        var refs = await story.Git("outside", 0).SucceedAsync("ls-remote", story.Url);
        Assert.Contains("refs/heads/main", refs.Output, StringComparison.Ordinal);
        Assert.Equal("gzip", host.Seen.Last().Header("Accept-Encoding"));
        var raw = await Regressions.RawConnection.AskAsync(
            story.Gateway, Regressions.RawConnection.Get("/scm/ACME/core.git/info/refs?service=git-upload-pack", Regressions.RawConnection.Basic(story.Ann) + "Accept-Encoding: gzip;q=0, br\r\n"));
        Assert.Null(raw.Header("Content-Encoding"));
        Assert.Equal("identity", host.Seen.Last().Header("Accept-Encoding"));
        await story.Git("outside").SucceedAsync("clone", "-q", story.Url, "clone");
    }

    [Theory]
    [InlineData("https://h:8443/ctx", "/scm", "~ann/Core.git", "https://h:8443/ctx/scm/~ann/Core.git/git-upload-pack")]
    [InlineData("https://h/", "", "a b/c%2fd.git", "https://h/a%20b/c%252fd.git/git-upload-pack")]
    [InlineData("https://h/%41b", "", "x;y?z#w.git", "https://h/Ab/x%3By%3Fz%23w.git/git-upload-pack")]
    [InlineData("https://h", "/", "\u00e4.git", "https://h/%C3%A4.git/git-upload-pack")]
    public void Addresses_are_encoded_segment_by_segment(string root, string path, string place, string expected) =>
        Assert.Equal(expected, UpstreamAddress.Rpc(new(new("far", "smart-http", new(root)) { Path = path }, place), Core.Git.GitService.UploadPack).AbsoluteUri);

    [Theory]
    [InlineData("../x.git")]
    [InlineData("a/./x.git")]
    [InlineData("..")]
    public void No_address_climbs_out(string place) =>
        Assert.Throws<InvalidDataException>(() => UpstreamAddress.Rpc(new(new("far", "smart-http", new("https://h")), place), Core.Git.GitService.UploadPack));

    private async Task<GitHost> StartAsync(X509Certificate2? certificate, Action<HttpsConnectionAdapterOptions>? configure = null)
    {
        var host = await GitHost.StartAsync(Path.Combine(folder.FullName, Path.GetRandomFileName()), listen: certificate is null ? null : listen => listen.UseHttps(https =>
        {
            https.ServerCertificate = certificate;
            configure?.Invoke(https);
        }));
        await host.AddRepositoryAsync("core.git");
        return host;
    }

    private static void Write(X509Certificate2 certificate, string file, string key, int hour)
    {
        File.WriteAllText(file, certificate.ExportCertificatePem());
        File.WriteAllText(key, certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
        File.SetLastWriteTimeUtc(file, new DateTime(2026, 1, 1, hour, 0, 0, DateTimeKind.Utc));
    }
}
