using Countersign.Core.Challenges;
using Countersign.Core.Identities;
using Countersign.Server.Enforcement;
using Countersign.Server.Factors;

namespace Countersign.Server.Web.Views;

/// <summary>The ways in which a person can approve one request, in the person's own order; recovery codes come last.</summary>
internal sealed class Ways(Challenge challenge, Principal person, Prompter prompter, Authenticators authenticators)
{
    private readonly Proofs proofs = new(challenge.Requirement, person);

    public Challenge Challenge => challenge;

    public IReadOnlyList<Way> All => field ??=
    [
        .. FactorOrder.Of(person)
            .Where(IsOpen)
            .Append(FactorKind.RecoveryCode)
            .Where(kind => kind is not FactorKind.RecoveryCode || proofs.RecoveryCode)
            .Select((kind, place) => new Way(this, kind, place == 0, prompter.StateOf(challenge.Id, kind))),
    ];

    /// <summary>What the rule asks for, in words.</summary>
    public string? Demand => proofs.Demand;

    /// <summary>Every proof takes the number along.</summary>
    public bool AsksNumber => challenge.Requirement.Number && !challenge.NumberTyped;

    /// <summary>The number typed alone is half of a proof; the other half is a tap, before or after.</summary>
    public bool TakesNumber { get; } = !challenge.NumberTyped && authenticators.NumberCounts(person, challenge);

    /// <summary>Beside a push, for a phone without network.</summary>
    public bool TakesPasscodes { get; init; }

    /// <summary>The other half is there: the number finishes it.</summary>
    public bool AwaitsNumber => challenge.AwaitsNumber is not null && TakesNumber;

    /// <summary>The number is sent by itself, and asked for before anything else.</summary>
    public bool NumberFirst => AwaitsNumber || (TakesNumber && All is [{ Kind: FactorKind.DuoPush }, ..]);

    /// <summary>The number is asked for before anything else, and goes along with the first way's proof.</summary>
    public bool NumberWithFirst => AsksNumber && !NumberFirst && All is [{ Kind: FactorKind.WebAuthn or FactorKind.Totp }, ..];

    /// <summary>Differs when the page shows other ways than before.</summary>
    public string Asked => string.Join('-', All.Select(way => way.Before.OnItsWay ? "now" : $"{way.Before.Times}"));

    private bool IsOpen(FactorKind kind) => kind switch
    {
        FactorKind.WebAuthn => proofs.Passkey,
        FactorKind.Totp => proofs.AuthenticatorApp,
        _ => prompter.CanAsk(person, challenge, kind),
    };
}

/// <summary>One of them.</summary>
/// <param name="All">Where it belongs.</param>
/// <param name="Kind">By what.</param>
/// <param name="IsFirst">The person's own first choice: the big button.</param>
/// <param name="Before">How often the person was asked so, where it goes to them by itself.</param>
internal sealed record Way(Ways All, FactorKind Kind, bool IsFirst, AskedBefore Before)
{
    /// <summary>The one thing to do, so it has the big button.</summary>
    public bool IsMain => IsFirst && !All.AwaitsNumber;

    /// <summary>The number has a field of its own here.</summary>
    public bool OwnNumber => Kind is FactorKind.DuoPush ? All.TakesNumber && !All.NumberFirst : All.AsksNumber && !(IsFirst && All.NumberWithFirst);

    /// <summary>There is nothing left to tap: it was approved there, and waits for the number.</summary>
    public bool IsDone => All.AwaitsNumber && All.Challenge.AwaitsNumber?.Kind == Kind;

    public string Api => Server.Api.Words.Of(Kind);

    public string Send => (Kind, Before.Times) switch
    {
        (FactorKind.DuoPush, 0) => "Send a Duo push",
        (FactorKind.DuoPush, _) => "Send another Duo push",
        (_, 0) => "Send a mail",
        _ => "Send another mail",
    };
}
