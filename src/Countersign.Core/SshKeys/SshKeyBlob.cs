using System.Numerics;
using Countersign.Core.WebAuthn;

namespace Countersign.Core.SshKeys;

/// <summary>The wire form of a public key.</summary>
internal static class SshKeyBlob
{
    /// <summary>More than the longest RSA key takes.</summary>
    public const int MaxLength = 4096;

    private const int ShortestRsa = 3072;
    private const int LongestRsa = 16384; // OpenSSH's own limit
    private const int MostExponentBytes = 8;

    public static (SshPublicKey? Key, SshKeyFault Fault) Read(ReadOnlyMemory<byte> blob)
    {
        if (blob.Length > MaxLength)
        {
            return (null, SshKeyFault.TooLong);
        }

        var reader = new SshWireReader(blob.Span);
        var name = reader.Name();
        if (reader.Failed)
        {
            return (null, SshKeyFault.Damaged);
        }

        return SshKeyTypes.Find(name) switch
        {
            null => (null, SshKeyLine.FaultOfType(name)),
            SshKeyType.Rsa => ReadRsa(blob, ref reader),
            SshKeyType.Ed25519 => ReadEdwards(SshKeyType.Ed25519, blob, ref reader),
            SshKeyType.SecurityKeyEd25519 => ReadEdwards(SshKeyType.SecurityKeyEd25519, blob, ref reader),
            { } ecdsa => ReadEcdsa(ecdsa, blob, ref reader),
        };
    }

    private static (SshPublicKey?, SshKeyFault) ReadEdwards(SshKeyType type, ReadOnlyMemory<byte> blob, ref SshWireReader reader)
    {
        var point = reader.String().ToArray();
        var application = type.IsSecurityKey() ? reader.Name() : null;
        return !reader.IsComplete || point.Length != 32 ? (null, SshKeyFault.Damaged)
            : VerificationKey.FromEdwardsPoint(KeyType.Ed25519, point) is null ? (null, SshKeyFault.BadPoint)
            : Found(type, blob, application, point);
    }

    private static (SshPublicKey?, SshKeyFault) ReadEcdsa(SshKeyType type, ReadOnlyMemory<byte> blob, ref SshWireReader reader)
    {
        var (curve, name) = type switch
        {
            SshKeyType.EcdsaP384 => (KeyType.P384, "nistp384"),
            SshKeyType.EcdsaP521 => (KeyType.P521, "nistp521"),
            _ => (KeyType.P256, "nistp256"),
        };
        var named = reader.Name();
        var point = reader.String().ToArray();
        var application = type.IsSecurityKey() ? reader.Name() : null;
        var length = VerificationKey.CoordinateLength(curve);

        // SEC 1 2.3.3: uncompressed only, as RFC 5656 3.1 has it; a compressed one would be the same key in another blob.
        return !reader.IsComplete || named != name || point.Length != 1 + (2 * length) || point[0] != 4 ? (null, SshKeyFault.Damaged)
            : VerificationKey.FromPoint(curve, point[1..(1 + length)], point[(1 + length)..]) is null ? (null, SshKeyFault.BadPoint)
            : Found(type, blob, application, point);
    }

    private static (SshPublicKey?, SshKeyFault) ReadRsa(ReadOnlyMemory<byte> blob, ref SshWireReader reader)
    {
        var exponent = reader.Positive();
        var modulus = reader.Positive();
        if (!reader.IsComplete)
        {
            return (null, SshKeyFault.Damaged);
        }

        var bits = (modulus.Length * 8) - BitOperations.LeadingZeroCount((uint)modulus[0]) + 24;

        // FIPS 186-5 A.1.1: odd, above 2^16. Its upper bound is larger than what any program makes, and costs time to verify.
        var isSane = (exponent[^1] & 1) == 1 && exponent.Length is >= 3 and <= MostExponentBytes && (modulus[^1] & 1) == 1;
        return bits < ShortestRsa ? (null, SshKeyFault.RsaTooShort)
            : bits > LongestRsa ? (null, SshKeyFault.RsaTooLong)
            : !isSane ? (null, SshKeyFault.RsaWeak)
            : Found(SshKeyType.Rsa, blob, null, default);
    }

    private static (SshPublicKey?, SshKeyFault) Found(SshKeyType type, ReadOnlyMemory<byte> blob, string? application, ReadOnlyMemory<byte> point) =>
        application is not null && !application.StartsWith("ssh:", StringComparison.Ordinal)
            ? (null, SshKeyFault.ForeignApplication) // else a website's credential could be shown to the website and to us
            : (new(type, blob, application, point), SshKeyFault.None);
}
