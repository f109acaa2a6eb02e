using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace Countersign.Demo;

/// <summary>
/// The simulated phone in a browser: what arrives, Approve and Deny. The address holds a secret and every answer is a form of this
/// page's own origin, so that no other page approves anything in passing.
/// </summary>
internal sealed class PhonePage(DuoSimulator simulator)
{
    private const string Style = """
        :root { color-scheme: light dark; --ink: #1d2226; --soft: #5c666e; --paper: #f5f4f0; --card: #fff; --line: #dcdad3; --yes: #17693f; --no: #a3271f; }
        @media (prefers-color-scheme: dark) { :root { --ink: #e8eaec; --soft: #a2adb5; --paper: #111416; --card: #1b2023; --line: #333a3f; --yes: #2f8f5b; --no: #c4463d; } }
        * { box-sizing: border-box; }
        body { margin: 0; padding: 1.5rem 1rem 3rem; background: var(--paper); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
        main { max-width: 26rem; margin: 0 auto; }
        h1 { font-size: 1.25rem; margin: 0 0 .25rem; } h2 { font-size: 1.125rem; margin: 0; }
        p { margin: .25rem 0 1rem; color: var(--soft); }
        article { background: var(--card); border: 1px solid var(--line); border-radius: 1rem; padding: 1.25rem; margin: 0 0 1rem; }
        dl { margin: .75rem 0 1rem; display: grid; grid-template-columns: max-content 1fr; gap: .25rem .875rem; }
        dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
        form { display: flex; flex-wrap: wrap; gap: .5rem; }
        button { flex: 1 1 8rem; min-height: 3rem; border: 0; border-radius: .75rem; font: inherit; font-weight: 600; color: #fff; background: var(--yes); cursor: pointer; }
        button.no { background: var(--no); } button.quiet { flex-basis: 100%; background: none; color: var(--no); min-height: 2.25rem; text-decoration: underline; }
        input { flex: 1 1 100%; min-height: 3rem; font: inherit; font-size: 1.25rem; padding: 0 .75rem; border: 1px solid var(--line); border-radius: .75rem; background: var(--paper); color: inherit; }
        label { flex: 1 1 100%; color: var(--soft); }
        button:focus-visible, input:focus-visible { outline: 3px solid currentColor; outline-offset: 2px; }
        .done { color: var(--soft); font-size: .875rem; } code { font-size: 1.125rem; letter-spacing: .08em; color: var(--ink); }
        """;

    private static readonly string StyleHash = Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(Style.ReplaceLineEndings("\n"))));

    public string Path { get; } = $"/phone/{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16))}";

    public async Task AnswerAsync(HttpContext context)
    {
        var (request, response) = (context.Request, context.Response);
        if (request.Path != Path)
        {
            response.StatusCode = 404;
            return;
        }

        response.Headers.ContentSecurityPolicy = $"default-src 'none'; style-src 'sha256-{StyleHash}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
        response.Headers.CacheControl = "no-store";
        response.Headers["Referrer-Policy"] = "same-origin";
        if (HttpMethods.IsPost(request.Method))
        {
            await ReplyAsync(context);
            return;
        }

        response.ContentType = "text/html; charset=utf-8";
        await response.WriteAsync(Html(), context.RequestAborted);
    }

    private async Task ReplyAsync(HttpContext context)
    {
        if (context.Request.Headers.Origin != $"http://{context.Request.Host}")
        {
            context.Response.StatusCode = 403;
            return;
        }

        var form = await context.Request.ReadFormAsync(context.RequestAborted);
        if (simulator.Pushes.FirstOrDefault(push => push.Txid == form["txid"]) is { } asked)
        {
            _ = form["answer"].ToString() switch
            {
                "approve" when asked.Code is null => asked.Reply(PhoneAnswer.Approve),
                "approve" => asked.TypeCode(form["code"].ToString().Trim()),
                "fraud" => asked.Reply(PhoneAnswer.Fraud),
                _ => asked.Reply(PhoneAnswer.Deny),
            };
        }

        context.Response.StatusCode = 303;
        context.Response.Headers.Location = Path;
    }

    private string Html()
    {
        var waiting = simulator.Pushes.Where(push => !push.Answer.IsCompleted).OrderByDescending(push => push.At).ToList();
        var page = new StringBuilder("<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Phone</title><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">");
        if (!waiting.Exists(push => push.Code is not null))
        {
            page.Append("<meta http-equiv=\"refresh\" content=\"1\">"); // not while a number is being typed
        }

        page.Append(CultureInfo.InvariantCulture, $"<style>{Style.ReplaceLineEndings("\n")}</style></head><body><main><h1>Simulated phone</h1>");
        page.Append(waiting.Count == 0 ? "<p role=\"status\">Nothing waits. Run a Git command; this page looks again every second.</p>" : "<p>Pushes arrive here as they would in Duo Mobile.</p>");
        foreach (var push in waiting)
        {
            Card(page, push);
        }

        foreach (var user in simulator.Users.Values.Where(user => user.Passcodes.Count > 0))
        {
            page.Append(CultureInfo.InvariantCulture, $"<p>Passcode of {Text(user.Name)}, for signing in to the pages: <code>{Text(user.Passcodes.Order(StringComparer.Ordinal).First())}</code></p>");
        }

        foreach (var push in simulator.Pushes.Where(push => push.Answer.IsCompletedSuccessfully).OrderByDescending(push => push.At).Take(5))
        {
            page.Append(CultureInfo.InvariantCulture, $"<p class=\"done\">{Text(push.Type)}: {(push.Answer.Result is PhoneAnswer.Approve ? "approved" : push.Answer.Result is PhoneAnswer.Timeout ? "not answered" : "denied")}</p>");
        }

        return page.Append("</main></body></html>").ToString();
    }

    private static void Card(StringBuilder page, SimulatedPush push)
    {
        page.Append(CultureInfo.InvariantCulture, $"<article><h2>{Text(push.Type)} request</h2><dl><dt>For</dt><dd>{Text(push.DisplayName)}</dd>");
        foreach (var (name, value) in push.Info)
        {
            page.Append(CultureInfo.InvariantCulture, $"<dt>{Text(name)}</dt><dd>{Text(value)}</dd>");
        }

        page.Append(CultureInfo.InvariantCulture, $"</dl><form method=\"post\"><input type=\"hidden\" name=\"txid\" value=\"{Text(push.Txid)}\">");
        if (push.Code is not null)
        {
            page.Append("<label for=\"code\">The number that your terminal shows</label><input id=\"code\" name=\"code\" inputmode=\"numeric\" autocomplete=\"off\">");
        }

        page.Append("<button name=\"answer\" value=\"approve\">Approve</button><button class=\"no\" name=\"answer\" value=\"deny\">Deny</button>"
            + "<button class=\"quiet\" name=\"answer\" value=\"fraud\">This wasn't me</button></form></article>");
    }

    private static string Text(string text) => WebUtility.HtmlEncode(text);
}
