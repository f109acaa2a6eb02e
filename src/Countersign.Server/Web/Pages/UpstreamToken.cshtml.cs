using Countersign.Server.Proxies;
using Countersign.Server.Upstreams;
using Countersign.Server.Web.Security;
using Microsoft.AspNetCore.Mvc;

namespace Countersign.Server.Web.Pages;

/// <summary>Takes a person's token for a Git host, once. It is never shown again, not even in a form that was refused.</summary>
[FreshProof]
internal sealed class UpstreamTokenModel(IUpstreamTokens tokens) : SignedInPage
{
    [BindProperty(SupportsGet = true)]
    public string Upstream { get; set; } = "";

    public string? UserName { get; private set; }

    public UpstreamTokenSummary Host { get; private set; } = null!;

    public Task<IActionResult> OnGetAsync() => ShowAsync(null);

    public async Task<IActionResult> OnPostAsync(string? userName, string? token)
    {
        var client = RequestOrigin.ClientOf(HttpContext);
        var result = await tokens.SetAsync(Me.Id, Upstream, userName, token?.Trim() ?? "", client, Me.Name, Cancellation);
        Trouble = result.Refusal?.Message;
        return Trouble is null ? Done("/security", "host-token-set") : await ShowAsync(userName);
    }

    private async Task<IActionResult> ShowAsync(string? typed)
    {
        if ((await tokens.ListAsync(Me.Id, Cancellation)).FirstOrDefault(host => host.Upstream == Upstream) is not { } found)
        {
            return NotFound();
        }

        (Host, UserName) = (found, typed ?? found.UserName);
        return Page();
    }
}
