using Countersign.Core.Identities;
using Countersign.Server.Factors.SecurityKeySsh;
using Countersign.Server.People;

namespace Countersign.Server.Tests.Transports.Ssh;

/// <summary>The product's keys, but each passes for a FIDO2 key with user verification. sshd asks that of real ones only, so ordinary ones sign in.</summary>
internal sealed class MarkedKeys(ISshKeys real) : ISshKeys
{
    public OfferedKey? Find(ReadOnlySpan<byte> blob) => real.Find(blob) is { } key ? key with { IsSecurityKey = true, VerifyRequired = true } : null;

    public Task<Result<SshKeySummary>> AddAsync(PrincipalId owner, string line, string? label, int? days, string actor, CancellationToken cancellation) =>
        real.AddAsync(owner, line, label, days, actor, cancellation);

    public Task<AttestationChallenge> MakeChallengeAsync(PrincipalId owner, CancellationToken cancellation) => real.MakeChallengeAsync(owner, cancellation);

    public Task<Result<SshKeySummary>> AddAttestedAsync(
        PrincipalId owner, string line, ReadOnlyMemory<byte> attestation, string? label, int? days, string actor, CancellationToken cancellation) =>
        real.AddAttestedAsync(owner, line, attestation, label, days, actor, cancellation);

    public Task<IReadOnlyList<SshKeySummary>> ListAsync(PrincipalId owner, CancellationToken cancellation) => real.ListAsync(owner, cancellation);

    public Task<Result<SshKeySummary>> RemoveAsync(PrincipalId owner, string id, string actor, CancellationToken cancellation) => real.RemoveAsync(owner, id, actor, cancellation);

    public Task<Result<SshKeySummary>> ReportAsync(PrincipalId owner, string id, string actor, CancellationToken cancellation) => real.ReportAsync(owner, id, actor, cancellation);

    public AuthenticatedCredential? Authenticate(string keyId, ClientAddress from) => real.Authenticate(keyId, from);

    public bool IsLive(PrincipalId owner, string credentialId) => real.IsLive(owner, credentialId);
}
