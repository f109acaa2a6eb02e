using Countersign.Server.Upstreams;
using Countersign.Server.Web.Security;
using Microsoft.AspNetCore.Mvc;

namespace Countersign.Server.Web.Pages;

/// <summary>The Git hosts behind the gateway, and whether each can be reached, for its administrators.</summary>
[Administrators]
[FreshProof(FormsOnly = true)]
internal sealed class UpstreamListModel(IUpstreamDesk desk) : SignedInPage
{
    public IReadOnlyList<UpstreamSummary> Found { get; private set; } = [];

    /// <summary>What the check just made found, when all was well.</summary>
    public string? Checked { get; private set; }

    public async Task OnGetAsync() => Found = await desk.ListAsync(Cancellation);

    public async Task<IActionResult> OnPostCheckAsync(string upstream)
    {
        var result = await desk.CheckAsync(upstream ?? "", null, Cancellation);
        (Checked, Trouble) = result switch
        {
            { Refusal: { } refusal } => (null, refusal.Message),
            { Value: { Ok: true, Detail: var detail } } => ($"{upstream} {detail}.", (string?)null),
            _ => (null, $"{upstream}: {result.Value!.Detail}."),
        };
        Found = await desk.ListAsync(Cancellation);
        return Page();
    }

    public static string Address(UpstreamDefinition upstream) => upstream.Base.AbsoluteUri.TrimEnd('/') + upstream.Path;

    public static string FirstFactor(UpstreamDefinition upstream) => upstream.Credentials switch
    {
        UpstreamCredentials.Passed => "each person's own credential for the host",
        UpstreamCredentials.Service => "the gateway's access tokens; the host sees one service credential",
        _ => "the gateway's access tokens; the host sees nobody",
    };
}
