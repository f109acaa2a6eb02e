using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Countersign.Core.WebAuthn.Statements;

/// <summary>Section 8.3.1, on the certificate of an attestation identity key.</summary>
internal static class TpmCertificate
{
    private const string AikCertificate = "2.23.133.8.3"; // tcg-kp-AIKCertificate
    private const string SubjectAlternativeName = "2.5.29.17";
    private const string Manufacturer = "2.23.133.2.1"; // tcg-at-tpmManufacturer
    private const string Model = "2.23.133.2.2"; // tcg-at-tpmModel
    private const string Version = "2.23.133.2.3"; // tcg-at-tpmVersion
    private const int DirectoryName = 4;

    public static bool MeetsRequirements(X509Certificate2 certificate)
    {
        try
        {
            // "Subject field MUST be set to empty."
            return certificate.SubjectName.RawData is [0x30, 0x00] && IsForAttestation(certificate) && NamesTpm(certificate);
        }
        catch (Exception e) when (e is AsnContentException or ArgumentException)
        {
            return false;
        }
    }

    // "The Extended Key Usage extension MUST contain the OID 2.23.133.8.3".
    private static bool IsForAttestation(X509Certificate2 certificate) =>
        certificate.Extensions.OfType<X509EnhancedKeyUsageExtension>().SingleOrDefault() is { } usage
        && usage.EnhancedKeyUsages.Cast<Oid>().Any(oid => oid.Value == AikCertificate);

    // "The Subject Alternative Name extension MUST be set as defined in [TPMv2-EK-Profile] section 3.2.9": a directory name with
    // manufacturer ("id:" and eight hexadecimal digits), model and version of the TPM.
    private static bool NamesTpm(X509Certificate2 certificate)
    {
        if (certificate.Extensions[SubjectAlternativeName] is not { } extension)
        {
            return false;
        }

        var names = new AsnReader(extension.RawData, AsnEncodingRules.DER).ReadSequence();
        while (names.HasData)
        {
            if (names.PeekTag() is not { TagClass: TagClass.ContextSpecific, TagValue: DirectoryName } tag)
            {
                names.ReadEncodedValue();
                continue;
            }

            var attributes = ReadAttributes(names.ReadSequence(tag).ReadSequence());
            return attributes.TryGetValue(Manufacturer, out var manufacturer) && IsVendorId(manufacturer)
                && attributes.TryGetValue(Model, out var model) && model.Length > 0
                && attributes.TryGetValue(Version, out var version) && IsVendorId(version, shortest: 1);
        }

        return false;
    }

    private static bool IsVendorId(string text, int shortest = 8) =>
        text.StartsWith("id:", StringComparison.Ordinal) && text.Length - 3 >= shortest && text.Length <= 11
        && text.AsSpan(3).IndexOfAnyExcept(System.Buffers.SearchValues.Create("0123456789abcdefABCDEF")) < 0;

    // RDNSequence; some issuers put the three into one RDN, some into three.
    private static Dictionary<string, string> ReadAttributes(AsnReader names)
    {
        var attributes = new Dictionary<string, string>(StringComparer.Ordinal);
        while (names.HasData)
        {
            var set = names.ReadSetOf(skipSortOrderValidation: true);
            while (set.HasData)
            {
                var pair = set.ReadSequence();
                attributes.TryAdd(pair.ReadObjectIdentifier(), pair.ReadCharacterString((UniversalTagNumber)pair.PeekTag().TagValue));
            }
        }

        return attributes;
    }
}
