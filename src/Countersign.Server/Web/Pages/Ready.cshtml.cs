using Countersign.Server.Enforcement;
using Countersign.Server.People;
using Countersign.Server.Transports.Ssh;
using Countersign.Server.Web.Security;
using Countersign.Server.Web.Views;
using Microsoft.AspNetCore.Mvc;

namespace Countersign.Server.Web.Pages;

/// <summary>The end of set-up: a token made there and then, a line to run, and the held command as it arrives.</summary>
internal sealed class ReadyModel(
    IAccessTokens tokens, IRepositories repositories, ChallengeReader reader, GatewayOptions options, SshState ssh, TimeProvider clock) : SignedInPage
{
    private const int FirstTokenDays = 90;

    /// <summary>The access token, this once; null when the page is opened again.</summary>
    public string? Token { get; private set; }

    public string? CloneCommand { get; private set; }

    /// <summary>Null while Git over SSH is not served.</summary>
    public string? SshCloneCommand { get; private set; }

    public IReadOnlyList<RequestView> Waiting { get; private set; } = [];

    public IActionResult OnGet() => LocalRedirect("/");

    public async Task<IActionResult> OnPostAsync(bool saved)
    {
        if (!saved)
        {
            return LocalRedirect("/security"); // the browser asks for the tick; whoever goes round it can make new codes there
        }

        if (FreshProof.IsOwed(Session, HttpContext))
        {
            return LocalRedirect("/security/token"); // writing the codes down took long: an access token takes a fresh proof, there as here
        }

        var mine = await tokens.ListAsync(Me.Id, Cancellation);
        if (mine.Count > 0)
        {
            return LocalRedirect("/"); // sent twice, or not the first time: no second token that nobody asked for
        }

        var made = await tokens.AddAsync(Me.Id, "First token", FirstTokenDays, Me.Name, Cancellation);
        (Token, Trouble) = (made.Refusal is null ? made.Value.Secret : null, made.Refusal?.Message);
        if (await repositories.VisibleToAsync(Me.Id, Cancellation) is [var first, ..])
        {
            CloneCommand = CloneLine.Command(options, Me.Name, first.Path);
            SshCloneCommand = CloneLine.SshCommand(ssh, first.Path);
        }

        var now = clock.GetUtcNow();
        Waiting = [.. reader.List(Me.Id, 5).Select(challenge => new RequestView(challenge, now)).Where(view => view.IsPending)];
        return Page();
    }
}
