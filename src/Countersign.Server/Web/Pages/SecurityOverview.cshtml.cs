using Countersign.Core.Challenges;
using Countersign.Server.People;
using Microsoft.AspNetCore.Mvc;

namespace Countersign.Server.Web.Pages;

/// <summary>Everything that proves who a person is, each with its last use. Taking away is at once; adding asks for a fresh proof first.</summary>
internal sealed class SecurityOverviewModel(IPeople people, IAccessTokens tokens, ISessions sessions, INotices notices, TimeProvider clock) : SignedInPage
{
    private static readonly TimeSpan Recent = TimeSpan.FromDays(3);

    public PersonSummary Person { get; private set; } = null!;

    public IReadOnlyList<TokenSummary> Tokens { get; private set; } = [];

    public IReadOnlyList<Notice> Notices { get; private set; } = [];

    public IReadOnlyList<SessionSummary> Sessions { get; private set; } = [];

    public IEnumerable<FactorSummary> Passkeys => Person.Factors.Where(factor => factor.Kind == FactorKind.WebAuthn);

    public IEnumerable<FactorSummary> Apps => Person.Factors.Where(factor => factor.Kind == FactorKind.Totp);

    /// <summary>What was added lately: the owner should know of each.</summary>
    public IEnumerable<FactorSummary> News => Person.Factors.Where(factor => clock.GetUtcNow() - factor.CreatedAt < Recent);

    public async Task<IActionResult> OnGetAsync()
    {
        if (await people.FindAsync(Me.Id, Cancellation) is not { } person)
        {
            return NotFound();
        }

        Person = person;
        Tokens = await tokens.ListAsync(Me.Id, Cancellation);
        Notices = await notices.ListAsync(Me.Id, Cancellation);
        Sessions = await sessions.ListAsync(Me.Id, Cancellation);
        return Page();
    }

    public bool IsThisSession(SessionSummary summary) => summary.Key == Session.Key;

    public async Task<IActionResult> OnPostRevokeAsync(string id)
    {
        var result = await tokens.RevokeAsync(Me.Id, id, Me.Name, Cancellation);
        return result.Refusal is null ? Done("/security", "token-revoked") : LocalRedirect("/security");
    }

    public async Task<IActionResult> OnPostDismissAsync(string id)
    {
        await notices.DismissAsync(Me.Id, id, Cancellation);
        return Done("/security", "notice-dismissed");
    }

    public async Task<IActionResult> OnPostEndAsync(string key)
    {
        await sessions.EndByKeyAsync(Me.Id, key, Cancellation);
        return Done("/security", "session-ended");
    }
}
