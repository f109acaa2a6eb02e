using Countersign.Core.Challenges;
using Countersign.Core.Identities;

namespace Countersign.Server.Enforcement;

/// <summary>What a person hands in to prove a factor. Exactly one of them is set.</summary>
/// <param name="Code">A one-time or recovery code as typed.</param>
/// <param name="AssertionJson">A WebAuthn <c>AuthenticationResponseJSON</c>.</param>
internal sealed record FactorInput(string? Code, string? AssertionJson);

/// <summary>
/// What a proof is asked for: approving one challenge, or stepping up a session. The digest is what the proof is bound to.
/// </summary>
/// <param name="Purpose">A stable word, part of every ceremony's key: <c>approve</c>, <c>sign-in</c>, <c>step-up</c>.</param>
/// <param name="Subject">The challenge's id, or the session's key.</param>
/// <param name="Digest">Hexadecimal SHA-256 of what is approved; "" where there is no operation.</param>
internal sealed record ProofPurpose(string Purpose, string Subject, string Digest)
{
    /// <summary>Whose address counts, where somebody else verifies the proof: of the command, or of the sign-in. Null where there is none.</summary>
    public ClientAddress? Client { get; init; }
}

internal enum FactorFailure
{
    None,

    /// <summary>The person has not set this factor up.</summary>
    NotSetUp,

    /// <summary>Wrong, malformed, expired, for something else, or spent already. Outside they all look the same.</summary>
    Refused,

    /// <summary>Too many failures: wait until <see cref="FactorResult.RetryAt"/>.</summary>
    Delayed,

    /// <summary>Locked after ten failures; a stronger factor or an administrator unlocks it.</summary>
    Locked,

    /// <summary>Whoever verifies it does not answer: nothing was verified, and no failure is counted.</summary>
    Unavailable,
}

/// <summary>Thrown by what verifies a code elsewhere when it could not be asked.</summary>
internal sealed class FactorUnavailableException(string message) : Exception(message);

/// <summary>What came of a proof; <see cref="Proven"/> is null unless <see cref="Failure"/> is None.</summary>
internal sealed record FactorResult(FactorFailure Failure, Proven? Proven = null, DateTimeOffset? RetryAt = null);

/// <summary>A verified and spent proof; becomes a <see cref="FactorProof"/> when it approves a challenge.</summary>
internal sealed record Proven(FactorKind Kind, Strength Strength, string Authenticator, string AuthenticatorId, Guid? Aaguid = null, string? Evidence = null)
{
    public RemoteAnswer? Remote { get; init; }

    public FactorProof For(ChallengeId challenge) =>
        new(challenge, Kind, Strength, Authenticator) { Aaguid = Aaguid, AuthenticatorId = AuthenticatorId, Evidence = Evidence, Remote = Remote };
}

/// <summary>One kind of second factor. Verifying spends: what may be used once is used up when this returns success.</summary>
internal interface IFactor
{
    FactorKind Kind { get; }

    Task<FactorResult> VerifyAsync(Principal principal, ProofPurpose purpose, FactorInput input, CancellationToken cancellation);
}
