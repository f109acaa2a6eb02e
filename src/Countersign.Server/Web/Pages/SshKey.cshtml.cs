using Countersign.Server.People;
using Countersign.Server.Web.Security;
using Microsoft.AspNetCore.Mvc;

namespace Countersign.Server.Web.Pages;

/// <summary>One of the person's SSH keys, and taking it away.</summary>
[FreshProof]
internal sealed class SshKeyModel(ISshKeys keys) : SignedInPage
{
    [BindProperty(SupportsGet = true)]
    public string Id { get; set; } = "";

    public SshKeySummary Key { get; private set; } = null!;

    public async Task<IActionResult> OnGetAsync()
    {
        if ((await keys.ListAsync(Me.Id, Cancellation)).FirstOrDefault(key => key.Id == Id) is not { } found)
        {
            return NotFound();
        }

        Key = found;
        return Page();
    }

    public async Task<IActionResult> OnPostRemoveAsync()
    {
        var result = await keys.RemoveAsync(Me.Id, Id, Me.Name, Cancellation);
        return result.Refusal is null ? Done("/security", "key-removed") : NotFound();
    }
}
