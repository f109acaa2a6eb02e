using Countersign.Core.Identities;
using Countersign.Server.People;

namespace Countersign.Server.Mail;

/// <summary>Whoever is told something on the Security page also gets it by mail.</summary>
internal sealed partial class MailedNotices(INotices page, AccountMail mail, ILogger<MailedNotices> logger) : INotices
{
    public async Task TellAsync(PrincipalId person, string text, CancellationToken cancellation)
    {
        await page.TellAsync(person, text, cancellation);
        await MailAsync(mail.TellAsync, person, text);
    }

    public async Task InviteAsync(PrincipalId person, string text, CancellationToken cancellation)
    {
        await page.InviteAsync(person, text, cancellation);
        await MailAsync(mail.InviteAsync, person, text);
    }
    public Task<IReadOnlyList<Notice>> ListAsync(PrincipalId person, CancellationToken cancellation) => page.ListAsync(person, cancellation);

    public Task DismissAsync(PrincipalId person, string id, CancellationToken cancellation) => page.DismissAsync(person, id, cancellation);

    private async Task MailAsync(Func<PrincipalId, string, Task> send, PrincipalId person, string text)
    {
        try
        {
            await send(person, text);
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            // What it tells of is done, and is on the page: whoever did it must not be told that it failed.
            NotMailed(logger, failure);
        }
    }

    [LoggerMessage(EventId = 8004, Level = LogLevel.Warning, Message = "A notice could not be put into the outbox; it is on the Security page")]
    private static partial void NotMailed(ILogger logger, Exception failure);
}
