using Countersign.Core.Challenges;
using Countersign.Server.People;
using Countersign.Server.Web.Security;
using Microsoft.AspNetCore.Mvc;

namespace Countersign.Server.Web.Pages;

/// <summary>One of the person's factors: its name, and taking it away.</summary>
[FreshProof]
internal sealed class FactorModel(IPeople people, IFactorEnrolment enrolment) : SignedInPage
{
    [BindProperty(SupportsGet = true)]
    public string Id { get; set; } = "";

    public FactorSummary Factor { get; private set; } = null!;

    public bool IsLast { get; private set; }

    public async Task<IActionResult> OnGetAsync() => await ShowAsync();

    public async Task<IActionResult> OnPostRenameAsync(string? name)
    {
        var result = await enrolment.RenameAsync(Me.Id, Id, name ?? "", Me.Name, Cancellation);
        Trouble = result.Refusal?.Message;
        return Trouble is null ? Done("/security", "renamed") : await ShowAsync();
    }

    public async Task<IActionResult> OnPostRemoveAsync()
    {
        var result = await enrolment.RemoveAsync(Me.Id, Id, Me.Name, Cancellation);
        Trouble = result.Refusal?.Message;
        return Trouble is null ? Done("/security", "removed") : await ShowAsync();
    }

    private async Task<IActionResult> ShowAsync()
    {
        var factors = (await people.FindAsync(Me.Id, Cancellation))?.Factors.Where(factor => factor.Kind != FactorKind.RecoveryCode).ToList() ?? [];
        if (factors.Find(factor => factor.Id == Id) is not { } found)
        {
            return NotFound();
        }

        (Factor, IsLast) = (found, factors.Count == 1);
        return Page();
    }
}
