using Countersign.Core.Challenges;
using Countersign.Core.Identities;

namespace Countersign.Server.Mail;

/// <summary>A mail on its way to the outbox.</summary>
/// <param name="Kind">What it is for.</param>
/// <param name="Person">Whom it concerns, for the audit log.</param>
/// <param name="Challenge">The request that it asks about: once that is settled, the mail is worth nothing. Null for a notice.</param>
/// <param name="Sealed">Address and message, sealed: they carry links.</param>
/// <param name="Expires">From then on it is worth nothing.</param>
internal sealed record OutboxMail(MailKind Kind, PrincipalId Person, ChallengeId? Challenge, byte[] Sealed, DateTimeOffset Expires);

/// <summary>A mail in the outbox.</summary>
/// <param name="Id">Grows.</param>
/// <param name="Attempts">How often it has been tried.</param>
internal sealed record WaitingMail(long Id, string Person, string? Challenge, byte[] Sealed, int Attempts, DateTimeOffset Expires);
