using Countersign.Core.Identities;
using Countersign.Core.Policies;

namespace Countersign.Server.Storage;

internal sealed class WorkspaceRow
{
    /// <summary>The canonical key, upper case.</summary>
    public required string Key { get; init; }

    public Mode? Mode { get; set; }

    /// <summary>The Git host that has its repositories; null for this machine.</summary>
    public string? UpstreamName { get; set; }

    /// <summary>The folder of its repositories there, as the host spells it, without outer slashes; "" for none. Null for this machine.</summary>
    public string? UpstreamPath { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }
}

internal sealed class MembershipRow
{
    public required string WorkspaceKey { get; init; }

    public required Guid PersonId { get; init; }

    public required Role Role { get; set; }

    public required DateTimeOffset InvitedAt { get; init; }

    /// <summary>Null while it is an invitation: it gives no access.</summary>
    public DateTimeOffset? AcceptedAt { get; set; }
}
