using Countersign.Core.Challenges;
using Countersign.Server.Enforcement;
using Countersign.Server.Mail;
using Countersign.Server.People;
using Countersign.Server.Storage.Sqlite;

namespace Countersign.Server.Factors.EmailApproval;

/// <summary>
/// Asks by mail: the link and the mail become durable together, and the outbox does the rest. It counts as sent once the mail server
/// has taken it; where that cannot be had now the next factor is asked, and the mail is tried again all the same.
/// </summary>
internal sealed class EmailApprovalPrompt(
    Ledger ledger, Outbox outbox, MailReceipts receipts, MailLinks links, AccountMail accounts, GatewayOptions gateway, TimeProvider clock) : IPrompt
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

        using var receipt = receipts.Expect();
        var queued = await ledger.WriteAsync(transaction =>
        {
            if (outbox.Add(transaction, new(MailKind.Approval, person, challenge.Id, body, challenge.ExpiresAt)) is not { } added)
            {
                return false;
            }

            receipt.Of(added);
            links.Add(transaction, token, challenge);
            return true;
        });
        if (!queued)
        {
            return new PromptAnswer.Failed("too many mails wait to be sent");
        }

        outbox.Wake();
        if (await receipt.Told.WaitAsync(cancellation) is { } why)
        {
            return new PromptAnswer.Failed(why);
        }

        prompt.Say($"mail sent to {Mailbox.Mask(address)}");
        return new PromptAnswer.Sent();
    }
}
