using Countersign.Core.Identities;
using Countersign.Server.Enforcement;

namespace Countersign.Server.People;

internal sealed record TokenSummary(string Id, string Label, DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt, DateTimeOffset? LastUsedAt, string? LastUsedFrom);

/// <summary>What a credential proved: who, and with what.</summary>
internal sealed record AuthenticatedCredential(Principal Principal, GitCredential Credential)
{
    /// <summary>What goes on to the Git host that checked it; null for the gateway's own access tokens.</summary>
    public PassedCredential? Passed { get; init; }
}

/// <summary>Personal access tokens: <c>csn_</c> and 160 random bits in base32, stored as SHA-256, shown once.</summary>
internal interface IAccessTokens
{
    Task<Result<(TokenSummary Token, string Secret)>> AddAsync(PrincipalId owner, string label, int days, string actor, CancellationToken cancellation);

    Task<IReadOnlyList<TokenSummary>> ListAsync(PrincipalId owner, CancellationToken cancellation);

    Task<Result<TokenSummary>> RevokeAsync(PrincipalId owner, string id, string actor, CancellationToken cancellation);

    /// <summary>
    /// Who a token is; null when it is unknown, expired, revoked, its owner is disabled, or is not the named user. Quick and
    /// synchronous: called for every Git request. <paramref name="userName"/> is null for Bearer.
    /// </summary>
    AuthenticatedCredential? Authenticate(string? userName, string secret, ClientAddress from);

    /// <summary>Still good? Asked again after a hold. False once revoked, expired or the owner disabled.</summary>
    bool IsLive(PrincipalId owner, string credentialId);
}
