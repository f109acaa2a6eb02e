using Countersign.Core.Challenges;

namespace Countersign.Server.Enforcement;

/// <summary>What a person sends to approve: the number where it is owed, and one proof.</summary>
internal sealed record ApprovalInput(string? Number, string? Totp, string? RecoveryCode, string? AssertionJson, string? DuoPasscode = null)
{
    /// <summary>The token of a link in a mail; by itself it proves too little, see <see cref="InSession"/>.</summary>
    public string? MailToken { get; init; }

    /// <summary>It came in a session of this very person. A mail's link without one always takes the number: scanners open links, too, and press what is there.</summary>
    public bool InSession { get; init; } = true;
}

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
