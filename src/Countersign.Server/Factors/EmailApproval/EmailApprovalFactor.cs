using Countersign.Core.Challenges;
using Countersign.Core.Identities;
using Countersign.Server.Enforcement;
using Countersign.Server.Mail;

namespace Countersign.Server.Factors.EmailApproval;

/// <summary>The link of a mail proves that its reader has the mailbox, and nothing more. <see cref="Approvals"/> asks for the number as well.</summary>
internal sealed class EmailApprovalFactor(MailLinks links, AccountMail mail) : IFactor
{
    public FactorKind Kind => FactorKind.EmailApproval;

    public async Task<FactorResult> VerifyAsync(Principal principal, ProofPurpose purpose, FactorInput input, CancellationToken cancellation)
    {
        if (!principal.Factors.Contains(Kind))
        {
            return new(FactorFailure.NotSetUp);
        }

        return input.Code is { Length: MailLinks.TokenLength } token && await links.SpendAsync(token, principal.Id, purpose.Subject)
            ? new(FactorFailure.None, new(Kind, Strength.Basic, $"a mail to {Mailbox.Mask(mail.AddressOf(principal.Id) ?? "")}", principal.Id.Value.ToString("N")))
            : new(FactorFailure.Refused);
    }
}
