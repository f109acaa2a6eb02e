using Countersign.Core.Identities;
using Countersign.Server.People;

namespace Countersign.Server.Upstreams.Passed;

/// <summary>First factors of every kind: the gateway's own access tokens, SSH keys, and credentials that a Git host checks.</summary>
internal sealed class GitCredentials(IAccessTokens tokens, ISshKeys keys, ReportedCredentials reported)
{
    public static bool IsPassed(string credentialId) => credentialId.StartsWith(PassedFirstFactor.IdPrefix, StringComparison.Ordinal);

    /// <summary>Still good as far as the gateway can tell. A Git host checks its own again when the command is forwarded.</summary>
    public bool IsLive(PrincipalId owner, string credentialId) =>
        IsPassed(credentialId) ? !reported.Contains(credentialId)
        : SshKeyId.IsOne(credentialId) ? keys.IsLive(owner, credentialId)
        : tokens.IsLive(owner, credentialId);

    /// <summary>"This wasn't me": it opens nothing any more.</summary>
    public Task EndAsync(PrincipalId owner, string name, GitCredential credential) =>
        IsPassed(credential.Id) ? reported.AddAsync(owner, credential, name)
        : SshKeyId.IsOne(credential.Id) ? keys.ReportAsync(owner, credential.Id, name, CancellationToken.None)
        : tokens.RevokeAsync(owner, credential.Id, name, CancellationToken.None);
}
