namespace Countersign.Core.Challenges;

/// <summary>Where a challenge stands. Denied, Expired, Cancelled and Spent are final.</summary>
public abstract record ChallengeState
{
    private ChallengeState()
    {
    }

    public sealed record Pending : ChallengeState;

    /// <summary>Proven, and not yet used by a command.</summary>
    public sealed record Approved(FactorProof Proof) : ChallengeState;

    public sealed record Denied(DenialCause Cause) : ChallengeState;

    public sealed record Expired : ChallengeState;

    public sealed record Cancelled(CancelCause Cause) : ChallengeState;

    /// <summary>A command has used the approval; a grant stands for it from here on.</summary>
    public sealed record Spent(FactorProof Proof) : ChallengeState;

    public string Name => GetType().Name;

    public bool IsFinal => this is not (Pending or Approved);
}

public enum DenialCause
{
    /// <summary>The person pressed Deny.</summary>
    Declined,

    /// <summary>The person said "This wasn't me".</summary>
    Reported,

    /// <summary>The number from the terminal was wrong three times.</summary>
    WrongNumbers,
}

public enum CancelCause
{
    /// <summary>The client hung up while it was held.</summary>
    ClientLeft,

    /// <summary>The same command was run again and asks anew.</summary>
    Superseded,

    /// <summary>The person was disabled or the credential revoked.</summary>
    AccessEnded,

    /// <summary>The repository is somewhere else, or gone: what was asked about is not there any more.</summary>
    Moved,
}
