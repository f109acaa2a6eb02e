using System.Globalization;
using System.Security.Cryptography;
using Countersign.Core.Identities;
using Countersign.Core.SshKeys;
using Countersign.Server.Audit;
using Countersign.Server.Factors.SecurityKeySsh;
using Countersign.Server.Factors.WebAuthn;
using Countersign.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace Countersign.Server.People;

/// <summary>A key to be added, as typed.</summary>
/// <param name="Owner">For whom.</param>
/// <param name="Line">The <c>.pub</c> file's one line.</param>
/// <param name="Label">Null: the key's comment.</param>
/// <param name="Days">How long it works; null for no end.</param>
internal sealed record NewSshKey(PrincipalId Owner, string Line, string? Label, int? Days);

/// <summary>
/// Adds and removes SSH keys. A key is one person's, for ever: sshd tells us the key and nothing else, so a key of two people would
/// be whichever we found first, and a key that somebody gave up must not come back as somebody else.
/// </summary>
internal sealed class SshKeyRegister(
    IDbContextFactory<GatewayDbContext> databases, SshKeyAttestations attestations, AccessEndings endings, AuditTrail audit, INotices notices, TimeProvider clock) : IDisposable
{
    public const int MaxKeys = 50;
    public const int MaxDays = 3660;
    private const int MaxLabel = 100;

    // The same whether another person has it or had it, and without a word about whom.
    private static readonly Refusal Taken = new("key_taken", "This key cannot be added: it is or was used on this gateway. Make a new one with ssh-keygen, for this account alone.");

    // One at a time: of two who add one key at once, one is refused before an addition is recorded.
    private readonly SemaphoreSlim adding = new(1, 1);

    public async Task<Result<SshKeySummary>> AddAsync(NewSshKey typed, ReadOnlyMemory<byte>? attestation, string actor, CancellationToken cancellation)
    {
        if (!SshPublicKey.TryParse(typed.Line, out var key, out var fault))
        {
            return SshKeyWords.RefusalOf(fault);
        }

        if (typed.Days is < 1 or > MaxDays)
        {
            return new Refusal("bad_days", $"An SSH key works for 1 to {MaxDays} days, or without an end.");
        }

        if (LabelOf(typed.Label, key) is not { } label)
        {
            return new Refusal("bad_label", $"Give the SSH key a label of 1 to {MaxLabel} printable characters.");
        }

        await adding.WaitAsync(cancellation);
        try
        {
            return await AddAsync(typed, key, label, attestation, actor, cancellation);
        }
        finally
        {
            adding.Release();
        }
    }

    public void Dispose() => adding.Dispose();

    private async Task<Result<SshKeySummary>> AddAsync(
        NewSshKey typed, SshPublicKey key, string label, ReadOnlyMemory<byte>? attestation, string actor, CancellationToken cancellation)
    {
        await using var database = await databases.CreateDbContextAsync(cancellation);
        if (!await database.Users.AnyAsync(person => person.Id == typed.Owner.Value && person.DisabledAt == null, cancellation))
        {
            return Refusals.NoSuchPerson;
        }

        var hash = SHA256.HashData(key.Blob.Span);
        var now = clock.GetUtcNow();
        var before = await database.SshKeys.SingleOrDefaultAsync(row => row.Hash == hash, cancellation);
        if (WhyNot(before, typed.Owner, now) is { } refusal)
        {
            return refusal;
        }

        if (await database.SshKeys.CountAsync(row => row.OwnerId == typed.Owner.Value && row.RemovedAt == null, cancellation) >= MaxKeys)
        {
            return new Refusal("too_many", $"A person has at most {MaxKeys} SSH keys. Remove one that is not used any more.");
        }

        var attested = attestation is { } file ? await attestations.VerifyAsync(typed.Owner, key, file) : default;
        if (attested.Refusal is { } wrong)
        {
            return wrong;
        }

        var added = new SshKeyRow
        {
            Id = Guid.NewGuid(), OwnerId = typed.Owner.Value, Label = label, Type = key.Type.Name(), IsSecurityKey = key.Type.IsSecurityKey(),
            Blob = key.Blob.ToArray(), Hash = hash, CreatedAt = now, ExpiresAt = typed.Days is { } days ? now.AddDays(days) : null,
            Aaguid = attested.Value?.Aaguid, AttestationRoot = attested.Value?.Root,
        };
        return await StoreAsync(database, before, added, actor) ? Summary(added) : Taken;
    }

    public async Task<IReadOnlyList<SshKeySummary>> ListAsync(PrincipalId owner, CancellationToken cancellation)
    {
        await using var database = await databases.CreateDbContextAsync(cancellation);
        var rows = await database.SshKeys.AsNoTracking()
            .Where(row => row.OwnerId == owner.Value && row.RemovedAt == null)
            .OrderByDescending(row => row.CreatedAt)
            .ToListAsync(cancellation);
        return [.. rows.Select(Summary)];
    }

    public async Task<Result<SshKeySummary>> RemoveAsync(PrincipalId owner, string id, bool reported, string actor, CancellationToken cancellation)
    {
        await using var database = await databases.CreateDbContextAsync(cancellation);
        var row = SshKeyId.TryParse(id, out var key)
            ? await database.SshKeys.SingleOrDefaultAsync(found => found.Id == key && found.OwnerId == owner.Value && (found.RemovedAt == null || (reported && !found.IsReported)), cancellation)
            : null;
        if (row is null)
        {
            return new Refusal("no_such_key", "There is no such SSH key.");
        }

        await audit.RecordAsync(
            AuditTypes.SshKeyRemoved, actor,
            ("person_id", owner.ToString()), ("key_id", id), ("label", row.Label), ("fingerprint", Fingerprint(row)), ("reported", reported ? "true" : "false"));
        row.RemovedAt ??= clock.GetUtcNow();
        row.IsReported |= reported;
        await database.SaveChangesAsync(CancellationToken.None);
        endings.Raise(new(owner, id));
        await notices.TellAsync(owner, News.Of(AuditTypes.SshKeyRemoved, ("label", row.Label)), CancellationToken.None);
        return Summary(row);
    }

    private static Refusal? WhyNot(SshKeyRow? before, PrincipalId owner, DateTimeOffset now) => before switch
    {
        null => null,
        _ when before.OwnerId != owner.Value => Taken,
        { IsReported: true } => new("key_reported", "You reported that somebody else used this key, so it stays out. Make a new one with ssh-keygen."),
        { RemovedAt: null } when !(before.ExpiresAt <= now) => new("key_there_already", $"You have this key already, as \"{before.Label}\"."),
        _ => null, // one's own, removed or expired: it comes back under a new id, so that nothing of before comes back with it
    };

    private async Task<bool> StoreAsync(GatewayDbContext database, SshKeyRow? before, SshKeyRow added, string actor)
    {
        await audit.RecordAsync(
            AuditTypes.SshKeyAdded, actor,
            ("person_id", new PrincipalId(added.OwnerId).ToString()), ("key_id", SshKeyId.Of(added.Id)), ("label", added.Label), ("type", added.Type),
            ("fingerprint", Fingerprint(added)), ("expires", added.ExpiresAt?.ToString("O", CultureInfo.InvariantCulture) ?? ""), ("aaguid", added.Aaguid?.ToString() ?? ""));
        await using (var transaction = await database.Database.BeginTransactionAsync(CancellationToken.None))
        {
            if (before is not null)
            {
                database.SshKeys.Remove(before);
                await database.SaveChangesAsync(CancellationToken.None);
            }

            database.SshKeys.Add(added);
            if (!await database.TrySaveAsync())
            {
                return false;
            }

            await transaction.CommitAsync(CancellationToken.None);
        }

        var told = News.Of(AuditTypes.SshKeyAdded, ("label", added.Label), ("type", SshKeyWords.Of(added.Type)), ("fingerprint", Fingerprint(added)));
        await notices.TellAsync(new(added.OwnerId), told, CancellationToken.None);
        return true;
    }

    // A comment is whatever its writer liked: it serves as label only where it could have been typed as one.
    private static string? LabelOf(string? typed, SshPublicKey key) =>
        !string.IsNullOrWhiteSpace(typed) ? (Label.TryParse(typed, MaxLabel, out var label) ? label : null)
        : Label.TryParse(key.Comment, MaxLabel, out var comment) ? comment
        : SshKeyWords.Of(key.Type.Name());

    private static string Fingerprint(SshKeyRow row) => $"SHA256:{Convert.ToBase64String(row.Hash).TrimEnd('=')}";

    private static SshKeySummary Summary(SshKeyRow row) => new(
        SshKeyId.Of(row.Id), row.Label, row.Type, Fingerprint(row), row.CreatedAt, row.ExpiresAt, row.LastUsedAt, row.LastUsedFrom)
    {
        AttestedModel = row.Aaguid is { } model ? AuthenticatorModels.NameOf(model) ?? model.ToString() : null,
    };
}
