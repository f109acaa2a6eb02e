using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Countersign.Core.WebAuthn;

/// <summary>
/// The bytes that go into a ceremony. They are a hash over a fresh nonce of the server and the digest of the operation, so that
/// an assertion kept as evidence says which operation it was for, and anyone who has both can recompute it.
/// </summary>
public static class WebAuthnChallenge
{
    /// <param name="nonce">At least 16 random bytes, used once (section 13.4.3).</param>
    /// <param name="operationDigestHex">64 lower-case hexadecimal digits, or "" where there is no operation.</param>
    /// <returns>32 bytes: SHA-256 over a domain separator, the nonce and the digest, each with a 32-bit big-endian length.</returns>
    /// <exception cref="ArgumentException">A nonce too short to be fresh, or a digest that is none: a fault of the caller.</exception>
    public static byte[] For(ReadOnlySpan<byte> nonce, string operationDigestHex)
    {
        if (nonce.Length < WebAuthnLimits.ShortestChallenge)
        {
            throw new ArgumentException("A nonce has at least 16 bytes.", nameof(nonce));
        }

        if (operationDigestHex.Length is not (0 or 64) || !operationDigestHex.All(char.IsAsciiHexDigitLower))
        {
            throw new ArgumentException("A digest is 64 lower-case hexadecimal digits.", nameof(operationDigestHex));
        }

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Add(hash, "countersign-webauthn-v1"u8);
        Add(hash, nonce);
        Add(hash, Encoding.ASCII.GetBytes(operationDigestHex));
        return hash.GetHashAndReset();
    }

    private static void Add(IncrementalHash hash, ReadOnlySpan<byte> part)
    {
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, part.Length);
        hash.AppendData(length);
        hash.AppendData(part);
    }
}
