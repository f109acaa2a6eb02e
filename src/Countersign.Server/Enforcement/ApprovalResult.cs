using Countersign.Core.Challenges;

namespace Countersign.Server.Enforcement;

/// <summary>What a person sends to approve: the number where it is owed, and one proof.</summary>
internal sealed record ApprovalInput(string? Number, string? Totp, string? RecoveryCode, string? AssertionJson, string? DuoPasscode = null);

internal enum ApprovalOutcome
{
    /// <summary>The verdict is durable.</summary>
    Done,

    /// <summary>There is no such request for this person.</summary>
    NotFound,

    /// <summary>Settled before; <see cref="ApprovalResult.Challenge"/> says how.</summary>
    AlreadySettled,

    /// <summary>A number is owed and none came.</summary>
    NumberOwed,
    NumberWrong,

    /// <summary>The number came alone and was right: it counts together with what is approved on the person's device, or was.</summary>
    NumberTaken,

    /// <summary>Neither code nor assertion came.</summary>
    ProofOwed,
    ProofRefused,
    ProofDelayed,
    ProofLocked,
    FactorNotSetUp,

    /// <summary>Whoever verifies this proof does not answer.</summary>
    FactorUnavailable,

    /// <summary>The rule asks for a stronger factor, another kind or another model.</summary>
    FactorNotAccepted,
}

internal sealed record ApprovalResult(ApprovalOutcome Outcome, Challenge? Challenge = null, DateTimeOffset? RetryAt = null);
