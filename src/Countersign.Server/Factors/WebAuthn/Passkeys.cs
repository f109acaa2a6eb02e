using Countersign.Core.Identities;
using Countersign.Core.WebAuthn;
using Countersign.Server.People;
using Countersign.Server.Storage;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;

namespace Countersign.Server.Factors.WebAuthn;

/// <summary>A stored passkey.</summary>
/// <param name="Id">Names it in addresses and the audit log.</param>
/// <param name="Person">Whose.</param>
/// <param name="Name">The owner's name for it.</param>
/// <param name="Record">The credential record.</param>
internal sealed record Passkey(Guid Id, PrincipalId Person, string Name, CredentialRecord Record);

/// <summary>Passkeys in Identity's own store, with our facts beside.</summary>
internal sealed class Passkeys(IDbContextFactory<GatewayDbContext> databases, IServiceScopeFactory scopes, TimeProvider clock)
{
    public static byte[] HandleOf(PrincipalId person) => person.Value.ToByteArray(bigEndian: true);

    public async Task<IReadOnlyList<Passkey>> OfAsync(PrincipalId person, CancellationToken cancellation)
    {
        await using var database = await databases.CreateDbContextAsync(cancellation);
        return await ReadAsync(database, database.PasskeyFacts.Where(row => row.PersonId == person.Value), cancellation);
    }

    public async Task<Passkey?> FindAsync(ReadOnlyMemory<byte> credentialId, CancellationToken cancellation)
    {
        var id = credentialId.ToArray();
        await using var database = await databases.CreateDbContextAsync(cancellation);
        return (await ReadAsync(database, database.PasskeyFacts.Where(row => row.CredentialId == id), cancellation)).SingleOrDefault();
    }

    /// <summary>Stores both halves in one transaction; false when the credential id is registered already, with whomever (7.1 step 27).</summary>
    public async Task<bool> AddAsync(Guid id, PrincipalId person, string name, CredentialRecord record, RegistrationResponse response)
    {
        await using var scope = scopes.CreateAsyncScope();
        var people = scope.ServiceProvider.GetRequiredService<UserManager<Person>>();
        var database = scope.ServiceProvider.GetRequiredService<GatewayDbContext>();
        var owner = await database.Users.SingleAsync(row => row.Id == person.Value);
        var credentialId = record.Id.ToArray();
        if (await people.FindByPasskeyIdAsync(credentialId) is not null)
        {
            return false;
        }

        await using var transaction = await database.Database.BeginTransactionAsync();
        try
        {
            var stored = await people.AddOrUpdatePasskeyAsync(owner, new(
                credentialId, record.PublicKey.ToArray(), clock.GetUtcNow(), record.SignCount, [.. record.Transports],
                record.UvInitialized, record.BackupEligible, record.BackupState, response.AttestationObject.ToArray(), response.ClientDataJson.ToArray())
            {
                Name = name,
            });
            if (!stored.Succeeded)
            {
                return false;
            }

            database.PasskeyFacts.Add(new()
            {
                Id = id, CredentialId = credentialId, PersonId = person.Value, Aaguid = record.Aaguid.Value, Algorithm = (int)record.Algorithm,
                AttestationFormat = record.Attestation.Format, AttestationType = record.Attestation.Type.ToString(),
                AttestationRoot = record.Attestation.RootSha256, IsHardwareAttested = record.Attestation.HardwareAttested,
            });
            await database.SaveChangesAsync();
            await transaction.CommitAsync();
            return true;
        }
        catch (DbUpdateException failure) when (Saving.IsTaken(failure))
        {
            return false;
        }
    }

    /// <summary>
    /// Stores what an assertion changed, only if the counter is still the one that it was verified against: of two that
    /// were verified against the same one, as from a copied authenticator, one is refused.
    /// </summary>
    public async Task<bool> AcceptAsync(Passkey verified, CredentialRecord after, CancellationToken cancellation)
    {
        var id = verified.Record.Id.ToArray();
        var (before, count, backedUp) = ((long)verified.Record.SignCount, (long)after.SignCount, after.BackupState ? "true" : "false");
        var now = clock.GetUtcNow();
        await using var database = await databases.CreateDbContextAsync(cancellation);
        await using var transaction = await database.Database.BeginTransactionAsync(cancellation);
        var stored = await database.Database.ExecuteSqlAsync(
            $"""
            UPDATE AspNetUserPasskeys SET Data = json_set(Data, '$.SignCount', {count}, '$.IsBackedUp', json({backedUp}))
            WHERE CredentialId = {id} AND json_extract(Data, '$.SignCount') = {before}
            """,
            cancellation);
        await database.PasskeyFacts.Where(row => row.CredentialId == id)
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.LastUsedAt, now), cancellation);
        if (stored != 1)
        {
            return false; // and the transaction rolls back
        }

        await transaction.CommitAsync(cancellation);
        return true;
    }

    /// <summary>Only the name: writing the whole record back could return the counter to what it was when it was read.</summary>
    public async Task RenameAsync(Guid id, string name)
    {
        await using var database = await databases.CreateDbContextAsync();
        await database.Database.ExecuteSqlAsync(
            $"""
            UPDATE AspNetUserPasskeys SET Data = json_set(Data, '$.Name', {name})
            WHERE CredentialId = (SELECT CredentialId FROM PasskeyFacts WHERE Id = {id})
            """);
    }

    private static async Task<IReadOnlyList<Passkey>> ReadAsync(GatewayDbContext database, IQueryable<PasskeyFacts> wanted, CancellationToken cancellation)
    {
        var rows = await (
            from facts in wanted
            join passkey in database.UserPasskeys on facts.CredentialId equals passkey.CredentialId
            select new { Facts = facts, Passkey = passkey }).AsNoTracking().ToListAsync(cancellation);
        return [.. rows.Select(row => new Passkey(row.Facts.Id, new(row.Facts.PersonId), row.Passkey.Data.Name ?? "passkey", RecordOf(row.Facts, row.Passkey.Data)))];
    }

    private static CredentialRecord RecordOf(PasskeyFacts facts, IdentityPasskeyData data) => new(
        facts.CredentialId,
        data.PublicKey,
        (CoseAlgorithm)facts.Algorithm,
        data.SignCount,
        data.IsUserVerified,
        data.Transports ?? [],
        data.IsBackupEligible,
        data.IsBackedUp,
        new(facts.Aaguid),
        new(facts.AttestationFormat, Enum.Parse<AttestationType>(facts.AttestationType), facts.AttestationRoot, facts.IsHardwareAttested));
}
