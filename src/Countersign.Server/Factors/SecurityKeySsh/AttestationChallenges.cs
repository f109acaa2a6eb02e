using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Countersign.Core.Identities;
using Countersign.Server.Storage.Sqlite;

namespace Countersign.Server.Factors.SecurityKeySsh;

/// <summary>A challenge for <c>ssh-keygen -O challenge=FILE</c>.</summary>
/// <param name="Text">One line of base64url. The file is this line and a line feed, so that whatever writes it (a browser, a shell, an editor) writes the same bytes.</param>
/// <param name="ExpiresAt">Then it is worth nothing.</param>
internal sealed record AttestationChallenge(string Text, DateTimeOffset ExpiresAt)
{
    /// <summary>The file's content: what the security key signs.</summary>
    public byte[] File => Encoding.ASCII.GetBytes($"{Text}\n");
}

/// <summary>
/// Challenges in the ledger, beside those of WebAuthn: 256 random bits, for one person, for an hour, taken once. They keep an
/// attestation that was made once, perhaps for somebody else, from being shown here again.
/// </summary>
internal sealed class AttestationChallenges(Ledger ledger, TimeProvider clock)
{
    /// <summary>Open ones of a person; the oldest go first.</summary>
    public const int MaxOpen = 5;

    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);

    private const string Purpose = "ssh-attestation";

    public async Task<AttestationChallenge> MakeAsync(PrincipalId person)
    {
        var now = clock.GetUtcNow();
        var challenge = new AttestationChallenge(Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32)), now + Lifetime);
        await ledger.WriteAsync(transaction =>
        {
            transaction.Execute("DELETE FROM ceremonies WHERE expires <= $1", now.ToUnixTimeMilliseconds());
            transaction.Execute(
                "INSERT INTO ceremonies (id, purpose, subject, principal, body, expires) VALUES ($1, $2, '', $3, '', $4)",
                challenge.Text, Purpose, person.ToString(), challenge.ExpiresAt.ToUnixTimeMilliseconds());
            return transaction.Execute(
                """
                DELETE FROM ceremonies WHERE id IN
                    (SELECT id FROM ceremonies WHERE purpose = $1 AND principal = $2 ORDER BY expires DESC, rowid DESC LIMIT -1 OFFSET $3)
                """,
                Purpose, person.ToString(), MaxOpen);
        });
        return challenge;
    }

    public IReadOnlyList<AttestationChallenge> OpenOf(PrincipalId person) => ledger.Reads.Query(
        "SELECT id, expires FROM ceremonies WHERE purpose = $1 AND principal = $2 AND expires > $3",
        static row => new AttestationChallenge(row.GetString(0), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(1))),
        Purpose, person.ToString(), clock.GetUtcNow().ToUnixTimeMilliseconds());

    /// <summary>Takes it; false when somebody took it first, or its time is over.</summary>
    public Task<bool> TakeAsync(PrincipalId person, AttestationChallenge challenge)
    {
        var now = clock.GetUtcNow().ToUnixTimeMilliseconds();
        return ledger.WriteAsync(transaction => transaction.Execute(
            "DELETE FROM ceremonies WHERE id = $1 AND purpose = $2 AND principal = $3 AND expires > $4", challenge.Text, Purpose, person.ToString(), now) == 1);
    }
}
