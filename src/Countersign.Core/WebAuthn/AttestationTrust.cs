using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Countersign.Core.WebAuthn.Statements;

namespace Countersign.Core.WebAuthn;

/// <summary>
/// A root and the models that it may vouch for. They belong together: a root of one vendor must not make a key pass for a model
/// of another.
/// </summary>
/// <param name="Root">X.509 DER: a self-signed CA, or one attestation certificate itself.</param>
/// <param name="Models">The AAGUIDs that are hardware-attested under this root.</param>
public sealed record AttestationRoot(ReadOnlyMemory<byte> Root, IReadOnlySet<Aaguid> Models);

/// <summary>Whom registrations are trusted by (7.1 step 24): roots, their allowed models, and models revoked under any root.</summary>
public sealed class AttestationTrust
{
    public static readonly AttestationTrust Empty = new([], new HashSet<Aaguid>());

    private readonly (X509Certificate2 Certificate, AttestationRoot Root)[] anchors;

    /// <exception cref="CryptographicException">A root is no certificate, or its own signature does not verify.</exception>
    public AttestationTrust(IReadOnlyList<AttestationRoot> roots, IReadOnlySet<Aaguid> revoked)
    {
        anchors = [.. roots.Select(root => (Load(root.Root), root))];
        Revoked = revoked;
    }

    public IReadOnlySet<Aaguid> Revoked { get; }

    /// <summary>Every root vouches for every allowed model: right where all the roots belong to one vendor.</summary>
    /// <exception cref="CryptographicException">A root is no certificate, or its own signature does not verify.</exception>
    public static AttestationTrust Of(
        IReadOnlyList<ReadOnlyMemory<byte>> roots, IReadOnlySet<Aaguid> allowed, IReadOnlySet<Aaguid> revoked) =>
        new([.. roots.Select(root => new AttestationRoot(root, allowed))], revoked);

    /// <summary>Whether a key of this model is hardware-attested when its certificates lead to this root.</summary>
    internal bool VouchesFor(X509Certificate2 root, Aaguid model) =>
        !Revoked.Contains(model) && anchors.Any(anchor => IsSame(anchor.Certificate, root) && anchor.Root.Models.Contains(model));

    /// <summary>The root that the path leads to at that time, by RFC 5280 and without network; or null.</summary>
    internal X509Certificate2? FindRoot(CertificatePath path, DateTimeOffset now)
    {
        // 7.1 step 25: the attestation public key "is itself an acceptable certificate (i.e., it and the root certificate [...] are
        // the same)".
        if (anchors.Any(anchor => IsSame(anchor.Certificate, path.Leaf)))
        {
            return IsValid(path.Leaf, now) ? path.Leaf : null;
        }

        // Vendors renew roots under the same name; a chain is tried with each, for the builder settles for the first.
        var issuers = path.Rest.Append(path.Leaf).Select(certificate => certificate.IssuerName.RawData).ToArray();
        return anchors.Select(anchor => anchor.Certificate).FirstOrDefault(root =>
            IsAuthority(root)
            && issuers.Any(issuer => issuer.AsSpan().SequenceEqual(root.SubjectName.RawData))
            && LeadsTo(root, path, now));
    }

    private static bool LeadsTo(X509Certificate2 root, CertificatePath path, DateTimeOffset now)
    {
        using var chain = new X509Chain();
        var policy = chain.ChainPolicy;
        policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        policy.RevocationMode = X509RevocationMode.NoCheck;
        policy.DisableCertificateDownloads = true;
        policy.VerificationFlags = X509VerificationFlags.NoFlag;
        policy.VerificationTime = now.UtcDateTime;
        policy.CustomTrustStore.Add(root);
        foreach (var certificate in path.Rest)
        {
            policy.ExtraStore.Add(certificate);
        }

        try
        {
            return chain.Build(path.Leaf) && IsSame(chain.ChainElements[^1].Certificate, root);
        }
        finally
        {
            foreach (var element in chain.ChainElements)
            {
                element.Certificate.Dispose();
            }
        }
    }

    private static bool IsSame(X509Certificate2 one, X509Certificate2 other) => one.RawDataMemory.Span.SequenceEqual(other.RawDataMemory.Span);

    private static bool IsValid(X509Certificate2 certificate, DateTimeOffset now) =>
        certificate.NotBefore.ToUniversalTime() <= now.UtcDateTime && now.UtcDateTime <= certificate.NotAfter.ToUniversalTime();

    private static bool IsAuthority(X509Certificate2 certificate) =>
        certificate.Extensions.OfType<X509BasicConstraintsExtension>().FirstOrDefault() is { CertificateAuthority: true };

    private static X509Certificate2 Load(ReadOnlyMemory<byte> der)
    {
        try
        {
            var root = CertificatePath.Load(der.ToArray());
            // A chain is not checked beyond its anchor, so a damaged root would go unnoticed: any bit of it could have changed.
            return root.SubjectName.RawData.AsSpan().SequenceEqual(root.IssuerName.RawData) && !CertificateSignature.IsSelfSigned(root)
                ? throw new CryptographicException("The root's own signature does not verify.")
                : root;
        }
        catch (AsnContentException e)
        {
            throw new CryptographicException("The root is not an X.509 certificate in DER.", e);
        }
    }
}
