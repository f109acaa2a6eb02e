using System.Globalization;
using Countersign.Core.Challenges;
using Countersign.Core.Identities;
using Countersign.Server.Audit;
using Countersign.Server.People;
using Countersign.Server.Storage;
using Microsoft.Extensions.Options;

namespace Countersign.Server.Factors.DuoPush;

/// <summary>What Duo offers a person who begins.</summary>
/// <param name="UserName">The name that Duo knows them by.</param>
/// <param name="Devices">Those that take a push.</param>
/// <param name="MustEnrol">Duo does not know them yet.</param>
/// <param name="EnrolLink">Where they enrol at Duo, where Duo says it.</param>
internal sealed record DuoOffer(string UserName, IReadOnlyList<DuoDevice> Devices, bool MustEnrol = false, Uri? EnrolLink = null);

/// <summary>
/// Takes a person's Duo account into use. The name is the person's own here, never one that they type, and the account counts only
/// once a push to it was approved: so nobody enrols another's account, and no account that Duo lets pass unasked.
/// </summary>
internal sealed class DuoEnrolment(
    DuoAuthApi api, DuoTrials trials, DuoTrialPushes pushes, DuoAccounts accounts, IPeople people, Throttles throttles, AuditTrail audit, IOptions<DuoPushOptions> options,
    TimeProvider clock)
{
    private static readonly Refusal NotBegun = new("not_begun", "Start adding Duo Push again.");

    /// <summary>Where the person stands in that session; null when they have not begun, or ten minutes ago.</summary>
    public DuoTrial? TrialOf(PrincipalId person, string session) => trials.Find(person, session);

    /// <param name="person">Who.</param>
    /// <param name="session">The key of their session: what is begun in it is finished in it.</param>
    /// <param name="from">Where they are.</param>
    /// <param name="cancellation">Gives up.</param>
    public async Task<Result<DuoOffer>> BeginAsync(PrincipalId person, string session, ClientAddress from, CancellationToken cancellation)
    {
        if (await people.FindAsync(person, cancellation) is not { } known)
        {
            return Refusals.NoSuchPerson;
        }

        var existing = await accounts.FindAsync(person, cancellation);
        if (existing is null && !options.Value.Passcodes && !known.Factors.Any(factor => factor.Kind is FactorKind.WebAuthn or FactorKind.Totp))
        {
            return new Refusal("duo_not_first", "Add a passkey or an authenticator app first: a push alone signs nobody in here.");
        }

        var userName = existing?.UserName ?? (options.Value.UserName == "email" ? known.Email.ToLowerInvariant() : known.Name);
        if (userName.Length == 0)
        {
            return new Refusal("duo_no_name", "Duo knows people by their email address here, and you have none. Ask an administrator.");
        }

        if (await accounts.IsOthersAsync(person, userName, cancellation))
        {
            return new Refusal("duo_taken", "Somebody else here uses that Duo account. Ask an administrator.");
        }

        if (await throttles.ReserveAsync(ThrottleRule.DuoBegin(person)) is { Allowed: false, RetryAt: var retryAt })
        {
            var wait = retryAt - clock.GetUtcNow() is { } left && left > TimeSpan.Zero ? left : TimeSpan.FromSeconds(1);
            return new Refusal("delayed", string.Create(CultureInfo.InvariantCulture, $"You began several times already. Wait {Math.Ceiling(wait.TotalSeconds):0} s, then try again."), wait);
        }

        var (preauth, why) = await api.PreauthAsync(userName, from, cancellation);
        switch (preauth)
        {
            case DuoPreauth.Ask { Devices: var devices }:
                var offer = new DuoOffer(userName, [.. devices.Where(device => device.TakesPush)]);
                if (offer.Devices.Count == 0)
                {
                    return new Refusal("duo_no_device", "Duo knows no device of yours that takes a push. Add your phone in Duo first, then start again.");
                }

                trials.Begin(person, session, offer);
                return offer;
            case DuoPreauth.Enrol { Link: var link }:
                return new DuoOffer(userName, [], MustEnrol: true, link);
            case DuoPreauth.Bypass:
                return new Refusal("duo_bypass", "Duo lets you pass without asking you, so it would prove nothing here. Ask whoever runs Duo for an account that is asked.");
            case DuoPreauth.Denied denied:
                return new Refusal("duo_denied", denied.Message.Length > 0 ? $"Duo denies you access: {denied.Message}" : "Duo denies you access. Ask whoever runs it.");
            default:
                return new Refusal("duo_unavailable", $"{why}. Try again in a minute.");
        }
    }

    /// <summary>Sends the push that shows whose the device is, to that device or not at all. What comes of it is in <see cref="TrialOf"/>.</summary>
    public async Task<Result<DuoTrial>> PushAsync(PrincipalId person, string session, string device, ClientAddress from)
    {
        if (TrialOf(person, session) is not { } trial || people.FindPrincipal(person) is not { } principal || trial.Offer.Devices.FirstOrDefault(one => one.Id == device) is not { } chosen)
        {
            return NotBegun;
        }

        return await pushes.SendAsync(trial, chosen, principal, from) is { } refusal ? refusal : trial;
    }

    /// <summary>Only after the push was approved, and once.</summary>
    public async Task<Result<Guid>> ConfirmAsync(Principal person, string session, string? name, string actor, CancellationToken cancellation)
    {
        if (TrialOf(person.Id, session) is not { State: DuoTrialState.Approved, Device: { } device } trial || !trials.TryTake(trial))
        {
            return NotBegun;
        }

        var label = name ?? device.Name;
        if (await accounts.FindAsync(person.Id, cancellation) is { } existing)
        {
            await audit.RecordAsync(AuditTypes.FactorDeviceChanged, actor, Facts(existing.Id));
            await accounts.ChooseAsync(existing.Id, device.Id, label);
            return existing.Id;
        }

        var account = new DuoAccountRow
        {
            Id = Guid.NewGuid(), PersonId = person.Id.Value, UserName = trial.Offer.UserName, Device = device.Id, Name = label, CreatedAt = clock.GetUtcNow(),
        };
        await audit.RecordAsync(AuditTypes.FactorAdded, actor, Facts(account.Id));
        return await accounts.TryAddAsync(account) ? account.Id : new Refusal("duo_taken", "That Duo account is in use here already. Ask an administrator.");

        (string, string)[] Facts(Guid account) =>
        [
            ("person_id", person.Id.ToString()), ("factor", nameof(FactorKind.DuoPush)), ("factor_id", account.ToString("N")), ("name", label),
            ("device", device.Id), ("txid", trial.Txid),
        ];
    }
}
