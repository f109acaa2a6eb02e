using Countersign.Core.Identities;
using Countersign.Server.People;

namespace Countersign.Server.Tests.Fakes;

/// <summary>Tells nobody anything.</summary>
internal sealed class FakeNotices : INotices
{
    public Task TellAsync(PrincipalId person, string text, CancellationToken cancellation) => Task.CompletedTask;

    public Task InviteAsync(PrincipalId person, string text, CancellationToken cancellation) => Task.CompletedTask;

    public Task<IReadOnlyList<Notice>> ListAsync(PrincipalId person, CancellationToken cancellation) => Task.FromResult<IReadOnlyList<Notice>>([]);

    public Task DismissAsync(PrincipalId person, string id, CancellationToken cancellation) => Task.CompletedTask;
}
