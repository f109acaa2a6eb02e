using System.Globalization;
using Countersign.Server.Web.Security;
using Microsoft.AspNetCore.Mvc;

namespace Countersign.Server.Web.Pages;

/// <summary>The last records of the audit log, for administrators.</summary>
[Administrators]
internal sealed class AuditModel(AuditSearch log) : SignedInPage
{
    private const int Shown = 100;

    [BindProperty(SupportsGet = true, Name = "q")]
    public string? Search { get; set; }

    /// <summary>A day (UTC) as the date field sends it.</summary>
    [BindProperty(SupportsGet = true)]
    public string? Since { get; set; }

    public IReadOnlyList<AuditLine> Lines { get; private set; } = [];

    public bool MayBeMore => Lines.Count == Shown;

    public async Task OnGetAsync()
    {
        DateTimeOffset? since = null;
        if (!string.IsNullOrEmpty(Since))
        {
            if (DateOnly.TryParseExact(Since, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day))
            {
                since = new(day.ToDateTime(TimeOnly.MinValue, DateTimeKind.Utc));
            }
            else
            {
                Trouble = "Write the day as 2026-11-30.";
            }
        }

        Lines = await log.LastAsync(string.IsNullOrWhiteSpace(Search) ? null : Search.Trim(), since, Shown, Cancellation);
    }
}
