using Countersign.Core.Challenges;
using Countersign.Core.Identities;

namespace Countersign.Server.Mail;

/// <summary>A mail on its way to the outbox.</summary>
/// <param name="Person">Whom it concerns, for the audit log.</param>
/// <param name="Challenge">The request that it asks about: once that is settled, the mail is worth nothing. Null for a notice.</param>
/// <param name="Sealed">Address and message, sealed: they carry links.</param>
/// <param name="Expires">From then on it is worth nothing.</param>
internal sealed record OutboxMail(PrincipalId Person, ChallengeId? Challenge, byte[] Sealed, DateTimeOffset Expires)
{
    /// <summary>Not counted against the person: others can fill that, and this one must not be kept from them.</summary>
    public bool IsExempt { get; init; }
}

/// <summary>A mail in the outbox.</summary>
/// <param name="Id">Grows.</param>
/// <param name="Attempts">How often it has been tried.</param>
internal sealed record WaitingMail(long Id, string Person, string? Challenge, byte[] Sealed, int Attempts, DateTimeOffset Expires);
