using System.Text;
using System.Text.Encodings.Web;
using Countersign.Server.Web.Views;

namespace Countersign.Server.Mail;

/// <summary>
/// Lays out one mail in both forms at once, so that they cannot say different things. Text passes <see cref="VisibleText"/> and the
/// encoder, whoever wrote it. No picture, no remote style: nothing tells a stranger that it was opened.
/// </summary>
internal sealed class MailLayout(string subject)
{
    private const string Font = "font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";
    private const string Mono = "font-family:ui-monospace,Menlo,Consolas,monospace";
    private readonly StringBuilder text = new();
    private readonly StringBuilder html = new();

    public MailLayout Heading(string words) => Add(words, $"""<h1 style="font-size:22px;line-height:1.25;margin:0 0 16px">{Shown(words)}</h1>""");

    public MailLayout Paragraph(string words) => Add(words, $"""<p style="margin:0 0 16px">{Shown(words)}</p>""");

    public MailLayout Small(string words) => Add(words, $"""<p style="margin:16px 0 0;font-size:14px;color:#5c5f66">{Shown(words)}</p>""");

    public MailLayout Code(string code) => Add($"    {code}", $"""<p style="margin:0 0 16px;font-size:32px;letter-spacing:4px;{Mono}">{Shown(code)}</p>""");

    /// <summary>Rows of a name and what it is.</summary>
    public MailLayout Facts(IEnumerable<(string Name, string Value)> facts)
    {
        foreach (var (name, value) in facts)
        {
            text.Append(VisibleText.Of(name)).Append(": ").Append(VisibleText.Of(value)).Append('\n');
            html.Append($"""<p style="margin:0 0 4px"><span style="color:#5c5f66">{Shown(name)}</span> {Shown(value)}</p>""");
        }

        text.Append('\n');
        html.Append("""<p style="margin:0 0 12px"></p>""");
        return this;
    }

    /// <summary>One line of several; what loses something stands out.</summary>
    public MailLayout Row(string words, bool danger)
    {
        text.Append(danger ? "! " : "  ").Append(VisibleText.Of(words)).Append('\n');
        html.Append($"""<p style="margin:0 0 6px;padding:6px 10px;border-left:4px solid {(danger ? "#b3261e" : "#c9cbd1")};{Mono};font-size:14px;overflow-wrap:anywhere{(danger ? ";color:#b3261e" : "")}">{Shown(words)}</p>""");
        return this;
    }

    public MailLayout Gap()
    {
        text.Append('\n');
        html.Append("""<p style="margin:0 0 12px"></p>""");
        return this;
    }

    /// <param name="words">What it does.</param>
    /// <param name="address">One of ours.</param>
    /// <param name="quiet">Not the first thing to press.</param>
    public MailLayout Link(string words, string address, bool quiet = false)
    {
        text.Append(VisibleText.Of(words)).Append(":\n").Append(address).Append("\n\n");
        var look = quiet ? "background:#ffffff;color:#b3261e;border:1px solid #b3261e" : "background:#1f5f4a;color:#ffffff;border:1px solid #1f5f4a";
        html.Append($"""<p style="margin:0 0 12px"><a href="{HtmlEncoder.Default.Encode(address)}" style="display:inline-block;padding:12px 22px;border-radius:8px;text-decoration:none;font-weight:600;{look}">{Shown(words)}</a></p>""");
        return this;
    }

    public OutgoingMail Write() => new(
        subject,
        text.ToString().TrimEnd('\n') + "\n",
        $"""
        <!doctype html>
        <html lang="en"><head><meta charset="utf-8"><title>{Shown(subject)}</title><meta name="viewport" content="width=device-width"><meta name="referrer" content="no-referrer"></head>
        <body style="margin:0;padding:24px 12px;background:#f5f4f0;color:#1b1d21;{Font};font-size:16px;line-height:1.5">
        <div style="max-width:560px;margin:0 auto;padding:24px;background:#ffffff;border:1px solid #e3e1da;border-radius:12px">
        <p style="margin:0 0 20px;font-size:14px;font-weight:600;color:#1f5f4a">Countersign</p>
        {html}
        </div></body></html>

        """);

    private MailLayout Add(string words, string markup)
    {
        text.Append(VisibleText.Of(words)).Append("\n\n");
        html.Append(markup).Append('\n');
        return this;
    }

    private static string Shown(string words) => $"<bdi>{HtmlEncoder.Default.Encode(VisibleText.Of(words))}</bdi>";
}
