using Countersign.Core.Git;
using Countersign.Core.Identities;
using Countersign.Core.Policies;

namespace Countersign.Core.Challenges;

/// <summary>
/// A pending request for proof; people read "request". A state machine: <see cref="Apply"/> is total, final states absorb,
/// and an approval is spent once. Stores run it unchanged and add compare-and-swap on <see cref="Version"/>.
/// </summary>
public sealed record Challenge
{
    /// <summary>After so many wrong numbers the challenge is dead.</summary>
    public const int MaxWrongNumbers = 3;

    public required ChallengeId Id { get; init; }

    public required PrincipalId PrincipalId { get; init; }

    public required string PrincipalName { get; init; }

    public required GitCredential Credential { get; init; }

    public required GitCommand Command { get; init; }

    public required ClientAddress Client { get; init; }

    /// <summary>What the client calls itself, made printable; "" when it says nothing.</summary>
    public required string UserAgent { get; init; }

    /// <summary>The per-command key from the redirect; null where there is none, and once the held command has gone.</summary>
    public CommandToken? CommandToken { get; init; }

    public required FactorRequirement Requirement { get; init; }

    /// <summary>How far and how long the approval reaches.</summary>
    public required GrantTerms Terms { get; init; }

    /// <summary>The number in the person's terminal: two digits, six where it replaces a code.</summary>
    public required string Number { get; init; }

    /// <summary>SHA-256 over everything that is approved; see <see cref="OperationDigest"/>.</summary>
    public required string Digest { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }

    public ChallengeState State { get; init; } = new ChallengeState.Pending();

    public int WrongNumbers { get; init; }

    /// <summary>The person has typed the number, and it was right.</summary>
    public bool NumberTyped { get; init; }

    /// <summary>A proof that is enough as soon as the number is typed; null where there is none. One of another authenticator takes its place.</summary>
    public FactorProof? AwaitsNumber { get; init; }

    /// <summary>Grows by one at each stored change.</summary>
    public long Version { get; init; }

    public Challenge Apply(ChallengeEvent @event, DateTimeOffset now) => (State, @event) switch
    {
        (ChallengeState.Pending or ChallengeState.Approved, _) when now >= ExpiresAt
            => this with { State = new ChallengeState.Expired() },
        (ChallengeState.Pending, ChallengeEvent.Proven { Proof: var proof }) when proof.ChallengeId == Id
            => With(proof),
        (ChallengeState.Pending, ChallengeEvent.NumberRight) when !NumberTyped
            => AwaitsNumber is { } proof ? (this with { NumberTyped = true }).With(proof) : this with { NumberTyped = true },
        (ChallengeState.Pending, ChallengeEvent.Declined { Reported: var reported })
            => this with { State = new ChallengeState.Denied(reported ? DenialCause.Reported : DenialCause.Declined) },
        (ChallengeState.Pending, ChallengeEvent.WrongNumber) when WrongNumbers + 1 >= MaxWrongNumbers
            => this with { WrongNumbers = WrongNumbers + 1, State = new ChallengeState.Denied(DenialCause.WrongNumbers) },
        (ChallengeState.Pending, ChallengeEvent.WrongNumber)
            => this with { WrongNumbers = WrongNumbers + 1 },
        (ChallengeState.Pending or ChallengeState.Approved, ChallengeEvent.Cancelled { Cause: var cause })
            => this with { State = new ChallengeState.Cancelled(cause) },
        (ChallengeState.Pending or ChallengeState.Approved, ChallengeEvent.HoldEnded)
            => this with { CommandToken = null },
        (ChallengeState.Approved { Proof: var proof }, ChallengeEvent.Redeemed)
            => this with { State = new ChallengeState.Spent(proof) },
        _ => this, // every other pairing changes nothing: Denied, Expired, Cancelled and Spent are final
    };

    private Challenge With(FactorProof proof)
    {
        var whole = NumberTyped ? proof.WithNumber() : proof;
        return Requirement.IsSatisfiedBy(whole) ? this with { State = new ChallengeState.Approved(whole), AwaitsNumber = null }
            : AwaitsNumber is { } before && before.AuthenticatorId == proof.AuthenticatorId ? this
            : Requirement.IsSatisfiedBy(proof.WithNumber()) ? this with { AwaitsNumber = proof }
            : this;
    }
}
