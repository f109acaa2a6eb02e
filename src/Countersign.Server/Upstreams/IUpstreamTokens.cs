using Countersign.Core.Identities;
using Countersign.Server.Enforcement;
using Countersign.Server.People;

namespace Countersign.Server.Upstreams;

/// <summary>A Git host that wants people's own credentials, and whether this person's is kept.</summary>
/// <param name="Upstream">Its name.</param>
/// <param name="Host">Where it is, for people.</param>
/// <param name="IsSet">A credential is kept, for the host at its present address.</param>
/// <param name="UserName">The name that goes with it; "" where it goes alone; null where none is kept.</param>
/// <param name="SetAt">When it was entered.</param>
internal sealed record UpstreamTokenSummary(string Upstream, string Host, bool IsSet, string? UserName, DateTimeOffset? SetAt);

/// <summary>
/// People's own credentials for Git hosts with <see cref="UpstreamCredentials.Passed"/>, for commands that bring none along: over
/// SSH there is no password to pass on. Sealed at rest, never shown again.
/// </summary>
internal interface IUpstreamTokens
{
    /// <summary>All hosts that want one, in the order of their names.</summary>
    Task<IReadOnlyList<UpstreamTokenSummary>> ListAsync(PrincipalId person, CancellationToken cancellation);

    /// <summary>Keeps it instead of the one of before. The host is asked first where it can say whose the token is.</summary>
    /// <param name="person">Whose.</param>
    /// <param name="upstream">The host's name.</param>
    /// <param name="userName">The name at the host, for Basic; null or "" sends the token as Bearer.</param>
    /// <param name="token">The token or password for the host.</param>
    /// <param name="client">From where it is entered: wrong ones are counted.</param>
    /// <param name="actor">For the audit log.</param>
    /// <param name="cancellation">Gives up before anything is kept.</param>
    Task<Result<UpstreamTokenSummary>> SetAsync(
        PrincipalId person, string upstream, string? userName, string token, ClientAddress client, string actor, CancellationToken cancellation);

    Task<Result<UpstreamTokenSummary>> RemoveAsync(PrincipalId person, string upstream, string actor, CancellationToken cancellation);

    /// <summary>For one command of this person to this host; null where none is kept, or it was kept for another address.</summary>
    PassedCredential? Find(PrincipalId person, string upstream);
}
