using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Countersign.Server.Upstreams;

/// <summary>Reads the certificate files of a Git host when it is added, so that a wrong one is known then and not at the first push.</summary>
internal static class UpstreamFiles
{
    /// <summary>One sentence, or null when all is well.</summary>
    public static string? WhyNot(UpstreamInput input, Uri address) =>
        !input.NamesFiles ? null
        : address.Scheme != "https" ? "Certificates belong to an https address."
        : input.ClientCertificate is null != input.ClientCertificateKey is null ? "A client certificate needs both its file and its key's file."
        : (input.CertificateAuthorities is { } authorities ? Try(authorities, ReadAuthorities) : null)
            ?? (input.ClientCertificate is { } certificate ? Try(certificate, file => ReadClient(file, input.ClientCertificateKey!)) : null);

    private static string? Try(string file, Func<string, string?> read)
    {
        if (!Path.IsPathFullyQualified(file))
        {
            return $"{file}: write the whole path of the file.";
        }

        try
        {
            return read(file);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return $"{file} cannot be read: {failure.Message}";
        }
        catch (Exception failure) when (failure is CryptographicException or ArgumentException)
        {
            return $"{file} is not what it should be: {failure.Message}";
        }
    }

    private static string? ReadAuthorities(string file)
    {
        var found = new X509Certificate2Collection();
        found.ImportFromPemFile(file);
        var none = found.Count == 0;
        foreach (var certificate in found)
        {
            certificate.Dispose();
        }

        return none ? $"{file} has no certificate in PEM form." : null;
    }

    private static string? ReadClient(string file, string key)
    {
        if (!File.Exists(key))
        {
            return $"{key}: there is no such file.";
        }

        using var certificate = X509Certificate2.CreateFromPemFile(file, key);
        return certificate.HasPrivateKey ? null : $"{key} has no key.";
    }
}
