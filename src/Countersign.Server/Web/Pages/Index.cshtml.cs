using Countersign.Server.Enforcement;
using Countersign.Server.People;
using Countersign.Server.Transports.Ssh;
using Countersign.Server.Web.Views;
using Microsoft.AspNetCore.Mvc;

namespace Countersign.Server.Web.Pages;

/// <summary>The tab to keep open: what waits now, then the last ones.</summary>
internal sealed class IndexModel(ChallengeReader reader, IRepositories repositories, INotices notices, GatewayOptions options, SshState ssh, TimeProvider clock) : SignedInPage
{
    private const int Remembered = 30;

    public IReadOnlyList<RequestView> Waiting { get; private set; } = [];

    public IReadOnlyList<RequestView> Settled { get; private set; } = [];

    /// <summary>The next step while there is nothing to show.</summary>
    public string? FirstCommand { get; private set; }

    /// <summary>The same over SSH; null while that is not served.</summary>
    public string? FirstSshCommand { get; private set; }

    /// <summary>How much has happened to the account that the person has not read.</summary>
    public int Unread { get; private set; }

    public async Task OnGetAsync()
    {
        await LoadAsync();
        Unread = (await notices.ListAsync(Me.Id, Cancellation)).Count;
    }

    /// <summary>The lists alone, for the script that keeps the page current.</summary>
    public async Task<PartialViewResult> OnGetListsAsync()
    {
        await LoadAsync();
        return Partial("_Requests", this);
    }

    /// <summary>Only what waits, for the last page of set-up.</summary>
    public async Task<PartialViewResult> OnGetWaitingAsync()
    {
        await LoadAsync();
        return Partial("_Arriving", Waiting);
    }

    private async Task LoadAsync()
    {
        var now = clock.GetUtcNow();
        var all = reader.List(Me.Id, Remembered).Select(challenge => new RequestView(challenge, now)).ToList();
        Waiting = [.. all.Where(view => view.IsPending)];
        Settled = [.. all.Where(view => !view.IsPending)];
        if (all.Count == 0 && await repositories.VisibleToAsync(Me.Id, Cancellation) is [var first, ..])
        {
            FirstCommand = CloneLine.Command(options, Me.Name, first.Path);
            FirstSshCommand = CloneLine.SshCommand(ssh, first.Path);
        }
    }
}
