using Countersign.Core.Identities;
using Countersign.Core.Policies;

namespace Countersign.Server.Storage;

internal sealed class WorkspaceRow
{
    /// <summary>The canonical key, upper case.</summary>
    public required string Key { get; init; }

    public Mode? Mode { get; set; }

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
