using System.Security.Cryptography;
using Countersign.Core.Identities;
using Countersign.Server.Factors.SecurityKeySsh;
using Countersign.Server.Policies;
using Countersign.Server.Storage;

namespace Countersign.Server.People;

/// <summary>What every SSH sign-in and command asks, by prepared statements; changes are the <see cref="SshKeyRegister"/>'s.</summary>
internal sealed class SshKeys(
    SshKeyRegister register, AttestationChallenges challenges, DatabaseReader reader, PrincipalReader principals, LastUses uses, PolicyStore policies, TimeProvider clock) : ISshKeys
{
    private const string Good = """k."RemovedAt" IS NULL AND (k."ExpiresAt" IS NULL OR k."ExpiresAt" > $2) AND p."DisabledAt" IS NULL""";

    private const string ByHash = $"""
        SELECT k."Id", k."IsSecurityKey" FROM "SshKeys" k JOIN "AspNetUsers" p ON p."Id" = k."OwnerId" WHERE k."Hash" = $1 AND {Good}
        """;

    private const string ById = $"""
        SELECT {PrincipalQuery.Columns}, k."Label" FROM "SshKeys" k JOIN "AspNetUsers" p ON p."Id" = k."OwnerId" WHERE k."Id" = $1 AND {Good}
        """;

    private const string Live = $"""
        SELECT 1 FROM "SshKeys" k JOIN "AspNetUsers" p ON p."Id" = k."OwnerId" WHERE k."Id" = $1 AND {Good} AND k."OwnerId" = $3
        """;

    public Task<Result<SshKeySummary>> AddAsync(PrincipalId owner, string line, string? label, int? days, string actor, CancellationToken cancellation) =>
        register.AddAsync(new(owner, line, label, days), null, actor, cancellation);

    public Task<AttestationChallenge> MakeChallengeAsync(PrincipalId owner, CancellationToken cancellation) => challenges.MakeAsync(owner);

    public Task<Result<SshKeySummary>> AddAttestedAsync(
        PrincipalId owner, string line, ReadOnlyMemory<byte> attestation, string? label, int? days, string actor, CancellationToken cancellation) =>
        register.AddAsync(new(owner, line, label, days), attestation, actor, cancellation);

    public Task<IReadOnlyList<SshKeySummary>> ListAsync(PrincipalId owner, CancellationToken cancellation) => register.ListAsync(owner, cancellation);

    public Task<Result<SshKeySummary>> RemoveAsync(PrincipalId owner, string id, string actor, CancellationToken cancellation) =>
        register.RemoveAsync(owner, id, reported: false, actor, cancellation);

    public Task<Result<SshKeySummary>> ReportAsync(PrincipalId owner, string id, string actor, CancellationToken cancellation) =>
        register.RemoveAsync(owner, id, reported: true, actor, cancellation);

    public OfferedKey? Find(ReadOnlySpan<byte> blob)
    {
        var found = reader.First(ByHash, static row => new Found(row.GetGuid(0), row.GetBoolean(1)), SHA256.HashData(blob), Now());

        // NoTouchRequired is never set: a signature without a touch could be made by whatever runs on the machine.
        return found is null ? null : new(
            SshKeyId.Of(found.Key), found.IsSecurityKey,
            VerifyRequired: found.IsSecurityKey && policies.Current.SshSecurityKeys.VerifyRequired,
            NoTouchRequired: false);
    }

    public AuthenticatedCredential? Authenticate(string keyId, ClientAddress from)
    {
        if (!SshKeyId.TryParse(keyId, out var key)
            || reader.First(ById, row => new AuthenticatedCredential(principals.Read(row), new(keyId, row.GetString(PrincipalQuery.Count))), key, Now()) is not { } owner)
        {
            return null;
        }

        uses.OfSshKey(key, from);
        return owner;
    }

    public bool IsLive(PrincipalId owner, string credentialId) =>
        SshKeyId.TryParse(credentialId, out var key) && reader.First(Live, static _ => true, key, Now(), owner.Value);

    private long Now() => clock.GetUtcNow().ToUnixTimeMilliseconds();

    private sealed record Found(Guid Key, bool IsSecurityKey);
}
