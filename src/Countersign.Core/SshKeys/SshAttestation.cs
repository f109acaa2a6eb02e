using System.Diagnostics.CodeAnalysis;
using System.Formats.Cbor;
using System.Security.Cryptography;
using Countersign.Core.WebAuthn;
using Countersign.Core.WebAuthn.Statements;

namespace Countersign.Core.SshKeys;

/// <summary>
/// What a security key says of a key that it has just made (OpenSSH PROTOCOL.u2f, "ssh-sk-attest-v01"): the authenticator data and
/// signature of WebAuthn's packed or fido-u2f statement, in SSH's encoding. It is put back into WebAuthn's form and verified there:
/// one set of rules for both.
/// </summary>
public sealed class SshAttestation
{
    public const int MaxLength = WebAuthnLimits.AttestationObject;

    private const string Version = "ssh-sk-attest-v01";
    private readonly byte[] certificate;
    private readonly byte[] signature;
    private readonly AuthenticatorData data;

    private SshAttestation(byte[] certificate, byte[] signature, AuthenticatorData data) => (this.certificate, this.signature, this.data) = (certificate, signature, data);

    /// <summary>The model that it claims; worth something only once verified.</summary>
    public Aaguid Model => data.Credential!.Aaguid;

    public static bool TryParse(ReadOnlyMemory<byte> file, [NotNullWhen(true)] out SshAttestation? attestation)
    {
        attestation = null;
        if (file.Length > MaxLength)
        {
            return false;
        }

        var reader = new SshWireReader(file.Span);
        if (reader.Name() != Version)
        {
            return false;
        }

        var (certificate, signature, wrapped) = (reader.String().ToArray(), reader.String().ToArray(), reader.String().ToArray());
        var isPlain = reader.Number() == 0 && reader.String().IsEmpty; // "reserved flags" and "reserved": what nobody signed says nothing
        if (!isPlain || !reader.IsComplete || Unwrap(wrapped) is not { } bytes || !AuthenticatorData.TryParse(bytes, out var data) || data.Credential is null)
        {
            return false;
        }

        attestation = new(certificate, signature, data);
        return true;
    }

    /// <summary>Whether it is of this key, before anything of it is believed.</summary>
    public SshAttestationFault Check(SshPublicKey key)
    {
        if (key.Application is not { } application)
        {
            return SshAttestationFault.NoSecurityKey;
        }

        if (certificate.Length == 0)
        {
            return SshAttestationFault.NoCertificate;
        }

        var isForApplication = data.RpIdHash.SequenceEqual(SHA256.HashData(System.Text.Encoding.ASCII.GetBytes(application)));
        return isForApplication && CoseKey.TryParse(data.Credential!.PublicKey, out var attested) && VerificationOf(key) is { } offered && attested.Key.IsSameAs(offered)
            ? SshAttestationFault.None
            : SshAttestationFault.OtherKey;
    }

    /// <summary>Verifies it as the answer to one challenge.</summary>
    /// <param name="key">The key, checked before.</param>
    /// <param name="challenge">The bytes of the file that <c>ssh-keygen -O challenge</c> was given.</param>
    /// <param name="trust">Roots and models.</param>
    /// <param name="now">For the certificates' times.</param>
    /// <returns>The attestation, hardware-attested; or null and what is wrong.</returns>
    public (Attestation? Attestation, SshAttestationFault Fault) Verify(SshPublicKey key, ReadOnlySpan<byte> challenge, AttestationTrust trust, DateTimeOffset now)
    {
        if (Check(key) is not SshAttestationFault.None and var fault)
        {
            return (null, fault);
        }

        if (!data.Has(AuthenticatorFlags.UserPresent) || !CoseKey.TryParse(data.Credential!.PublicKey, out var cose))
        {
            return (null, SshAttestationFault.NotOne);
        }

        // The middleware signs over SHA-256 of the challenge where WebAuthn signs over SHA-256 of the client data.
        var hash = SHA256.HashData(challenge);
        var (found, error) = VerifyAs("packed", cose, hash, trust, now);
        if (error == WebAuthnError.AttestationSignatureInvalid && cose.Algorithm == CoseAlgorithm.ES256)
        {
            // The file does not say which form it is; keys of before CTAP2 sign in the other.
            found = VerifyAs("fido-u2f", cose, hash, trust, now).Attestation;
        }

        return found switch
        {
            { HardwareAttested: true } => (found, SshAttestationFault.None),
            not null => (null, SshAttestationFault.NotTrusted),
            _ => (null, error == WebAuthnError.AttestationSignatureInvalid ? SshAttestationFault.NoChallenge : SshAttestationFault.BadCertificate),
        };
    }

    private (Attestation? Attestation, WebAuthnError Error) VerifyAs(string format, CoseKey cose, byte[] hash, AttestationTrust trust, DateTimeOffset now) =>
        InWebAuthnForm(format) is { } statement
            ? AttestationVerifier.Verify(statement, data, cose, hash, trust, now)
            : (null, WebAuthnError.AttestationCertificateInvalid);

    private AttestationObject? InWebAuthnForm(string format)
    {
        if (AlgorithmOfCertificate() is not { } algorithm)
        {
            return null;
        }

        var writer = new CborWriter(CborConformanceMode.Ctap2Canonical);
        writer.WriteStartMap(3);
        writer.WriteTextString("fmt");
        writer.WriteTextString(format);
        writer.WriteTextString("attStmt");
        var packed = format == "packed";
        writer.WriteStartMap(packed ? 3 : 2);
        if (packed)
        {
            writer.WriteTextString("alg");
            writer.WriteInt32((int)algorithm);
        }

        writer.WriteTextString("sig");
        writer.WriteByteString(signature);
        writer.WriteTextString("x5c");
        writer.WriteStartArray(1);
        writer.WriteByteString(certificate);
        writer.WriteEndArray();
        writer.WriteEndMap();
        writer.WriteTextString("authData");
        writer.WriteByteString(data.Bytes.Span);
        writer.WriteEndMap();
        return AttestationObject.TryParse(writer.Encode(), out var statement) ? statement : null;
    }

    // SSH's form names no algorithm; CTAP2 signs with the hash that goes with the curve.
    private CoseAlgorithm? AlgorithmOfCertificate()
    {
        if (!CertificatePath.TryRead([certificate], out var path))
        {
            return null;
        }

        using (path)
        {
            return path.Key.Type switch
            {
                KeyType.P256 => CoseAlgorithm.ES256,
                KeyType.P384 => CoseAlgorithm.ES384,
                KeyType.P521 => CoseAlgorithm.ES512,
                KeyType.Ed25519 => CoseAlgorithm.EdDSA,
                KeyType.Rsa => CoseAlgorithm.RS256,
                _ => null,
            };
        }
    }

    // "authenticator data, which is encoded as a CBOR byte string"
    private static byte[]? Unwrap(byte[] wrapped) =>
        StrictCbor.Open(wrapped) is { } reader && reader.PeekState() == CborReaderState.ByteString ? reader.ReadByteString() : null;

    private static VerificationKey? VerificationOf(SshPublicKey key)
    {
        var point = key.Point.ToArray();
        return key.Type switch
        {
            SshKeyType.SecurityKeyEd25519 => VerificationKey.FromEdwardsPoint(KeyType.Ed25519, point),
            SshKeyType.SecurityKeyEcdsa => VerificationKey.FromPoint(KeyType.P256, point[1..33], point[33..]),
            _ => null,
        };
    }
}
