using System.Security.Cryptography;
using Countersign.Server.People;

namespace Countersign.Server.Factors.RecoveryCodes;

/// <summary>
/// A recovery code: 80 random bits as sixteen base32 letters, shown in groups of four. Stored as SHA-256: at 80 bits there
/// is nothing for a slow hash to protect (see <see cref="StoredSecret"/>).
/// </summary>
internal static class RecoveryCode
{
    public const int Number = 10;
    private const int Letters = 16;

    public static string Draw()
    {
        var letters = Base32.Encode(RandomNumberGenerator.GetBytes(10));
        return string.Join('-', letters.Chunk(4).Select(group => new string(group)));
    }

    /// <summary>The hash of what was typed, whatever the case and the spacing; null when it is no recovery code.</summary>
    public static byte[]? HashOf(string? typed)
    {
        if (typed is null or { Length: > 64 })
        {
            return null;
        }

        var letters = string.Concat(typed.Where(letter => letter is not ('-' or ' '))).ToUpperInvariant();
        return letters.Length == Letters && letters.All(letter => letter is (>= 'A' and <= 'Z') or (>= '2' and <= '7'))
            ? StoredSecret.Hash(letters)
            : null;
    }
}
