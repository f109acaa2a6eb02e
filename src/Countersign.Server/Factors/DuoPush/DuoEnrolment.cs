using System.Collections.Concurrent;
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
    DuoAuthApi api, DuoPushes pushes, DuoAccounts accounts, IPeople people, AuditTrail audit, IOptions<DuoPushOptions> options, GatewayOptions gateway, TimeProvider clock) : IDisposable
{
    private const int MostPushes = 3;
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);
    private static readonly Refusal NotBegun = new("not_begun", "Start adding Duo Push again.");

    private readonly ConcurrentDictionary<PrincipalId, DuoTrial> trials = new();
    private readonly CancellationTokenSource stopping = new();

    /// <summary>Where the person stands; null when they have not begun, or ten minutes ago.</summary>
    public DuoTrial? TrialOf(PrincipalId person) =>
        trials.TryGetValue(person, out var trial) && clock.GetElapsedTime(trial.Since) < Lifetime ? trial : null;

    public async Task<Result<DuoOffer>> BeginAsync(PrincipalId person, ClientAddress from, CancellationToken cancellation)
    {
        if (await people.FindAsync(person, cancellation) is not { } known)
        {
            return Refusals.NoSuchPerson;
        }

        var existing = await accounts.FindAsync(person, cancellation);
        var userName = existing?.UserName ?? (options.Value.UserName == "email" ? known.Email.ToLowerInvariant() : known.Name);
        if (userName.Length == 0)
        {
            return new Refusal("duo_no_name", "Duo knows people by their email address here, and you have none. Ask an administrator.");
        }

        if (await accounts.IsOthersAsync(person, userName, cancellation))
        {
            return new Refusal("duo_taken", "Somebody else here uses that Duo account. Ask an administrator.");
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

                // Beginning again forgets no push that was sent: they are counted.
                trials.AddOrUpdate(person, _ => new(offer, clock.GetTimestamp(), 0), (_, before) => new(offer, clock.GetTimestamp(), TrialOf(person) is null ? 0 : before.Pushes));
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

    /// <summary>Sends the push that shows whose the device is. What comes of it is in <see cref="TrialOf"/>.</summary>
    public async Task<Result<DuoTrial>> PushAsync(PrincipalId person, string device, ClientAddress from)
    {
        if (TrialOf(person) is not { } trial || people.FindPrincipal(person) is not { } principal || trial.Offer.Devices.FirstOrDefault(one => one.Id == device) is not { } chosen)
        {
            return NotBegun;
        }

        if (!trial.TryBegin(chosen, MostPushes))
        {
            return trial.State is DuoTrialState.Waiting ? trial : new Refusal("duo_limited", $"{MostPushes} pushes were sent. Wait ten minutes, then start again.");
        }

        // Not by the request's own cancellation: whoever leaves the page has a push on the phone all the same.
        var (push, why) = await pushes.SendAsync(trial.Offer.UserName, from, (chosen.Id, chosen.Name), DuoPushInfo.ForTest(principal.Name, gateway.Url), stopping.Token);
        if (push is null)
        {
            trial.Fail(why);
            return new Refusal("duo_unavailable", $"{why}. Try again.");
        }

        _ = WaitAsync(trial, push);
        return trial;
    }

    /// <summary>Only after the push was approved.</summary>
    public async Task<Result<Guid>> ConfirmAsync(Principal person, string? name, string actor, CancellationToken cancellation)
    {
        if (TrialOf(person.Id) is not { State: DuoTrialState.Approved, Device: { } device } trial)
        {
            return NotBegun;
        }

        var label = name ?? device.Name;
        if (await accounts.FindAsync(person.Id, cancellation) is { } existing)
        {
            await audit.RecordAsync(AuditTypes.FactorDeviceChanged, actor,
                ("person_id", person.Id.ToString()), ("factor", nameof(FactorKind.DuoPush)), ("factor_id", existing.Id.ToString("N")), ("name", label), ("device", device.Id));
            await accounts.ChooseAsync(existing.Id, device.Id, label);
            trials.TryRemove(person.Id, out _);
            return existing.Id;
        }

        var account = new DuoAccountRow
        {
            Id = Guid.NewGuid(), PersonId = person.Id.Value, UserName = trial.Offer.UserName, Device = device.Id, Name = label, CreatedAt = clock.GetUtcNow(),
        };
        await audit.RecordAsync(AuditTypes.FactorAdded, actor,
            ("person_id", person.Id.ToString()), ("factor", nameof(FactorKind.DuoPush)), ("factor_id", account.Id.ToString("N")), ("name", label));
        if (!await accounts.TryAddAsync(account))
        {
            return new Refusal("duo_taken", "That Duo account is in use here already. Ask an administrator.");
        }

        trials.TryRemove(person.Id, out _);
        return account.Id;
    }

    public void Dispose()
    {
        stopping.Cancel();
        stopping.Dispose();
    }

    private async Task WaitAsync(DuoTrial trial, DuoPushed push)
    {
        try
        {
            var outcome = await pushes.WaitAsync(push, code =>
            {
                trial.Code = code;
                return Task.CompletedTask;
            }, stopping.Token);
            trial.End(push, outcome);
        }
        catch (OperationCanceledException)
        {
            // The gateway stops.
        }
    }
}
