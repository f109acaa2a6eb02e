namespace Countersign.Core.Challenges;

/// <summary>What can happen to a challenge.</summary>
public abstract record ChallengeEvent
{
    private ChallengeEvent()
    {
    }

    /// <summary>A factor has verified the proof. Whoever raises it has also compared the number, and says so in <see cref="FactorProof.NumberTyped"/>.</summary>
    public sealed record Proven(FactorProof Proof) : ChallengeEvent;

    public sealed record Declined(bool Reported) : ChallengeEvent
    {
        /// <summary>Set where it was declined elsewhere, such as on a phone.</summary>
        public RemoteAnswer? Remote { get; init; }
    }

    public sealed record WrongNumber : ChallengeEvent;

    /// <summary>The person has typed the number without a proof of their own: what they tapped elsewhere, or are about to, counts with it.</summary>
    public sealed record NumberRight : ChallengeEvent;

    public sealed record Cancelled(CancelCause Cause) : ChallengeEvent;

    /// <summary>The held command was answered undecided; whoever repeats it may use the approval, whatever its command token.</summary>
    public sealed record HoldEnded : ChallengeEvent;

    public sealed record Redeemed : ChallengeEvent;

    /// <summary>Nothing but time has passed.</summary>
    public sealed record Tick : ChallengeEvent;
}
