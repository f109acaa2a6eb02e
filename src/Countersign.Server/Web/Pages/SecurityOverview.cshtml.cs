using Countersign.Core.Challenges;
using Countersign.Server.Factors.DuoPush;
using Countersign.Server.People;
using Countersign.Server.Transports.Ssh;
using Countersign.Server.Upstreams;
using Countersign.Server.Web.Views;
using Microsoft.AspNetCore.Mvc;

namespace Countersign.Server.Web.Pages;

/// <summary>Everything that proves who a person is, each with its last use. Taking away is at once; adding asks for a fresh proof first.</summary>
internal sealed class SecurityOverviewModel(
    IPeople people, IAccessTokens tokens, ISshKeys keys, IUpstreamTokens hosts, ISessions sessions, INotices notices, IFactorOrders orders,
    IRepositories repositories, SshState ssh, TimeProvider clock, DuoEnrolment? duo = null) : SignedInPage
{
    public PersonSummary Person { get; private set; } = null!;

    public IReadOnlyList<TokenSummary> Tokens { get; private set; } = [];

    public IReadOnlyList<SshKeySummary> SshKeys { get; private set; } = [];

    public bool SshIsServed => ssh.Facts is not null;

    /// <summary>What to run with an SSH key; null while there is nothing to clone or SSH is not served.</summary>
    public string? SshCloneCommand { get; private set; }

    /// <summary>The Git hosts that want a token of the person's own; none on most gateways.</summary>
    public IReadOnlyList<UpstreamTokenSummary> Hosts { get; private set; } = [];

    public IReadOnlyList<SessionSummary> Sessions { get; private set; } = [];

    public IEnumerable<FactorSummary> Passkeys => Person.Factors.Where(factor => factor.Kind == FactorKind.WebAuthn);

    public IEnumerable<FactorSummary> Duo => Person.Factors.Where(factor => factor.Kind == FactorKind.DuoPush);

    /// <summary>The gateway uses Duo.</summary>
    public bool OffersDuo => duo is not null;

    public IEnumerable<FactorSummary> Apps => Person.Factors.Where(factor => factor.Kind == FactorKind.Totp);

    /// <summary>The kinds that the person has, in the order in which they are asked.</summary>
    public IReadOnlyList<FactorKind> Order => field ??= orders.Of(Me.Id);

    /// <summary>What happened to the account, told until the person has read it.</summary>
    public IReadOnlyList<Notice> Notices { get; private set; } = [];

    public async Task<IActionResult> OnGetAsync()
    {
        if (await people.FindAsync(Me.Id, Cancellation) is not { } person)
        {
            return NotFound();
        }

        Person = person;
        Tokens = await tokens.ListAsync(Me.Id, Cancellation);
        SshKeys = await keys.ListAsync(Me.Id, Cancellation);
        SshCloneCommand = await repositories.VisibleToAsync(Me.Id, Cancellation) is [var first, ..] ? CloneLine.SshCommand(ssh, first.Path) : null;
        Hosts = await hosts.ListAsync(Me.Id, Cancellation);
        Sessions = await sessions.ListAsync(Me.Id, Cancellation);
        Notices = await notices.ListAsync(Me.Id, Cancellation);
        return Page();
    }

    public bool IsThisSession(SessionSummary summary) => summary.Key == Session.Key;

    public async Task<IActionResult> OnPostRevokeAsync(string id)
    {
        var result = await tokens.RevokeAsync(Me.Id, id, Me.Name, Cancellation);
        return result.Refusal is null ? Done("/security", "token-revoked") : LocalRedirect("/security");
    }

    /// <summary>Changes only what comes first among what counts anyway, so it asks for no fresh proof.</summary>
    public async Task<IActionResult> OnPostMoveAsync(string? kind, int by)
    {
        var order = Order.ToList();
        var place = order.FindIndex(one => Api.Words.Of(one) == kind);
        if (place < 0 || by is not (1 or -1) || place + by < 0 || place + by >= order.Count)
        {
            return LocalRedirect("/security#order");
        }

        (order[place], order[place + by]) = (order[place + by], order[place]);
        var result = await orders.SetAsync(Me.Id, order, Me.Name, Cancellation);
        return result.Refusal is null ? Done("/security", "order-changed", $"order-{kind}") : LocalRedirect("/security");
    }

    public bool HasExpired(SshKeySummary key) => key.ExpiresAt <= clock.GetUtcNow();

    public async Task<IActionResult> OnPostForgetAsync(string upstream)
    {
        var result = await hosts.RemoveAsync(Me.Id, upstream, Me.Name, Cancellation);
        return result.Refusal is null ? Done("/security", "host-token-removed") : LocalRedirect("/security");
    }

    /// <summary>Read: those that the person has seen, and none that came since.</summary>
    public async Task<IActionResult> OnPostDismissAsync(string[] id)
    {
        foreach (var one in id)
        {
            await notices.DismissAsync(Me.Id, one, Cancellation);
        }

        return LocalRedirect("/security");
    }

    public async Task<IActionResult> OnPostEndAsync(string key)
    {
        await sessions.EndByKeyAsync(Me.Id, key, Cancellation);
        return Done("/security", "session-ended");
    }
}
