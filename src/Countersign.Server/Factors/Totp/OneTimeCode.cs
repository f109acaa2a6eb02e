using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;

namespace Countersign.Server.Factors.Totp;

/// <summary>
/// Time-based one-time codes: RFC 6238 over RFC 4226, HMAC-SHA-1, six digits, 30-second steps. See docs/decisions/0005-totp.md
/// for why this is here.
/// </summary>
internal static class OneTimeCode
{
    public const int Digits = 6;
    public const int StepSeconds = 30;

    /// <summary>160 bits, as RFC 4226 section 4 (R6) recommends.</summary>
    public const int SecretBytes = 20;

    public static bool IsWellFormed(string? code) => code is { Length: Digits } && code.All(char.IsAsciiDigit);

    public static long StepAt(DateTimeOffset time) => time.ToUnixTimeSeconds() / StepSeconds;

    public static string At(ReadOnlySpan<byte> secret, long step)
    {
        Span<byte> counter = stackalloc byte[8];
        BinaryPrimitives.WriteInt64BigEndian(counter, step);
        Span<byte> mac = stackalloc byte[HMACSHA1.HashSizeInBytes];
#pragma warning disable CA5350 // the algorithm that authenticator apps know; HMAC does not rest on SHA-1's collision resistance
        HMACSHA1.HashData(secret, counter, mac);
#pragma warning restore CA5350

        // RFC 4226 5.3: dynamic truncation.
        var offset = mac[^1] & 0xf;
        var number = BinaryPrimitives.ReadInt32BigEndian(mac[offset..]) & 0x7fffffff;
        return (number % 1_000_000).ToString("D6", CultureInfo.InvariantCulture);
    }
}
