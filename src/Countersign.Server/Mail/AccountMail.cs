using Countersign.Core.Identities;
using Countersign.Server.Storage;

namespace Countersign.Server.Mail;

/// <summary>Puts mails about an account into the outbox. Does nothing where the gateway sends no mail.</summary>
internal sealed class AccountMail(Outbox outbox, DatabaseReader reader, GatewayOptions gateway, TimeProvider clock)
{
    /// <summary>News that nobody could read for so long are on the Security page all the same.</summary>
    private static readonly TimeSpan NoticeLife = TimeSpan.FromDays(3);

    public bool IsOpen => outbox.IsOpen;

    /// <summary>Where the person is written to; null when there is no such person.</summary>
    public string? AddressOf(PrincipalId person) => reader.First("""SELECT "Email" FROM "AspNetUsers" WHERE "Id" = $1""", static row => row.IsDBNull(0) ? null : row.GetString(0), person.Value);

    public Task TellAsync(PrincipalId person, string text) => AddressOf(person) is { } address ? QueueAsync(person, address, Notice(text), NoticeLife) : Task.CompletedTask;

    /// <summary>To the address that somebody is about to lose: it has room of its own. True also where nobody can be written to there.</summary>
    public async Task<bool> WarnAsync(PrincipalId person, string address, string text) =>
        !outbox.IsOpen
        || outbox.Seal(address, Notice(text)) is not { } body
        || await outbox.AddAsync(new(person, null, body, clock.GetUtcNow() + NoticeLife) { IsExempt = true });

    private OutgoingMail Notice(string text)
    {
        var security = $"{Origin}/security";
        return new MailLayout($"Security notice from {gateway.Url.IdnHost}")
            .Paragraph(text)
            .Link("Look at your account", security)
            .Small("Was this not you? Sign in there: end the other sessions, revoke the access tokens, remove the SSH keys and what was added. Then tell an administrator of this gateway.")
            .Write();
    }

    /// <returns>False when it cannot be sent.</returns>
    public Task<bool> SendCodeAsync(PrincipalId person, string address, string code, string what, TimeSpan life) => QueueAsync(
        person, address,
        new MailLayout($"Your code for {gateway.Url.IdnHost}: {code}")
            .Paragraph($"Type this code on the page that asked for it, {what}:")
            .Code(code)
            .Small($"It works once, for {life.TotalMinutes:0} minutes. Was this not you? Then do nothing: without the code nothing happens. Nobody who works here asks you for it.")
            .Write(),
        life);

    private async Task<bool> QueueAsync(PrincipalId person, string address, OutgoingMail mail, TimeSpan life) =>
        outbox.IsOpen && outbox.Seal(address, mail) is { } body && await outbox.AddAsync(new(person, null, body, clock.GetUtcNow() + life));

    private string Origin => gateway.Url.GetLeftPart(UriPartial.Authority);
}
