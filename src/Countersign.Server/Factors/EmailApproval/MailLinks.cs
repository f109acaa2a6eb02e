using Countersign.Core.Challenges;
using Countersign.Core.Identities;
using Countersign.Server.People;
using Countersign.Server.Storage.Sqlite;

namespace Countersign.Server.Factors.EmailApproval;

/// <summary>What a link in a mail opens: one request, of one person.</summary>
internal sealed record MailLink(ChallengeId Challenge, PrincipalId Person);

/// <summary>
/// The tokens of links in mails: 256 bits, kept as a hash, bound to request and person, worth nothing once the request is over or
/// the token has proven something.
/// </summary>
internal sealed class MailLinks(Ledger ledger, TimeProvider clock)
{
    public const int TokenLength = 43;

    /// <summary>Stores the link of a mail that is being written.</summary>
    public void Add(LedgerTransaction transaction, string token, Challenge challenge)
    {
        transaction.Execute("DELETE FROM mail_links WHERE expires <= $1", Now);
        transaction.Execute(
            "INSERT INTO mail_links (hash, challenge, person, expires) VALUES ($1, $2, $3, $4)",
            HashOf(token), challenge.Id.Value, challenge.PrincipalId.ToString(), challenge.ExpiresAt.ToUnixTimeMilliseconds());
    }

    /// <summary>What the token opens now; null for what was never given out, is over, or was used. Changes nothing.</summary>
    public MailLink? Find(string? token) =>
        token is { Length: TokenLength }
        && ledger.Reads.Query(
            "SELECT challenge, person FROM mail_links WHERE hash = $1 AND expires > $2 AND spent IS NULL",
            static row => (row.GetString(0), row.GetString(1)),
            HashOf(token), Now) is [var (challenge, person)]
        && ChallengeId.TryParse(challenge, out var id)
        && Guid.TryParse(person, out var owner)
            ? new(id, new(owner))
            : null;

    /// <summary>Uses the token up, in favour of exactly this person and request; false when it is for something else or gone.</summary>
    public Task<bool> SpendAsync(string token, PrincipalId person, string challenge) => ledger.WriteAsync(transaction => transaction.Execute(
        "UPDATE mail_links SET spent = $4 WHERE hash = $1 AND challenge = $2 AND person = $3 AND expires > $4 AND spent IS NULL",
        HashOf(token), challenge, person.ToString(), Now) == 1);

    /// <summary>Links of before are worth nothing: the address, or what it may be used for, has changed.</summary>
    public Task EndAsync(PrincipalId person) => ledger.WriteAsync(transaction => transaction.Execute("DELETE FROM mail_links WHERE person = $1", person.ToString()));

    private static string HashOf(string token) => Convert.ToHexStringLower(StoredSecret.Hash(token));

    private long Now => clock.GetUtcNow().ToUnixTimeMilliseconds();
}
