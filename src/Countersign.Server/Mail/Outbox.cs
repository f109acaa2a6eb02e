using System.Globalization;
using System.Text.Json;
using System.Threading.Channels;
using Countersign.Core.Challenges;
using Countersign.Server.Audit;
using Countersign.Server.People;
using Countersign.Server.Storage.Sqlite;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Options;

namespace Countersign.Server.Mail;

/// <summary>
/// Mails that wait to be sent, in the ledger: what was put in is sent, whatever restarts. Each person has room for so many of a
/// kind: who floods it loses their own mail first, and what others can send in numbers crowds out nothing else.
/// </summary>
internal sealed class Outbox(Ledger ledger, IDataProtectionProvider protection, AuditTrail audit, IOptions<MailOptions> options, TimeProvider clock)
{
    /// <summary>Of one kind, of all people.</summary>
    public const int Most = 10_000;

    /// <summary>Of one kind.</summary>
    public const int MostOfAPerson = 50;

    private readonly IDataProtector protector = protection.CreateProtector("Countersign.Outbox.v1");
    private readonly Channel<bool> news = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>Has something after each mail that came in.</summary>
    public ChannelReader<bool> News => news.Reader;

    public bool IsOpen => MailSettings.SendMail(options.Value);

    /// <summary>Writes the mail and seals it. Null when the address cannot be written to.</summary>
    public byte[]? Seal(string address, OutgoingMail mail) =>
        Mailbox.TryParse(address, out var to) && Mailbox.TryParse(options.Value.From, out var from)
            ? protector.Protect(JsonSerializer.SerializeToUtf8Bytes(new Content(to.Address, MimeText.Write(from, to, mail, clock.GetUtcNow()))))
            : null;

    /// <summary>Throws <see cref="System.Security.Cryptography.CryptographicException"/> or <see cref="JsonException"/> for what was not sealed here.</summary>
    public (string To, byte[] Message) Open(WaitingMail mail) =>
        JsonSerializer.Deserialize<Content>(protector.Unprotect(mail.Sealed)) is { } content ? (content.To, content.Message) : throw new JsonException("nothing in it");

    /// <summary>Its id; null when there is no room. Call <see cref="Wake"/> once the transaction is durable.</summary>
    public long? Add(LedgerTransaction transaction, OutboxMail mail)
    {
        var room = mail.Kind is MailKind.More ? 1 : MostOfAPerson;
        return transaction.QueryFirst<long?>(
            """
            INSERT INTO outbox (kind, person, challenge, body, created, next_attempt, expires) SELECT $8, $1, $2, $3, $4, $4, $5
            WHERE (SELECT count(*) FROM outbox WHERE kind = $8) < $6 AND (SELECT count(*) FROM outbox WHERE kind = $8 AND person = $1) < $7
            RETURNING id
            """,
            static row => row.GetInt64(0),
            mail.Person.ToString(), mail.Challenge?.Value, mail.Sealed, Now, mail.Expires.ToUnixTimeMilliseconds(), Most, room, (int)mail.Kind);
    }

    public async Task<bool> AddAsync(OutboxMail mail)
    {
        var added = await ledger.WriteAsync(transaction => Add(transaction, mail) is not null);
        Wake();
        return added;
    }

    public void Wake() => news.Writer.TryWrite(true);

    /// <summary>What is due, the most urgent kind first, and of a kind those that were tried least: one that fails for ever keeps nobody waiting.</summary>
    public IReadOnlyList<WaitingMail> Due(int most) => ledger.Reads.Query(
        """
        SELECT id, person, challenge, body, attempts, expires FROM outbox WHERE id IN
            (SELECT id FROM outbox WHERE next_attempt <= $1 OR next_attempt > $1 + $3 ORDER BY kind, attempts, id LIMIT $2)
        ORDER BY kind, attempts, id
        """, // further off than anything is put off: the clock was set back
        static row => new WaitingMail(
            row.GetInt64(0), row.GetString(1), row.IsDBNull(2) ? null : row.GetString(2), row.GetFieldValue<byte[]>(3), row.GetInt32(4),
            DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(5))),
        Now, most, (long)MailSender.LongestPause.TotalMilliseconds);

    /// <summary>When the next one is due; null when there is none but those that are on their way.</summary>
    public DateTimeOffset? NextDue(IReadOnlyCollection<long> onTheirWay) =>
        ledger.Reads.Query(
            "SELECT id, next_attempt FROM outbox ORDER BY next_attempt LIMIT $1", static row => (Id: row.GetInt64(0), At: row.GetInt64(1)), onTheirWay.Count + 1)
            .Where(row => !onTheirWay.Contains(row.Id)).Select(row => (DateTimeOffset?)DateTimeOffset.FromUnixTimeMilliseconds(row.At)).FirstOrDefault();

    public int Count() => ledger.Reads.Query("SELECT count(*) FROM outbox", static row => row.GetInt32(0))[0];

    /// <summary>True while somebody may still answer it.</summary>
    public bool IsWanted(WaitingMail mail) => mail.Challenge is null || (ChallengeId.TryParse(mail.Challenge, out var id) && ChallengeTable.IsPending(ledger.Reads, id));

    public Task RemoveAsync(WaitingMail mail) => ledger.WriteAsync(transaction => transaction.Execute("DELETE FROM outbox WHERE id = $1", mail.Id));

    public Task PostponeAsync(WaitingMail mail, DateTimeOffset until, string why) => ledger.WriteAsync(transaction => transaction.Execute(
        "UPDATE outbox SET attempts = attempts + 1, next_attempt = $2, last_error = $3 WHERE id = $1", mail.Id, until.ToUnixTimeMilliseconds(), why));

    /// <summary>It will never arrive: gone, with a record that says so.</summary>
    public Task DropAsync(WaitingMail mail, string why)
    {
        List<(string, string)> facts = [("person_id", mail.Person), ("why", why), ("attempts", (mail.Attempts + 1).ToString(CultureInfo.InvariantCulture))];
        if (mail.Challenge is { } challenge)
        {
            facts.Add(("challenge", challenge));
        }

        var dropped = audit.Event(AuditTypes.MailDropped, "system", [.. facts]);
        return ledger.WriteAsync(transaction =>
        {
            transaction.Append(dropped);
            return transaction.Execute("DELETE FROM outbox WHERE id = $1", mail.Id);
        });
    }

    private long Now => clock.GetUtcNow().ToUnixTimeMilliseconds();

    private sealed record Content(string To, byte[] Message);
}
