using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Countersign.Server.Transports.Tls;

/// <summary>A certificate chain and its private key as two PEM files hold them at one moment.</summary>
/// <param name="Digest">Of the bytes of both files: the same bytes are the same pair.</param>
/// <param name="Context">Ready for handshakes; null when the files are no pair.</param>
/// <param name="NotAfter">When the certificate ends.</param>
/// <param name="Defect">What is wrong with the files, on one line, without any of their content; null when nothing is.</param>
internal sealed record CertificatePair(string Digest, SslStreamCertificateContext? Context, DateTimeOffset NotAfter, string? Defect)
{
    private const long MaxBytes = 1 << 20;

    /// <summary>Reads both files once; everything that is wrong with them is a value.</summary>
    public static CertificatePair Read(string certificateFile, string keyFile)
    {
        var digest = "";
        try
        {
            var (chain, key) = (ReadBounded(certificateFile), ReadBounded(keyFile));
            digest = Convert.ToHexString(SHA256.HashData([.. SHA256.HashData(chain), .. SHA256.HashData(key)]));
            return Parse(digest, System.Text.Encoding.ASCII.GetString(chain), System.Text.Encoding.ASCII.GetString(key), certificateFile, keyFile);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return new(digest, null, default, exception.Message.TrimEnd('.'));
        }
    }

    private static CertificatePair Parse(string digest, string chain, string key, string certificateFile, string keyFile)
    {
        CertificatePair Broken(string defect) => new(digest, null, default, defect);
        if (key.Contains("ENCRYPTED", StringComparison.Ordinal))
        {
            return Broken($"{keyFile} is encrypted; there is nobody to ask for its password, so store it without one, readable by the gateway alone");
        }

        var certificates = new X509Certificate2Collection();
        try
        {
            certificates.ImportFromPem(chain);
        }
        catch (CryptographicException)
        {
            return Broken($"{certificateFile} holds no PEM certificates that can be read");
        }

        if (certificates.Count == 0)
        {
            return Broken($"{certificateFile} holds no PEM certificate");
        }

        try
        {
            var leaf = X509Certificate2.CreateFromPem(chain, key); // the first of the file; throws when the key is another's
            certificates.RemoveAt(0);
            return new(digest, SslStreamCertificateContext.Create(leaf, certificates, offline: true), leaf.NotAfter.ToUniversalTime(), null);
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException)
        {
            return Broken($"the key in {keyFile} is not that of the first certificate in {certificateFile}");
        }
    }

    private static byte[] ReadBounded(string file)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        if (stream.Length > MaxBytes)
        {
            throw new IOException($"{file} is too large for a PEM file");
        }

        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
