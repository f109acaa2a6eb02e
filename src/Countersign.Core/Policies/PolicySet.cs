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

    public IReadOnlyList<RefPattern> Refs { get; init; } = [];

    public IReadOnlySet<RefChange> Changes { get; init; } = new HashSet<RefChange>();

    /// <summary>Matches only updates that are forced (true) or only those that are not (false); null matches both.</summary>
    public bool? Forced { get; init; }

    public IReadOnlySet<Role> Roles { get; init; } = new HashSet<Role>();

    /// <summary>People by canonical name.</summary>
    public IReadOnlySet<string> People { get; init; } = new HashSet<string>();

    public FactorRequirement Requirement { get; init; } = new();

    public GrantTerms Terms { get; init; } = new();
}

/// <summary>The whole policy of an instance: modes and rules, in the file's order.</summary>
public sealed record PolicySet(Mode Mode, IReadOnlyList<Rule> Rules)
{
    /// <summary>Modes for workspaces (<c>ACME/*</c>) and repositories (<c>ACME/core</c>); the most specific one wins.</summary>
    public IReadOnlyDictionary<string, Mode> Modes { get; init; } = new Dictionary<string, Mode>();

    /// <summary>SHA-256 of the file that it came from, hexadecimal; goes into every decision's record.</summary>
    public string Digest { get; init; } = "";
}
