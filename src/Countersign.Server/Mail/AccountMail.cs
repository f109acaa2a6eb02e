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

    /// <summary>A notice that finds no room is not lost without a word: one mail stands for all of them.</summary>
    public async Task TellAsync(PrincipalId person, string text)
    {
        if (outbox.IsOpen && AddressOf(person) is { } address && !await QueueAsync(MailKind.Notice, person, address, Notice(text), NoticeLife))
        {
            await QueueAsync(MailKind.More, person, address, Notice("More happened to your account than is mailed at once. All of it is on the page Security."), NoticeLife);
        }
    }

    /// <summary>An invitation that finds no room is on the page alone.</summary>
    public Task InviteAsync(PrincipalId person, string text) =>
        outbox.IsOpen && AddressOf(person) is { } address ? QueueAsync(MailKind.Invitation, person, address, Notice(text), NoticeLife) : Task.CompletedTask;

    /// <summary>To the address that somebody is about to lose. True also where nobody can be written to there.</summary>
    public async Task<bool> WarnAsync(PrincipalId person, string address, string text) =>
        !outbox.IsOpen
        || outbox.Seal(address, Notice(text)) is not { } body
        || await outbox.AddAsync(new(MailKind.Warning, person, null, body, clock.GetUtcNow() + NoticeLife));

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
        MailKind.Code, person, address,
        new MailLayout($"Your code for {gateway.Url.IdnHost}: {code}")
            .Paragraph($"Type this code on the page that asked for it, {what}:")
            .Code(code)
            .Small($"It works once, for {life.TotalMinutes:0} minutes. Was this not you? Then do nothing: without the code nothing happens. Nobody who works here asks you for it.")
            .Write(),
        life);

    private async Task<bool> QueueAsync(MailKind kind, PrincipalId person, string address, OutgoingMail mail, TimeSpan life) =>
        outbox.IsOpen && outbox.Seal(address, mail) is { } body && await outbox.AddAsync(new(kind, person, null, body, clock.GetUtcNow() + life));

    private string Origin => gateway.Url.GetLeftPart(UriPartial.Authority);
}
