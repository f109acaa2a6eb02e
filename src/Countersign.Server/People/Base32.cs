namespace Countersign.Server.People;

/// <summary>RFC 4648 section 6, upper case, without padding: for secrets that people type or paste.</summary>
internal static class Base32
{
    private const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

    public static string Encode(ReadOnlySpan<byte> bytes)
    {
        var letters = new char[((bytes.Length * 8) + 4) / 5];
        var (buffer, bits, written) = (0, 0, 0);
        foreach (var next in bytes)
        {
            buffer = ((buffer & 0x1f) << 8) | next;
            bits += 8;
            while (bits >= 5)
            {
                bits -= 5;
                letters[written++] = Alphabet[(buffer >> bits) & 0x1f];
            }
        }

        if (bits > 0)
        {
            letters[written] = Alphabet[(buffer << (5 - bits)) & 0x1f];
        }

        return new(letters);
    }
}
