using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Countersign.Server.Tests.Fixtures;

namespace Countersign.Server.Tests.Tls;

/// <summary>One TLS connection to the gateway, with the test authority as the only one that is believed.</summary>
internal sealed class TlsClient : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly TcpClient tcp = new() { NoDelay = true };
    private readonly CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);

    public SslStream Stream { get; private set; } = null!;

    public CancellationToken Cancellation => patience.Token;

    /// <summary>The serial number of the certificate that was shown.</summary>
    public string Serial => Stream.RemoteCertificate!.GetSerialNumberString();

    public static Task<TlsClient> OpenAsync(
        GatewayFixture gateway, TestAuthority authority, SslApplicationProtocol? protocol = null, SslProtocols versions = SslProtocols.None) =>
        OpenAsync(gateway.Options.Https!.Port, authority, protocol, versions);

    public static async Task<TlsClient> OpenAsync(
        int port, TestAuthority authority, SslApplicationProtocol? protocol = null, SslProtocols versions = SslProtocols.None)
    {
        var client = new TlsClient();
        client.patience.CancelAfter(Patience);
        try
        {
            await client.tcp.ConnectAsync(IPAddress.Loopback, port, client.Cancellation);
            client.Stream = new(client.tcp.GetStream());
            await client.Stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
            {
                TargetHost = "localhost",
                EnabledSslProtocols = versions,
                ApplicationProtocols = protocol is { } asked ? [asked] : null,
                CertificateChainPolicy = new()
                {
                    TrustMode = X509ChainTrustMode.CustomRootTrust,
                    CustomTrustStore = { X509Certificate2.CreateFromPem(await File.ReadAllTextAsync(authority.RootFile)) },
                    RevocationMode = X509RevocationMode.NoCheck,
                },
            }, client.Cancellation);
            return client;
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    public async Task SendAsync(string text)
    {
        await Stream.WriteAsync(System.Text.Encoding.Latin1.GetBytes(text), Cancellation);
        await Stream.FlushAsync(Cancellation);
    }

    /// <summary>Reads up to the end of the first answer's head.</summary>
    public async Task<string> ReadHeadAsync()
    {
        var text = "";
        var buffer = new byte[4096];
        while (!text.Contains("\r\n\r\n", StringComparison.Ordinal))
        {
            var count = await Stream.ReadAsync(buffer, Cancellation);
            if (count == 0)
            {
                return text;
            }

            text += System.Text.Encoding.Latin1.GetString(buffer, 0, count);
        }

        return text;
    }

    public async Task<string> ReadToEndAsync()
    {
        using var reader = new StreamReader(Stream, System.Text.Encoding.Latin1, leaveOpen: true);
        return await reader.ReadToEndAsync(Cancellation);
    }

    public void Dispose()
    {
        Stream?.Dispose();
        tcp.Dispose();
        patience.Dispose();
    }
}
