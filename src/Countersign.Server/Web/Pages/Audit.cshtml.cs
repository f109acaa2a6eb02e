using System.Globalization;
using Countersign.Server.Web.Security;
using Microsoft.AspNetCore.Mvc;

namespace Countersign.Server.Web.Pages;

/// <summary>The last records of the audit log, for administrators.</summary>
[Administrators]
internal sealed class AuditModel(AuditSearch log) : SignedInPage
{
    private const int Limit = 100;
    private const int LongId = 24;
    private const int IdShown = 8;

    [BindProperty(SupportsGet = true, Name = "q")]
    public string? Search { get; set; }

    /// <summary>A day (UTC) as the date field sends it.</summary>
    [BindProperty(SupportsGet = true)]
    public string? Since { get; set; }

    public IReadOnlyList<AuditLine> Lines { get; private set; } = [];

    public bool MayBeMore => Lines.Count == Limit;

    /// <summary>Of ids and digests the first digits, which tell them apart; the whole is there on hover, to search by and in the export.</summary>
    public static string Shown(string value) => value.Length >= LongId && value.All(char.IsAsciiHexDigit) ? value[..IdShown] : value;

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

        Lines = await log.LastAsync(string.IsNullOrWhiteSpace(Search) ? null : Search.Trim(), since, Limit, Cancellation);
    }
}
