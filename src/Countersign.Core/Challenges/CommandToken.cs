using System.Diagnostics.CodeAnalysis;

namespace Countersign.Core.Challenges;

/// <summary>
/// The per-command key in a redirect, <c>WDJB-MJHT-42</c>: the id that the command's challenge will have, and the number
/// that the person sees in the terminal. Worth nothing without the person's own credential.
/// </summary>
public sealed record CommandToken(ChallengeId Id, string Number)
{
    public static bool TryParse(string text, [NotNullWhen(true)] out CommandToken? token)
    {
        token = text.LastIndexOf('-') is var dash and > 0
            && ChallengeId.TryParse(text[..dash], out var id)
            && text[(dash + 1)..] is { Length: 2 or 6 } number
            && number.All(char.IsAsciiDigit)
            ? new(id, number)
            : null;
        return token is not null;
    }

    public override string ToString() => $"{Id}-{Number}";
}
