using System.Net.Security;
using System.Security.Authentication;
using Countersign.Server.Tests.Cli;
using Countersign.Server.Tests.Fixtures;
using Countersign.Server.Transports.Tls;

namespace Countersign.Server.Tests.Tls;

/// <summary>Certificates are replaced without a restart, and a broken replacement never takes the place of a good one.</summary>
[Trait("Category", "slow")]
public sealed class CertificateTests
{
    private const string Request = "GET /healthz/live HTTP/1.1\r\nHost: localhost\r\n\r\n";

    [Fact]
    public async Task A_new_pair_serves_the_next_handshake_and_existing_connections_stay()
    {
        using var authority = new TestAuthority();
        await using var gateway = await GatewayFixture.StartAsync(options: authority.Serve);
        using var before = await TlsClient.OpenAsync(gateway, authority);
        await before.SendAsync(Request);
        Assert.StartsWith("HTTP/1.1 200", await before.ReadHeadAsync(), StringComparison.Ordinal);

        var serial = authority.Issue();
        Assert.NotEqual(serial, before.Serial);
        gateway.Clock.Advance(ServerCertificate.Every);

        using var after = await TlsClient.OpenAsync(gateway, authority);
        Assert.Equal(serial, after.Serial);
        await before.SendAsync(Request);
        Assert.StartsWith("HTTP/1.1 200", await before.ReadHeadAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_broken_new_pair_keeps_the_old_one_and_doctor_says_so_until_it_is_mended()
    {
        using var authority = new TestAuthority();
        await using var gateway = await GatewayFixture.StartAsync(options: authority.Serve);
        using var first = await TlsClient.OpenAsync(gateway, authority);
        Assert.Equal(0, (await DoctorAsync(gateway)).Exit);

        var (chain, key, serial) = authority.Make();
        await File.WriteAllTextAsync(authority.ChainFile, chain, TestContext.Current.CancellationToken); // half of a renewal
        gateway.Clock.Advance(ServerCertificate.Every);
        using var second = await TlsClient.OpenAsync(gateway, authority);
        Assert.Equal(first.Serial, second.Serial);
        var (exit, told) = await DoctorAsync(gateway);
        Assert.Equal(1, exit);
        Assert.Contains("the one before stays in use", told, StringComparison.Ordinal);
        Assert.Contains("is not that of the first certificate", told, StringComparison.Ordinal);
        Assert.DoesNotContain("PRIVATE KEY", told, StringComparison.Ordinal);

        await File.WriteAllTextAsync(authority.KeyFile, key, TestContext.Current.CancellationToken);
        gateway.Clock.Advance(ServerCertificate.Every);
        using var third = await TlsClient.OpenAsync(gateway, authority);
        Assert.Equal(serial, third.Serial);
        (exit, told) = await DoctorAsync(gateway);
        Assert.Equal(0, exit);
        Assert.Matches("certificate +ok +ends at ", told);
    }

    [Theory]
    [InlineData("gone", "could not find")]
    [InlineData("garbage", "holds no PEM certificate")]
    [InlineData("encrypted", "is encrypted")]
    [InlineData("swapped", "holds no PEM certificate")]
    [InlineData("empty", "holds no PEM certificate")]
    public void Files_that_are_no_pair_end_a_start_with_one_line(string fault, string expected)
    {
        using var authority = new TestAuthority();
        var (chain, key) = (authority.ChainFile, authority.KeyFile);
        switch (fault)
        {
            case "gone":
                File.Delete(key);
                break;
            case "garbage":
                File.WriteAllText(chain, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
                break;
            case "encrypted":
                File.WriteAllText(key, "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n");
                break;
            case "swapped":
                (chain, key) = (key, chain);
                break;
            case "empty":
                File.WriteAllText(chain, "");
                break;
        }

        var pair = CertificatePair.Read(chain, key);
        Assert.Null(pair.Context);
        Assert.Contains(expected, pair.Defect, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain('\n', pair.Defect!);
    }

    [Fact]
    public async Task TLS_before_1_2_is_refused_and_both_protocols_are_offered()
    {
        using var authority = new TestAuthority();
        await using var gateway = await GatewayFixture.StartAsync(options: authority.Serve);
#pragma warning disable SYSLIB0039, CA5397 // what must be refused
        await Assert.ThrowsAnyAsync<Exception>(() => TlsClient.OpenAsync(gateway, authority, versions: SslProtocols.Tls11));
#pragma warning restore SYSLIB0039, CA5397
        foreach (var version in new[] { SslProtocols.Tls12, SslProtocols.Tls13 })
        {
            using var client = await TlsClient.OpenAsync(gateway, authority, SslApplicationProtocol.Http2, version);
            Assert.Equal((version, SslApplicationProtocol.Http2), (client.Stream.SslProtocol, client.Stream.NegotiatedApplicationProtocol));
        }

        using var older = await TlsClient.OpenAsync(gateway, authority, SslApplicationProtocol.Http11);
        Assert.Equal(SslApplicationProtocol.Http11, older.Stream.NegotiatedApplicationProtocol);
    }

    private static async Task<(int Exit, string Told)> DoctorAsync(GatewayFixture gateway)
    {
        var (exit, output, error) = await CommandLineTests.RunAsync(["doctor", "--data", gateway.Options.Data]);
        return (exit, output + error);
    }
}
