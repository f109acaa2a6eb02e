namespace Countersign.Core.Policies;

/// <summary>The outcome of a decision, always with its reason.</summary>
public abstract record Decision
{
    private Decision()
    {
    }

    public required Reason Reason { get; init; }

    /// <param name="Grant">The grant that covers the command; null where no second factor was owed.</param>
    public sealed record Allow(Grant? Grant) : Decision
    {
        /// <summary>In report mode: what enforcing would have said.</summary>
        public Decision? WouldHaveBeen { get; init; }
    }

    public sealed record Deny : Decision;

    /// <summary>A second factor is owed.</summary>
    public sealed record StepUp(FactorRequirement Requirement, GrantTerms Terms) : Decision
    {
        /// <summary>Signing in with the SSH connection's FIDO2 key was that second factor: nobody needs to be asked.</summary>
        public bool ByHandshake { get; init; }
    }
}

/// <summary>Why; the code is stable and goes into the audit log, the rule is the name in the policy file.</summary>
public sealed record Reason(ReasonCode Code, string? Rule = null)
{
    public override string ToString() => Rule is null ? Code.ToString() : $"{Code} ({Rule})";
}

public enum ReasonCode
{
    // allow
    NoSecondFactorOwed,

    /// <summary>A second factor is owed, but not for this answer: nothing of the repository is in it.</summary>
    NothingShown,

    /// <summary>A push sees the refs because the person may read them; it is asked once it says what it changes.</summary>
    ReadAllowed,
    CoveredByGrant,

    /// <summary>One of the large files of a batch that was let through a moment ago.</summary>
    ApprovedBatch,
    ModeOff,
    ModeReport,

    // step up
    SecondFactorOwed,

    // deny
    NoRuleMatched,
    DeniedByRule,
    RequirementsContradict,
    RepositoryNotFound,
    RoleTooLow,
    NoFactorSetUp,
    NoFactorStrongEnough,

    /// <summary>The only second factor is a FIDO2 SSH key, and this command came without one.</summary>
    SecurityKeyWantsSsh,

    /// <summary>The only second factor is a FIDO2 SSH key, and signing in with it was used by another command, or is too long ago.</summary>
    SecurityKeyUsed,
    PersonDeclined,
    PersonReported,
    WrongNumbers,
    NotApprovedInTime,
    RequestExpired,
    ClientLeft,
    Superseded,
    AccessEnded,
    RepositoryMoved,
    RecentlyDenied,
    TooManyHeld,

    /// <summary>The person was asked so often without approving that they are not asked again for a while.</summary>
    TooManyPrompts,
    Unavailable,
    PushTooLarge,

    // the far side, after an allowed decision
    UpstreamUnavailable,
    UpstreamNotFound,
    UpstreamForbidden,
    UpstreamCredentialRefused,
}
