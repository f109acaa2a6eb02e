using Countersign.Server.People;
using Countersign.Server.Web.Security;
using Countersign.Server.Web.Views;
using Microsoft.AspNetCore.Mvc;

namespace Countersign.Server.Web.Pages;

/// <summary>What is locked, why and since when, and the attempts of a day, for administrators.</summary>
[Administrators]
[FreshProof(FormsOnly = true)]
internal sealed class LockListModel(ILocks locks, IPeople people) : SignedInPage
{
    public IReadOnlyList<ActiveLock> Found { get; private set; } = [];

    public AttemptChart Chart { get; private set; } = new([]);

    public async Task OnGetAsync()
    {
        var report = await locks.ReadAsync(Cancellation);
        (Found, Chart) = (report.Locks, new(report.Hours));
    }

    public async Task<IActionResult> OnPostUnlockAsync(string person)
    {
        if ((await people.UnlockAsync(person, Me.Name, Cancellation)).Refusal is not { } refusal)
        {
            return Done("/locks", "person-unlocked");
        }

        Trouble = refusal.Message;
        await OnGetAsync();
        return Page();
    }
}
