namespace Countersign.Core.Policies;

/// <summary>The whole policy of an instance: modes and rules, in the file's order.</summary>
public sealed record PolicySet(Mode Mode, IReadOnlyList<Rule> Rules)
{
    /// <summary>Modes for workspaces (<c>ACME/*</c>) and repositories (<c>ACME/core</c>), by canonical path; the most specific one wins.</summary>
    public IReadOnlyDictionary<string, Mode> Modes { get; init; } = new Dictionary<string, Mode>();

    public SshSecurityKeys SshSecurityKeys { get; init; } = new();

    /// <summary>SHA-256 of the file that it came from, hexadecimal; goes into every decision's record.</summary>
    public string Digest { get; init; } = "";

    /// <summary>
    /// True when the decision depends on whether an update is forced and nobody has looked yet. Whoever enforces looks first;
    /// without a look the update counts as possibly forced.
    /// </summary>
    public bool AsksForForced(AccessRequest request) =>
        request.Repository is { } repository
        && EffectiveMode.Of(repository, this).Mode != Mode.Off
        && request.Command.Updates.Any(update => Rules.Any(rule => RuleFit.Of(rule, request, update).Fit == Fit.ForceUnknown));
}
