namespace Countersign.Server.People;

/// <summary>Something that is refused for a while, or until somebody lifts it.</summary>
/// <param name="Person">Whose, by canonical name; null where it is a network's, or where nobody has the name that was tried.</param>
/// <param name="What"><c>password</c>, <c>totp</c>, <c>duo</c>, <c>email</c>, <c>recovery</c>, <c>prompts</c>, <c>names</c>, <c>address</c>, <c>passkeys</c>, <c>denied</c>, <c>duo-begin</c> or <c>email-send</c>.</param>
/// <param name="Subject">The name or network that it is about.</param>
/// <param name="Since">When it began.</param>
/// <param name="Until">When it ends by itself; null when only a passkey or an administrator ends it.</param>
/// <param name="Attempts">How many led to it.</param>
/// <param name="About">For <c>denied</c> the command that nobody is asked about; else null.</param>
internal sealed record ActiveLock(string? Person, string What, string Subject, DateTimeOffset Since, DateTimeOffset? Until, int Attempts, string? About = null);

/// <param name="Hour">Its beginning, UTC.</param>
/// <param name="Failed">Wrong codes, passwords, passkeys and access tokens.</param>
/// <param name="Refused">Not even looked at, or not asked about.</param>
internal sealed record AttemptHour(DateTimeOffset Hour, int Failed, int Refused);

/// <param name="Locks">What is locked or paused now, newest first; at most 500.</param>
/// <param name="Hours">The last 24 hours, oldest first; the hour that runs is the last.</param>
internal sealed record LockReport(IReadOnlyList<ActiveLock> Locks, IReadOnlyList<AttemptHour> Hours);

/// <summary>What guarding against guesses and floods refuses at the moment, for administrators.</summary>
internal interface ILocks
{
    Task<LockReport> ReadAsync(CancellationToken cancellation);
}
