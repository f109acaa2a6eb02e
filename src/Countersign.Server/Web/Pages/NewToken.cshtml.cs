using Countersign.Server.People;
using Countersign.Server.Transports.Ssh;
using Countersign.Server.Web.Security;
using Countersign.Server.Web.Views;
using Microsoft.AspNetCore.Mvc;

namespace Countersign.Server.Web.Pages;

/// <summary>Makes an access token and shows it once.</summary>
[FreshProof]
internal sealed class NewTokenModel(IAccessTokens tokens, IRepositories repositories, GatewayOptions options, SshState ssh) : SignedInPage
{
    [BindProperty]
    public string Label { get; set; } = "";

    [BindProperty]
    public int Days { get; set; } = 90;

    public string? Token { get; private set; }

    public string? CloneCommand { get; private set; }

    public bool SshIsServed => ssh.Facts is not null;

    public async Task<IActionResult> OnPostAsync()
    {
        var made = await tokens.AddAsync(Me.Id, Label ?? "", Days, Me.Name, Cancellation);
        if (made.Refusal is { } refusal)
        {
            Trouble = refusal.Message;
            return Page();
        }

        Token = made.Value.Secret;
        CloneCommand = await repositories.VisibleToAsync(Me.Id, Cancellation) is [var first, ..]
            ? CloneLine.Command(options, Me.Name, first.Path)
            : null;
        return Page();
    }
}
