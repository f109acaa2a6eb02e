using Countersign.Core.Challenges;
using Countersign.Core.Identities;
using Countersign.Server.Audit;
using Countersign.Server.Mail;
using Countersign.Server.People;
using Countersign.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace Countersign.Server.Factors.EmailApproval;

/// <summary>
/// Switching approval by mail on, once the address is confirmed. It comes beside another factor, for everybody: a mailbox alone must
/// not be what signs in or recovers. Callers have made sure of a fresh step-up.
/// </summary>
internal sealed class EmailEnrolment(
    IDbContextFactory<GatewayDbContext> databases, IPeople people, AccountMail mail, EmailCodes codes, MailLinks links, OfferedFactors offered,
    AuditTrail audit, INotices notices, TimeProvider clock)
{
    private static readonly Refusal OtherFirst = new("other_factor_first", "Set up a passkey or an authenticator app first: email is never the only second factor.");

    /// <summary>This gateway offers it.</summary>
    public bool IsOffered => offered.Has(FactorKind.EmailApproval) && mail.IsOpen;

    /// <summary>Why a person who has switched it on is not asked by it; null when they are.</summary>
    public string? WhyNotCounted(PrincipalId person) => people.FindPrincipal(person)?.Factors.Contains(FactorKind.EmailApproval) is true
        ? null
        : "It does not count now: email is never an administrator's only second factor, and nothing else of yours works on this gateway. Set up a passkey or an authenticator app.";

    /// <summary>Mails a code to the person's address.</summary>
    public async Task<Result<string>> BeginAsync(PrincipalId person)
    {
        if (WhyNot(person) is { } refusal)
        {
            return refusal;
        }

        var address = mail.AddressOf(person) ?? "";
        return await codes.SendAsync(person, EmailPurpose.Approval, address) is { } unsent ? unsent : address;
    }

    public async Task<Result<FactorSummary>> ConfirmAsync(PrincipalId person, string code, string actor)
    {
        if (WhyNot(person) is { } refusal)
        {
            return refusal;
        }

        var taken = await codes.TakeAsync(person, EmailPurpose.Approval, code);
        if (taken.Refusal is { } wrong)
        {
            return wrong;
        }

        var (id, now) = (person.Value.ToString("N"), clock.GetUtcNow());
        await audit.RecordAsync(
            AuditTypes.FactorAdded, actor, ("person_id", person.ToString()), ("factor", nameof(FactorKind.EmailApproval)), ("factor_id", id), ("name", taken.Value!));
        await links.EndAsync(person);
        await using var database = await databases.CreateDbContextAsync(CancellationToken.None);

        // One write: only while the address is the one that was confirmed, and there is another factor.
        var offersDuo = offered.Has(FactorKind.DuoPush);
        var changed = await database.Users
            .Where(row => row.Id == person.Value && row.Email == taken.Value
                && (database.UserPasskeys.Any(passkey => passkey.UserId == row.Id)
                    || database.TotpAuthenticators.Any(app => app.PersonId == row.Id && app.ConfirmedAt != null)
                    || (offersDuo && database.DuoAccounts.Any(account => account.PersonId == row.Id))))
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.EmailApprovalSince, now), CancellationToken.None);
        if (changed == 0)
        {
            return WhyNot(person) ?? new Refusal("address_changed", "Your email address has changed meanwhile. Have a code sent to the new one.");
        }

        await notices.TellAsync(
            person, News.Of(AuditTypes.FactorAdded, ("factor", nameof(FactorKind.EmailApproval)), ("name", taken.Value!)), CancellationToken.None);
        return await FactorList.FindAsync(database, person, id, CancellationToken.None) ?? throw new InvalidOperationException("It was switched off while it was switched on.");
    }

    private Refusal? WhyNot(PrincipalId person) =>
        !IsOffered ? new("email_approval_off", "This gateway does not offer approval by email.")
        : people.FindPrincipal(person) is not { } principal ? Refusals.NoSuchPerson
        : principal.Factors.Contains(FactorKind.EmailApproval) ? new("factor_already", "You approve by email already.")
        : !principal.Factors.Any(offered.Carries) ? OtherFirst
        : null;
}
