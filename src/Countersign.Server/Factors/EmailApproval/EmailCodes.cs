using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Countersign.Core.Challenges;
using Countersign.Core.Identities;
using Countersign.Server.Enforcement;
using Countersign.Server.Factors.Totp;
using Countersign.Server.Mail;
using Countersign.Server.People;
using Countersign.Server.Storage.Sqlite;
using Microsoft.AspNetCore.DataProtection;

namespace Countersign.Server.Factors.EmailApproval;

/// <summary>What a code by mail is for: it serves nothing else.</summary>
internal enum EmailPurpose
{
    /// <summary>To approve by mail to the address that the person has.</summary>
    Approval,

    /// <summary>To take another address.</summary>
    Address,
}

/// <summary>
/// Six digits to an address show that a person reads there. One code at a time for each purpose, ten minutes, used once; wrong ones
/// are delayed and lock by person; sending is delayed too: nobody's mailbox is filled from here.
/// </summary>
internal sealed class EmailCodes(
    Ledger ledger, IDataProtectionProvider protection, Throttles throttles, GuardedAttempts attempts, IPeople people, AccountMail mail, TimeProvider clock)
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);
    private static readonly Refusal Wrong = new("wrong_code", "That is not the code in the mail, or it is too old. Check the newest mail, or have another one sent.");
    private readonly IDataProtector protector = protection.CreateProtector("Countersign.EmailCode.v1");

    public async Task<Refusal?> SendAsync(PrincipalId person, EmailPurpose purpose, string address)
    {
        if (await throttles.ReserveAsync(ThrottleRule.EmailSend(person)) is { Allowed: false, RetryAt: var retryAt })
        {
            return Later(retryAt, "Several codes were sent already.");
        }

        var code = RandomNumberGenerator.GetInt32(1_000_000).ToString("D6", CultureInfo.InvariantCulture);
        var (id, now) = (KeyOf(person, purpose), clock.GetUtcNow());
        var body = Convert.ToBase64String(protector.Protect(JsonSerializer.SerializeToUtf8Bytes(new Kept(code, address))));
        await ledger.WriteAsync(transaction => transaction.Execute(
            """
            INSERT INTO ceremonies (id, purpose, subject, principal, body, expires) VALUES ($1, 'email-code', '', $2, $3, $4)
            ON CONFLICT (id) DO UPDATE SET body = excluded.body, expires = excluded.expires
            """,
            id, person.ToString(), body, (now + Lifetime).ToUnixTimeMilliseconds()));
        var what = purpose is EmailPurpose.Approval ? "to approve requests by email" : "to make this your email address";
        return await mail.SendCodeAsync(person, address, code, what, Lifetime)
            ? null
            : new("mail_not_sent", "No mail can be sent to that address. Check it, or ask an administrator whether this gateway sends mail.");
    }

    /// <summary>
    /// The address that the code was sent to; the code is used up. However many guess at once, no more are looked at than the
    /// throttle allows; wrong ones are recorded and the tenth locks, like those of an authenticator app.
    /// </summary>
    public async Task<Result<string>> TakeAsync(PrincipalId person, EmailPurpose purpose, string code)
    {
        if (!OneTimeCode.IsWellFormed(code))
        {
            return Wrong; // costs no try
        }

        if (people.FindPrincipal(person) is not { } principal)
        {
            return Refusals.NoSuchPerson;
        }

        var subject = purpose is EmailPurpose.Approval ? "email-approval" : "email-address";
        var result = await attempts.RunAsync(principal, FactorKind.EmailApproval, ThrottleRule.EmailCode(person), new("register", subject, ""), async settle =>
        {
            string? address = null;
            return await settle(transaction => (address = Take(transaction, person, purpose, code)) is not null)
                ? new(FactorKind.EmailApproval, Strength.Basic, address!, person.Value.ToString("N"))
                : null;
        });
        return result switch
        {
            { Proven: { } proven } => proven.Authenticator,
            { Failure: FactorFailure.Locked } => Refusals.Locked,
            { Failure: FactorFailure.Delayed } => Later(result.RetryAt, "Too many wrong codes."),
            _ => Wrong,
        };
    }

    /// <summary>Compares and uses up in one transaction. Null when it is not the code.</summary>
    private string? Take(LedgerTransaction transaction, PrincipalId person, EmailPurpose purpose, string code)
    {
        var id = KeyOf(person, purpose);
        if (transaction.QueryFirst(
                "SELECT body FROM ceremonies WHERE id = $1 AND expires > $2", static row => row.GetString(0), id, clock.GetUtcNow().ToUnixTimeMilliseconds()) is not { } body
            || JsonSerializer.Deserialize<Kept>(protector.Unprotect(Convert.FromBase64String(body))) is not { } kept
            || !CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(kept.Code), Encoding.ASCII.GetBytes(code)))
        {
            return null;
        }

        transaction.Execute("DELETE FROM ceremonies WHERE id = $1", id);
        return kept.Address;
    }

    private Refusal Later(DateTimeOffset? retryAt, string why)
    {
        var wait = retryAt - clock.GetUtcNow() is { } left && left > TimeSpan.Zero ? left : TimeSpan.FromSeconds(1);
        return new("delayed", $"{why} Wait {Math.Ceiling(wait.TotalSeconds):0} s, then try again.", wait);
    }

    private static string KeyOf(PrincipalId person, EmailPurpose purpose) => $"email-code:{purpose}:{person}";

    private sealed record Kept(string Code, string Address);
}
