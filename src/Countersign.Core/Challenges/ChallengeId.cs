using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace Countersign.Core.Challenges;

/// <summary>
/// The name of a request that people read aloud, <c>WDJB-MJHT</c>: eight letters without vowels (RFC 8628 6.1), 34 bits.
/// It names; it does not authorise: approving always takes the person's session and factor.
/// </summary>
public sealed record ChallengeId
{
    private const string Alphabet = "BCDFGHJKLMNPQRSTVWXZ";
    private const int Letters = 8;
    private static readonly SearchValues<char> Allowed = SearchValues.Create(Alphabet);

    private ChallengeId(string value) => Value = value;

    public string Value { get; }

    /// <summary>Draws an id from sixteen random bytes.</summary>
    public static ChallengeId From(ReadOnlySpan<byte> random)
    {
        var number = new System.Numerics.BigInteger(random[..16], isUnsigned: true);
        Span<char> letters = stackalloc char[Letters + 1];
        for (var index = 0; index <= Letters; index++)
        {
            if (index == 4)
            {
                letters[index] = '-';
                continue;
            }

            number = System.Numerics.BigInteger.DivRem(number, Alphabet.Length, out var digit);
            letters[index] = Alphabet[(int)digit];
        }

        return new(new string(letters));
    }

    public static bool TryParse(string? text, [NotNullWhen(true)] out ChallengeId? id)
    {
        var valid = text is { Length: Letters + 1 }
            && text[4] == '-'
            && text.AsSpan(0, 4).IndexOfAnyExcept(Allowed) < 0
            && text.AsSpan(5).IndexOfAnyExcept(Allowed) < 0;
        id = valid ? new(text!) : null;
        return valid;
    }

    public override string ToString() => Value;
}
