using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Formats.Cbor;

namespace Countersign.Core.WebAuthn;

/// <summary>The flags of section 6.1; bits 1 and 5 are reserved and ignored.</summary>
[Flags]
public enum AuthenticatorFlags
{
    None = 0,

    /// <summary>UP: somebody was there.</summary>
    UserPresent = 0x01,

    /// <summary>UV: it was the owner.</summary>
    UserVerified = 0x04,

    /// <summary>BE: the key may be copied to other devices.</summary>
    BackupEligible = 0x08,

    /// <summary>BS: it has been.</summary>
    BackupState = 0x10,

    /// <summary>AT: attested credential data follows.</summary>
    AttestedCredentialData = 0x40,

    /// <summary>ED: extension outputs follow.</summary>
    ExtensionData = 0x80,
}

/// <summary>The new credential in a registration (section 6.5.1).</summary>
/// <param name="Aaguid">The model.</param>
/// <param name="CredentialId">As many bytes as the data say; the ceremony checks the bounds of step 26.</param>
/// <param name="PublicKey">One CBOR item; parsed by <see cref="CoseKey"/>.</param>
public sealed record AttestedCredentialData(Aaguid Aaguid, ReadOnlyMemory<byte> CredentialId, ReadOnlyMemory<byte> PublicKey);

/// <summary>What the authenticator says (section 6.1). It parses only when every byte is accounted for.</summary>
public sealed class AuthenticatorData
{
    private const int HashLength = 32;
    private const int FixedLength = HashLength + 1 + 4;

    private AuthenticatorData(ReadOnlyMemory<byte> bytes, AttestedCredentialData? credential)
    {
        Bytes = bytes;
        Credential = credential;
    }

    public ReadOnlyMemory<byte> Bytes { get; }

    public ReadOnlySpan<byte> RpIdHash => Bytes.Span[..HashLength];

    public AuthenticatorFlags Flags => (AuthenticatorFlags)Bytes.Span[HashLength];

    public uint SignCount => BinaryPrimitives.ReadUInt32BigEndian(Bytes.Span[(HashLength + 1)..]);

    /// <summary>Set exactly when the flag AT is.</summary>
    public AttestedCredentialData? Credential { get; }

    public bool Has(AuthenticatorFlags flag) => (Flags & flag) == flag;

    public static bool TryParse(ReadOnlyMemory<byte> bytes, [NotNullWhen(true)] out AuthenticatorData? data)
    {
        data = null;
        if (bytes.Length is < FixedLength or > WebAuthnLimits.AuthenticatorData)
        {
            return false;
        }

        var flags = (AuthenticatorFlags)bytes.Span[HashLength];
        var rest = bytes[FixedLength..];
        AttestedCredentialData? credential = null;
        if (flags.HasFlag(AuthenticatorFlags.AttestedCredentialData) && !TryReadCredential(ref rest, out credential))
        {
            return false;
        }

        // "If the ED flag is set" a map follows, and nothing behind it; if not, nothing at all.
        if (flags.HasFlag(AuthenticatorFlags.ExtensionData) ? !IsExtensionMap(rest) : rest.Length != 0)
        {
            return false;
        }

        data = new(bytes, credential);
        return true;
    }

    private static bool TryReadCredential(ref ReadOnlyMemory<byte> rest, [NotNullWhen(true)] out AttestedCredentialData? credential)
    {
        credential = null;
        if (rest.Length < Aaguid.Length + 2)
        {
            return false;
        }

        var aaguid = Aaguid.Read(rest.Span);
        var length = BinaryPrimitives.ReadUInt16BigEndian(rest.Span[Aaguid.Length..]);
        rest = rest[(Aaguid.Length + 2)..];
        if (rest.Length < length || !StrictCbor.TryMeasure(rest[length..], out var keyLength))
        {
            return false;
        }

        credential = new(aaguid, rest[..length], rest.Slice(length, keyLength));
        rest = rest[(length + keyLength)..];
        return true;
    }

    // Section 9.5: "a CBOR map with extension identifiers as keys". What is in it was not asked for, and is not used.
    private static bool IsExtensionMap(ReadOnlyMemory<byte> bytes)
    {
        if (StrictCbor.Open(bytes) is not { } reader || reader.PeekState() != CborReaderState.StartMap || reader.ReadStartMap() is 0)
        {
            return false;
        }

        while (reader.PeekState() != CborReaderState.EndMap)
        {
            if (reader.PeekState() != CborReaderState.TextString)
            {
                return false;
            }

            reader.SkipValue();
            reader.SkipValue();
        }

        return true;
    }
}
