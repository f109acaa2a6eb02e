using Countersign.Server.Storage.Sqlite;

namespace Countersign.Server.Factors.Totp;

/// <summary>RFC 6238 section 5.2: a code is accepted once. The only place where a step is spent.</summary>
internal static class TotpSteps
{
    /// <summary>
    /// Spends the step; false when it or a later one was spent before, by whatever surface, before whatever restart, and
    /// whatever the clock says now.
    /// </summary>
    public static bool Spend(LedgerTransaction transaction, Guid authenticator, long step) =>
        transaction.Execute(
            """
            INSERT INTO totp_steps (authenticator, last_step) VALUES ($1, $2)
            ON CONFLICT (authenticator) DO UPDATE SET last_step = excluded.last_step WHERE last_step < excluded.last_step
            """,
            authenticator.ToString("N"),
            step) == 1;
}
