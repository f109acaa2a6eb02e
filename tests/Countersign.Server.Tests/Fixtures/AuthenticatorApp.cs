using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;

namespace Countersign.Server.Tests.Fixtures;

/// <summary>The person's authenticator app, written from RFC 6238 and RFC 4226 alone: the gateway is checked against it, not against itself.</summary>
internal sealed class AuthenticatorApp
{
    private const string Base32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    private readonly byte[] key;

    public AuthenticatorApp(string otpauthUri)
    {
        Secret = otpauthUri.Split('?')[1].Split('&').Single(part => part.StartsWith("secret=", StringComparison.Ordinal))["secret=".Length..];
        key = Decode(Secret);
    }

    public string Secret { get; }

    /// <summary>What the app shows now, by the machine's clock.</summary>
    public string Now => CodeAt(StepOf(TimeProvider.System.GetUtcNow()));

    public static long StepOf(DateTimeOffset time) => time.ToUnixTimeSeconds() / 30;

    public string CodeAt(long step)
    {
        Span<byte> counter = stackalloc byte[8];
        BinaryPrimitives.WriteInt64BigEndian(counter, step);
#pragma warning disable CA5350 // RFC 6238's default
        var hash = HMACSHA1.HashData(key, counter);
#pragma warning restore CA5350
        var number = BinaryPrimitives.ReadInt32BigEndian(hash.AsSpan(hash[^1] & 15)) & int.MaxValue;
        return (number % 1_000_000).ToString("000000", CultureInfo.InvariantCulture);
    }

    private static byte[] Decode(string text)
    {
        var (bits, value, bytes) = (0, 0, new List<byte>());
        foreach (var letter in text.TrimEnd('='))
        {
            value = ((value << 5) | Base32.IndexOf(letter, StringComparison.Ordinal)) & 0xFFFF;
            bits += 5;
            if (bits >= 8)
            {
                bits -= 8;
                bytes.Add((byte)(value >> bits));
            }
        }

        return [.. bytes];
    }
}
