using Countersign.Core.Identities;

namespace Countersign.Server.People;

/// <summary>Tells every administrator what happened to somebody.</summary>
internal sealed class AdministratorNotices(IPeople people, INotices notices)
{
    /// <param name="about">Whom it happened to; an administrator too, they were told already.</param>
    /// <param name="text">What.</param>
    public async Task TellAsync(PrincipalId about, string text)
    {
        foreach (var administrator in (await people.ListAsync(CancellationToken.None)).Where(person => person is { IsAdministrator: true, IsDisabled: false } && person.Id != about))
        {
            await notices.TellAsync(administrator.Id, text, CancellationToken.None);
        }
    }
}
