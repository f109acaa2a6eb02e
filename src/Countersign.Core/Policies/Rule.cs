using Countersign.Core.Git;
using Countersign.Core.Identities;

namespace Countersign.Core.Policies;

public enum Effect
{
    /// <summary>The command may run without a second factor.</summary>
    Allow,

    /// <summary>The command may run after the second factor that the rule names.</summary>
    Require,

    Deny,
}

/// <summary>One rule of the policy file. Empty conditions match everything.</summary>
public sealed record Rule(string Name, Effect Effect)
{
    public IReadOnlySet<OperationClass> Operations { get; init; } = new HashSet<OperationClass>();

    /// <summary>Repositories by pattern: <c>ACME/*</c>, <c>ACME/core</c>.</summary>
    public IReadOnlyList<RepositoryPattern> Repositories { get; init; } = [];

    /// <summary>A rule with conditions on refs, changes or force is about pushes; it never matches a read.</summary>
    public IReadOnlyList<RefPattern> Refs { get; init; } = [];

    public IReadOnlySet<RefChange> Changes { get; init; } = new HashSet<RefChange>();

    /// <summary>
    /// Matches only changes that lose commits (true) or only those that do not (false); null matches both. A deletion counts
    /// as forced, because deleting and creating anew is a forced update in two steps; a creation does not.
    /// </summary>
    public bool? Forced { get; init; }

    public IReadOnlySet<Role> Roles { get; init; } = new HashSet<Role>();

    /// <summary>People by canonical name.</summary>
    public IReadOnlySet<string> People { get; init; } = new HashSet<string>();

    public FactorRequirement Requirement { get; init; } = new();

    public GrantTerms Terms { get; init; } = new();
}
