using Countersign.Core.Identities;
using Countersign.Server.Audit;
using Countersign.Server.Factors.EmailApproval;
using Countersign.Server.Mail;
using Microsoft.AspNetCore.Identity;

namespace Countersign.Server.People;

/// <summary>
/// Changing an email address. Where the gateway sends mail, the person shows first that they read the new one; both addresses are
/// told, because whoever has taken an account over controls only one of them. Approval by mail ends with the address that it was for.
/// </summary>
internal sealed class EmailAddresses(
    IServiceScopeFactory scopes, IPeople people, EmailCodes codes, AccountMail mail, AuditTrail audit, INotices notices)
{
    private static readonly Refusal BadAddress = new("bad_email", "That is not an email address that mail can be sent to.") { Field = "email" };
    private static readonly Refusal NoRoom = new("mail_not_sent", "Your old address cannot be told of the change now: too many mails wait. Try again later.");
    private static readonly Refusal Taken = new("email_taken", "That email address belongs to somebody else.") { Field = "email" };

    /// <summary>Without mail nothing can be confirmed, and the address is a note.</summary>
    public bool MustConfirm => mail.IsOpen;

    /// <summary>Mails a code to the new address; or changes it at once where the gateway sends no mail.</summary>
    public async Task<Refusal?> BeginAsync(PrincipalId person, string address, string actor) =>
        !Mailbox.TryParseAddress(address, out var box) ? BadAddress
        : !MustConfirm ? (await ChangeAsync(person, box.Address, actor)).Refusal
        : await codes.SendAsync(person, EmailPurpose.Address, box.Address);

    public async Task<Result<string>> ConfirmAsync(PrincipalId person, string code, string actor)
    {
        var taken = await codes.TakeAsync(person, EmailPurpose.Address, code);
        return taken.Value is { } address ? await ChangeAsync(person, address, actor) : taken;
    }

    /// <summary>For administrators: at once. Approval by mail does not come along.</summary>
    public async Task<Result<PersonSummary>> SetAsync(string name, string address, string actor, CancellationToken cancellation)
    {
        if (await people.FindAsync(name, cancellation) is not { } person)
        {
            return Refusals.NoSuchPerson;
        }

        if (!Mailbox.TryParseAddress(address, out var box))
        {
            return BadAddress;
        }

        var changed = await ChangeAsync(person.Id, box.Address, actor);
        return changed.Refusal is { } refusal ? refusal : (await people.FindAsync(person.Id, CancellationToken.None))!;
    }

    private async Task<Result<string>> ChangeAsync(PrincipalId id, string address, string actor)
    {
        await using var scope = scopes.CreateAsyncScope();
        var users = scope.ServiceProvider.GetRequiredService<UserManager<Person>>();
        if (await users.FindByIdAsync(id.Value.ToString()) is not { } person)
        {
            return Refusals.NoSuchPerson;
        }

        if (await users.FindByEmailAsync(address) is { } owner && owner.Id != person.Id)
        {
            return Taken;
        }

        var (before, approved) = (person.Email ?? "", person.EmailApprovalSince is not null);
        await audit.RecordAsync(AuditTypes.PersonEmailChanged, actor, ("person", person.UserName!), ("person_id", id.ToString()), ("before", before), ("email", address));
        if (approved)
        {
            await audit.RecordAsync(
                AuditTypes.FactorRemoved, actor,
                ("person_id", id.ToString()), ("factor", nameof(Core.Challenges.FactorKind.EmailApproval)), ("factor_id", person.Id.ToString("N")), ("name", before));
        }

        var text = News.Of(AuditTypes.PersonEmailChanged, ("before", before), ("email", address), ("approved", approved ? "true" : ""));

        // Before the change: whoever takes an account over must not be able to make this one get lost.
        if (before != address && !await mail.WarnAsync(id, before, text))
        {
            return NoRoom;
        }

        (person.EmailApprovalSince, person.EmailConfirmed) = (null, false);
        if (await users.SetEmailAsync(person, address) is { Succeeded: false })
        {
            return Taken; // by somebody who was quicker
        }

        await notices.TellAsync(id, text, CancellationToken.None);
        return address;
    }
}
