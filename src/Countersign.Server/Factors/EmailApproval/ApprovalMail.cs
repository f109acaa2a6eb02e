using Countersign.Core.Challenges;
using Countersign.Server.Mail;
using Countersign.Server.Web.Views;

namespace Countersign.Server.Factors.EmailApproval;

/// <summary>The mail that asks. It shows what the approval page shows, from the same <see cref="RequestView"/>; a folded row of the page is a row here.</summary>
internal static class ApprovalMail
{
    /// <summary>More refs than this are counted, not listed: the dangerous ones come first, and the page has them all.</summary>
    private const int RowsShown = 200;

    /// <param name="challenge">What is asked.</param>
    /// <param name="now">When.</param>
    /// <param name="url">The configured address: links never come from a request.</param>
    /// <param name="token">Of this mail's links.</param>
    public static OutgoingMail Of(Challenge challenge, DateTimeOffset now, Uri url, string token)
    {
        var view = new RequestView(challenge, now);
        var link = $"{url.GetLeftPart(UriPartial.Authority)}/m/{token}";
        var layout = new MailLayout($"{view.Operation}? Request {view.Id}").Heading($"{view.Operation}?");
        if (view.Note is { } note)
        {
            layout.Paragraph(note);
        }

        if (view.Rows.Count > 1 || view.IsDangerous)
        {
            layout.Paragraph(RefRow.Summary(view.Rows));
        }

        foreach (var row in view.Rows.Take(RowsShown))
        {
            layout.Row(Words(row), row.IsDangerous);
        }

        if (view.Rows.Count > RowsShown)
        {
            layout.Paragraph($"and {view.Rows.Count - RowsShown} more; the page shows all of them.");
        }

        return layout
            .Gap()
            .Facts(FactsOf(view))
            .Link("Approve", link)
            .Link("Deny", $"{link}/deny", quiet: true)
            .Small("Approve opens a page that asks for the six-digit number in your terminal. Opening it approves nothing. If you did not run this command: deny it.")
            .Small($"Not you? {url.GetLeftPart(UriPartial.Authority)}/a/{view.Id}/report")
            .Write();
    }

    private static IEnumerable<(string, string)> FactsOf(RequestView view)
    {
        var challenge = view.Challenge;
        yield return ("Who", $"{challenge.PrincipalName}, with {Web.Views.Words.OfCredential(challenge.Credential.Id)}{challenge.Credential.Label}");
        yield return ("From", challenge.Client.ToString());
        yield return ("Client", view.Client);
        yield return ("Asked", $"{challenge.CreatedAt.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC");
        yield return ("Open until", $"{challenge.ExpiresAt.UtcDateTime:HH:mm:ss} UTC");
        yield return ("Request", view.Id);
        foreach (var option in challenge.Command.PushOptions)
        {
            yield return ("Push option", option);
        }
    }

    /// <summary>As the page's row, in one line.</summary>
    private static string Words(RefRow row)
    {
        var mark = row.Mark is { } marked ? $"[{marked}] " : "";
        var kind = row.Kind == "branch" ? "" : $" ({row.Kind})";
        var ids = row switch
        {
            { Old: { } old, New: { } current } => $"{old} -> {current}",
            { Old: { } gone } => $"was {gone}",
            _ => $"at {row.New}",
        };
        return $"{mark}{row.Name}{kind}  {ids}{(row.Commits is { } commits ? $"  {commits}" : "")}";
    }
}
