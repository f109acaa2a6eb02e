using Countersign.Core.Git;

namespace Countersign.Core.Policies;

/// <summary>What would be decided, and why; for <c>policy explain</c>.</summary>
/// <param name="Decision">The decision.</param>
/// <param name="Mode">The mode that applies, and where it was set; null when there is no such repository.</param>
/// <param name="Rules">Every rule in the file's order, for every ref that was asked about.</param>
public sealed record PolicyExplanation(Decision Decision, EffectiveMode? Mode, IReadOnlyList<RuleExplanation> Rules)
{
    /// <summary>What signing in over SSH with a FIDO2 key would do here; null where no second factor is owed.</summary>
    public string? SshSecurityKey { get; private init; }

    public static PolicyExplanation Of(AccessRequest request, PolicySet policies, IReadOnlyList<Grant> grants, DateTimeOffset now)
    {
        var decision = PolicyDecisionPoint.Decide(request, policies, grants, now);

        // Who may not see the repository is told nothing about it, here either.
        if (request.Repository is not { } repository || decision.Reason.Code == ReasonCode.RepositoryNotFound)
        {
            return new(decision, null, []);
        }

        var updates = request.Command.RefsKnown ? request.Command.Updates.AsEnumerable<RefUpdate?>() : [null];
        return new(
            decision,
            EffectiveMode.Of(repository, policies),
            [.. updates.SelectMany(update => policies.Rules.Select(rule => RuleExplanation.Of(rule, request, update)))])
        {
            SshSecurityKey = Handshakes(request, decision, policies, grants, now),
        };
    }

    /// <summary>The command that is asked about: with a ref, an update of it that is not forced; without one, a push before it has said its refs.</summary>
    public static GitCommand CommandOf(OperationClass operation, RepositoryPath repository, RefName? reference) =>
        new(operation == OperationClass.Write ? GitService.ReceivePack : GitService.UploadPack, repository)
        {
            Updates = operation == OperationClass.Write && reference is not null ? [new(Id('1'), Id('2'), reference) { Forced = false }] : [],
        };

    // Asked of the rules themselves, with what each such key could prove.
    private static string? Handshakes(AccessRequest request, Decision decision, PolicySet policies, IReadOnlyList<Grant> grants, DateTimeOffset now)
    {
        if (decision is not (Decision.StepUp or Decision.Deny { Reason.Code: ReasonCode.NoFactorSetUp or ReasonCode.NoFactorStrongEnough or ReasonCode.SecurityKeyWantsSsh }))
        {
            return null;
        }

        if (!policies.SshSecurityKeys.Counts)
        {
            return "does not count (ssh_security_keys)";
        }

        IEnumerable<Guid?> models = [null, .. policies.Rules.SelectMany(rule => rule.Requirement.Models).Select(model => (Guid?)model)];
        return Suffices(verified: false, attested: false, null) ? "a touch at sign-in is enough"
            : Suffices(verified: true, attested: false, null) ? "PIN or fingerprint at sign-in is enough"
            : models.Any(model => Suffices(verified: true, attested: true, model)) ? "PIN or fingerprint at sign-in is enough, for a key whose attestation was verified"
            : "is not enough";

        bool Suffices(bool verified, bool attested, Guid? model) =>
            PolicyDecisionPoint.Decide(request with { Handshake = new(verified, attested, model) { SignedInAt = now } }, policies, grants, now)
                is Decision.StepUp { ByHandshake: true };
    }

    /// <summary>Where the mode was set, in words.</summary>
    public string ModeInWords => Mode is null ? "" : Mode.Source switch
    {
        ModeSource.Repository => "set for this repository in the policy",
        ModeSource.WorkspaceInPolicy => "set for its workspace in the policy",
        ModeSource.Workspace => "set on its workspace",
        _ => "set for the instance in the policy",
    };

    private static ObjectId Id(char digit) =>
        ObjectId.TryParse(new string(digit, 40), out var id) ? id : throw new ArgumentOutOfRangeException(nameof(digit));
}
