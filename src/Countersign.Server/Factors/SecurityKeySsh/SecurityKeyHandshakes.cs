using Countersign.Core.Challenges;
using Countersign.Core.Policies;
using Countersign.Server.Audit;
using Countersign.Server.Enforcement;
using Countersign.Server.Factors.WebAuthn;
using Countersign.Server.People;
using Countersign.Server.Policies;
using Countersign.Server.Storage;
using Countersign.Server.Storage.Sqlite;

namespace Countersign.Server.Factors.SecurityKeySsh;

/// <summary>
/// Signing in over SSH with a FIDO2 key as second factor: no prompt and no wait. The proof of one connection approves one request,
/// once, in the transaction that creates, approves and redeems it; the next command of the connection is asked like any other.
/// </summary>
internal sealed class SecurityKeyHandshakes(
    ChallengeOpenings openings, DatabaseReader reader, Ledger ledger, PolicyStore policies, PasskeyPolicy models, AuditTrail audit)
{
    private const string Kind = "ssh-handshake";

    // A sign-in is of use for an hour at most; what was spent is remembered for so long that a clock may be wrong by weeks.
    private static readonly TimeSpan Kept = TimeSpan.FromDays(30);

    private const string Facts = """
        SELECT k."Aaguid", k."AttestationRoot" FROM "SshKeys" k WHERE k."Id" = $1 AND k."OwnerId" = $2 AND k."IsSecurityKey"
        """;

    /// <summary>What the request's connection proved; null where no FIDO2 key signed, or one of a revoked model did.</summary>
    public HandshakeProof? Of(CommandRequest request)
    {
        // What the key is comes from what was stored when it was added, never from what a connection says of it.
        if (request.Handshake is not { } handshake
            || !SshKeyId.TryParse(request.Credential.Id, out var key)
            || reader.First(Facts, static row => new Stored(row.IsDBNull(0) ? null : row.GetGuid(0), !row.IsDBNull(1)), key, request.PrincipalId.Value) is not { } stored
            || (stored.Model is { } model && models.Trust.Revoked.Contains(new(model))))
        {
            return null;
        }

        var isSpent = ledger.Reads.Query(
            "SELECT 1 FROM spent WHERE kind = $1 AND owner = $2 AND value = $3", static _ => true, Kind, request.Credential.Id, handshake.Connection).Count > 0;
        return new(handshake.UserVerified, stored.IsAttested, stored.Model) { SignedInAt = handshake.SignedInAt, IsSpent = isSpent };
    }

    /// <summary>Approves the request by it; null when it is not worth that under the policy of now, or another command was first.</summary>
    public async Task<Challenge?> ApproveAsync(CommandRequest request, Decision.StepUp owed)
    {
        if (Of(request) is not { IsSpent: false } proof
            || policies.Current.SshSecurityKeys.Worth(proof) is not { } strength
            || !policies.Current.SshSecurityKeys.Satisfies(owed.Requirement, proof))
        {
            return null;
        }

        return await openings.ApproveAtOnceAsync(
            request,
            owed,
            id => new(id, FactorKind.SecurityKeySsh, strength, request.Credential.Label) { Aaguid = proof.Aaguid, AuthenticatorId = request.Credential.Id },
            (transaction, id) => Spend(transaction, request, Spent(request, id)));
    }

    private static bool Spend(LedgerTransaction transaction, CommandRequest request, Core.Audit.AuditEvent record)
    {
        transaction.Execute(
            "DELETE FROM spent WHERE kind = $1 AND owner = $2 AND at < $3", Kind, request.Credential.Id, (record.Time - Kept).ToUnixTimeMilliseconds());
        return SpentOnce.Spend(transaction, Kind, request.Credential.Id, request.Handshake!.Connection, record);
    }

    private Core.Audit.AuditEvent Spent(CommandRequest request, ChallengeId challenge) => audit.Event(
        AuditTypes.SshKeyProofSpent, request.PrincipalName,
        ("person_id", request.PrincipalId.ToString()), ("key_id", request.Credential.Id), ("connection", request.Handshake!.Connection), ("challenge", challenge.Value));

    private sealed record Stored(Guid? Model, bool IsAttested);
}
