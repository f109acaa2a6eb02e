namespace Countersign.Core.Identities;

/// <summary>The key of a principal; never reused, never derived from a name.</summary>
public readonly record struct PrincipalId(Guid Value)
{
    public override string ToString() => Value.ToString("N");

    /// <summary>The empty key is nobody's: two principals that were never given one must not be the same.</summary>
    public static bool TryParse(string? text, out PrincipalId id)
    {
        var parsed = Guid.TryParseExact(text, "N", out var value) && value != Guid.Empty;
        id = new(value);
        return parsed;
    }
}

/// <summary>Who asks.</summary>
/// <param name="Id">The key.</param>
/// <param name="Name">The canonical name, as typed at sign-in and as Git's user name.</param>
/// <param name="IsAdministrator">May administer the instance. Gives no access to repositories.</param>
public sealed record Principal(PrincipalId Id, string Name, bool IsAdministrator = false)
{
    /// <summary>The kinds of second factor that the person has set up, and can be asked for at any time.</summary>
    public IReadOnlySet<Challenges.FactorKind> Factors { get; init; } = new HashSet<Challenges.FactorKind>();

    /// <summary>The order in which the person wants to be asked; kinds that are not named come after those that are.</summary>
    public IReadOnlyList<Challenges.FactorKind> FactorOrder { get; init; } = [];

    /// <summary>
    /// Has a FIDO2 SSH key. It proves itself when its owner signs in over SSH or not at all, so nobody can be asked for it, and
    /// it is none of <see cref="Factors"/>: it opens no page, and creates and resets nothing.
    /// </summary>
    public bool HasSshSecurityKey { get; init; }
}

/// <summary>What a member may do in a workspace; ordered, each includes the one before.</summary>
public enum Role
{
    None,
    Read,
    Write,
    Admin,
}

/// <summary>The first factor that came with a command.</summary>
/// <param name="Id">The key of the access token or SSH key.</param>
/// <param name="Label">The owner's name for it, shown on the approval page.</param>
public sealed record GitCredential(string Id, string Label);
