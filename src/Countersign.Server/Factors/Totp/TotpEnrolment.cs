using System.Security.Cryptography;
using System.Text;
using Countersign.Core.Challenges;
using Countersign.Core.Identities;
using Countersign.Server.Audit;
using Countersign.Server.People;
using Countersign.Server.Storage;
using Countersign.Server.Storage.Sqlite;
using Microsoft.EntityFrameworkCore;

namespace Countersign.Server.Factors.Totp;

/// <summary>Sets up authenticator apps.</summary>
internal sealed class TotpEnrolment(
    IDbContextFactory<GatewayDbContext> databases, TotpSecrets secrets, Ledger ledger, AuditTrail audit, TimeProvider clock)
{
    private const int MaxApps = 5;
    private static readonly TimeSpan PendingFor = TimeSpan.FromMinutes(30);
    private static readonly Refusal WrongCode = new("refused", "That code did not match. Check that the phone's clock is right, then type the code that shows now.");

    /// <summary>Draws a secret that counts only once a code of it has been seen; replaces one begun before.</summary>
    public async Task<(string OtpauthUri, string Secret)> BeginAsync(Principal person, CancellationToken cancellation)
    {
        var secret = TotpSecrets.Draw();
        await using var database = await databases.CreateDbContextAsync(cancellation);
        await using var transaction = await database.Database.BeginTransactionAsync(cancellation);
        await database.TotpAuthenticators.Where(row => row.PersonId == person.Id.Value && row.ConfirmedAt == null).ExecuteDeleteAsync(cancellation);
        database.TotpAuthenticators.Add(Row(person.Id, secret, confirmedAt: null));
        await database.SaveChangesAsync(cancellation);
        await transaction.CommitAsync(cancellation);
        return (secrets.Uri(person.Name, secret), Base32.Encode(secret));
    }

    /// <summary>The code that confirms is spent by it: it approves nothing afterwards.</summary>
    public async Task<Result<Guid>> ConfirmAsync(Principal person, string code, string name, string actor, CancellationToken cancellation)
    {
        var now = clock.GetUtcNow();
        await using var database = await databases.CreateDbContextAsync(cancellation);
        var pending = await database.TotpAuthenticators.SingleOrDefaultAsync(
            row => row.PersonId == person.Id.Value && row.ConfirmedAt == null && row.CreatedAt > now - PendingFor, cancellation);
        if (pending is null)
        {
            return new Refusal("not_begun", "Start adding the authenticator app again.");
        }

        if (await database.TotpAuthenticators.CountAsync(row => row.PersonId == person.Id.Value && row.ConfirmedAt != null, cancellation) >= MaxApps)
        {
            return new Refusal("too_many", $"A person has at most {MaxApps} authenticator apps.");
        }

        var added = audit.Event(
            AuditTypes.FactorAdded, actor, ("person_id", person.Id.ToString()), ("factor", nameof(FactorKind.Totp)), ("factor_id", pending.Id.ToString("N")), ("name", name));
        if (StepOf(pending, code, OneTimeCode.StepAt(now)) is not { } step || !await ledger.WriteAsync(transaction => SpendAndRecord(transaction, pending.Id, step, added)))
        {
            return WrongCode;
        }

        (pending.Name, pending.ConfirmedAt) = (name, now);
        await database.SaveChangesAsync(CancellationToken.None);
        return pending.Id;
    }

    /// <summary>For the command line: counts at once. Returns what the QR picture holds.</summary>
    public async Task<string> AddAsync(Principal person, string actor, CancellationToken cancellation)
    {
        var secret = TotpSecrets.Draw();
        var row = Row(person.Id, secret, clock.GetUtcNow());
        await audit.RecordAsync(
            AuditTypes.FactorAdded, actor, ("person_id", person.Id.ToString()), ("factor", nameof(FactorKind.Totp)), ("factor_id", row.Id.ToString("N")), ("name", row.Name));
        await using var database = await databases.CreateDbContextAsync(cancellation);
        database.TotpAuthenticators.Add(row);
        await database.SaveChangesAsync(CancellationToken.None);
        return secrets.Uri(person.Name, secret);
    }

    private TotpRow Row(PrincipalId person, byte[] secret, DateTimeOffset? confirmedAt) => new()
    {
        Id = Guid.NewGuid(), PersonId = person.Value, Name = "authenticator app", SealedSecret = secrets.Seal(secret), CreatedAt = clock.GetUtcNow(), ConfirmedAt = confirmedAt,
    };

    private long? StepOf(TotpRow pending, string code, long now)
    {
        if (!OneTimeCode.IsWellFormed(code))
        {
            return null;
        }

        var (secret, typed) = (secrets.Open(pending.SealedSecret), Encoding.ASCII.GetBytes(code));
        return CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(OneTimeCode.At(secret, now)), typed) ? now
            : CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(OneTimeCode.At(secret, now - 1)), typed) ? now - 1
            : null;
    }

    private static bool SpendAndRecord(LedgerTransaction transaction, Guid authenticator, long step, Core.Audit.AuditEvent added)
    {
        var spent = TotpSteps.Spend(transaction, authenticator, step);
        if (spent)
        {
            transaction.Append(added);
        }

        return spent;
    }
}
