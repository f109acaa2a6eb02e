using Countersign.Core.Identities;

namespace Countersign.Server.People;

internal sealed record Notice(string Id, DateTimeOffset At, string Text);

/// <summary>What a person is told besides the page that is open: a factor added, a recovery code used, a lock.</summary>
internal interface INotices
{
    Task TellAsync(PrincipalId person, string text, CancellationToken cancellation);

    /// <summary>What somebody else asks of the person. However many come, they take no room from what <see cref="TellAsync"/> says.</summary>
    Task InviteAsync(PrincipalId person, string text, CancellationToken cancellation);

    /// <summary>Those not yet dismissed, newest first.</summary>
    Task<IReadOnlyList<Notice>> ListAsync(PrincipalId person, CancellationToken cancellation);

    Task DismissAsync(PrincipalId person, string id, CancellationToken cancellation);
}
