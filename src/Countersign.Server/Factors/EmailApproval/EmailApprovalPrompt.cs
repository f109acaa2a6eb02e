using Countersign.Core.Challenges;
using Countersign.Server.Enforcement;
using Countersign.Server.Mail;
using Countersign.Server.People;
using Countersign.Server.Storage.Sqlite;

namespace Countersign.Server.Factors.EmailApproval;

/// <summary>Asks by mail: the link and the mail become durable together, and the outbox does the rest.</summary>
internal sealed class EmailApprovalPrompt(Ledger ledger, Outbox outbox, MailLinks links, AccountMail accounts, GatewayOptions gateway, TimeProvider clock) : IPrompt
{
    public FactorKind Kind => FactorKind.EmailApproval;

    public async Task<PromptAnswer> AskAsync(Prompt prompt, CancellationToken cancellation)
    {
        var (challenge, person) = (prompt.Challenge, prompt.Principal.Id);
        var token = StoredSecret.Random256();
        var mail = ApprovalMail.Of(challenge, clock.GetUtcNow(), gateway.Url, token);
        if (!outbox.IsOpen || accounts.AddressOf(person) is not { } address || outbox.Seal(address, mail) is not { } body)
        {
            return new PromptAnswer.Failed("there is no address to send a mail to");
        }

        var queued = await ledger.WriteAsync(transaction =>
        {
            if (!outbox.Add(transaction, new(MailKind.Approval, person, challenge.Id, body, challenge.ExpiresAt)))
            {
                return false;
            }

            links.Add(transaction, token, challenge);
            return true;
        });
        if (!queued)
        {
            return new PromptAnswer.Failed("too many mails wait to be sent");
        }

        outbox.Wake();
        prompt.Say($"mail sent to {Mailbox.Mask(address)}");
        return new PromptAnswer.Sent();
    }
}
