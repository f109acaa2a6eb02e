using Countersign.Server.People;
using Countersign.Server.Web.Security;
using Microsoft.AspNetCore.Mvc;

namespace Countersign.Server.Web.Pages;

/// <summary>Ten new recovery codes in place of the old ones.</summary>
[FreshProof]
internal sealed class NewRecoveryCodesModel(IFactorEnrolment enrolment) : SignedInPage
{
    public IReadOnlyList<string> Codes { get; private set; } = [];

    public async Task<IActionResult> OnPostAsync()
    {
        Codes = await enrolment.MakeRecoveryCodesAsync(Me.Id, Me.Name, Cancellation);
        return Page();
    }
}
