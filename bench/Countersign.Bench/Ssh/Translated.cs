using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Countersign.Bench.Forwarding;

namespace Countersign.Bench.Ssh;

/// <summary>A Git host that speaks HTTP only: cloned through the gateway over SSH, and over HTTPS.</summary>
internal static class Translated
{
    public static async Task RunAsync(string folder, string sshd, SshClient client, Report report)
    {
        await using var origin = await Origin.StartAsync(Path.Combine(folder, "origin"));
        var source = Path.Combine(folder, "source.git");
        await RandomRepository.MakeAsync(source, Settings.TransferMegabytes);
        origin.Serve("big", source);
        var (certificate, key, tls) = (Path.Combine(folder, "certificate.pem"), Path.Combine(folder, "key.pem"), ServerProcess.FreePort());
        await MakeCertificateAsync(certificate, key);
        var (gateway, port) = await SshSuite.GatewayAsync(
            folder, sshd, client, string.Create(CultureInfo.InvariantCulture, $"Gateway:Https=127.0.0.1:{tls}"), $"Gateway:Certificate={certificate}", $"Gateway:CertificateKey={key}");
        await using var server = gateway;
        await gateway.RequireAsync($"stand-before http://127.0.0.1:{origin.Port}/");
        await gateway.RequireAsync("let-through everything");
        var (ssh, https) = ($"ssh://git@127.0.0.1:{port}/{Names.Workspace}/big.git", $"https://localhost:{tls}/scm/{Names.Workspace}/big.git");
        var pairs = await Pairs.InTurnsAsync(Settings.TransferRounds, _ => Local.CloneAsync(folder, client, ssh), _ => CloneAsync(folder, https));
        pairs.Add(report, $"clone of {Settings.TransferMegabytes} MB from an HTTP host over SSH (peer: the same over HTTPS)", 1.15);
    }

    private static async Task MakeCertificateAsync(string certificate, string key)
    {
        using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", pair, HashAlgorithmName.SHA256);
        using var made = request.CreateSelfSigned(TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(1));
        await File.WriteAllTextAsync(certificate, made.ExportCertificatePem());
        await File.WriteAllTextAsync(key, pair.ExportPkcs8PrivateKeyPem());
    }

    private static async Task<TimeSpan> CloneAsync(string folder, string url)
    {
        var target = Path.Combine(folder, "clone.git");
        var time = await Git.TimeAsync(null, [.. Names.Credentials, "-c", "http.sslVerify=false", "clone", "--quiet", "--bare", url, target]);
        Directory.Delete(target, recursive: true);
        return time;
    }
}
