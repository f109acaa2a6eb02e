using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Identity;

namespace Countersign.Server.People;

/// <summary>
/// The one spelling of a person's name: trimmed, lower case, <c>[a-z0-9._-]{1,64}</c>, starting with a letter or digit.
/// Letters of other scripts and widths make nobody's name: they are not folded into one that looks alike. Counters, look-ups
/// and policies see only this, so that no spelling opens a second account or a fresh counter (CVE-2025-24806).
/// </summary>
internal static class PersonName
{
    private const int MaxLength = 64;
    private const int MaxTyped = 256;
    private static readonly SearchValues<char> Allowed = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789._-");

    public static bool TryParse(string? typed, [NotNullWhen(true)] out string? name)
    {
        name = typed is { Length: <= MaxTyped } ? typed.Trim().ToLowerInvariant() : null;
        if (name is null || name.Length is 0 or > MaxLength || !char.IsAsciiLetterOrDigit(name[0]) || name.AsSpan().IndexOfAnyExcept(Allowed) >= 0)
        {
            name = null;
        }

        return name is not null;
    }
}

/// <summary>Identity's look-up keys are the canonical spellings themselves.</summary>
internal sealed class CanonicalKeys : ILookupNormalizer
{
    public string? NormalizeName(string? name) => PersonName.TryParse(name, out var canonical) ? canonical : null;

    public string? NormalizeEmail(string? email) => email?.Trim().ToLowerInvariant();
}
