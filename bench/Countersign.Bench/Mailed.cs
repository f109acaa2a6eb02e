using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;

namespace Countersign.Bench;

/// <summary>
/// Commands whose people are asked by email, through a real SMTP server: how long an approval on the mail's page takes until
/// the client has its answer, and how fast mails leave. The mail's own way is not in the first of the two.
/// </summary>
internal static partial class Mailed
{
    private const int WarmUp = 50;
    private const int Singles = 300;

    public static async Task RunAsync(string folder, Report report)
    {
        var data = Path.Combine(folder, "data");
        await ServerProcess.SeedAsync(data, WarmUp + Singles);
        await using var mail = await MailPeer.StartAsync();
        await using var server = await ServerProcess.GatewayAsync(
            data, local: false, "Holds:HttpsSeconds=600", "Holds:KeepAliveSeconds=60", "Holds:ChallengeSeconds=600", "Holds:PerNetwork=1000000",
            "Mail:Host=localhost", string.Create(CultureInfo.InvariantCulture, $"Mail:Port={mail.Port}"), "Mail:Security=none", "Mail:From=git@localhost", "Factors:EmailApproval:Enabled=true");
        await server.RequireAsync("switch-on-mail");
        var clients = new RawClient[WarmUp + Singles];
        var start = Stopwatch.GetTimestamp();
        for (var number = 0; number < clients.Length; number++)
        {
            clients[number] = await RawClient.ConnectAsync(server.Port);
            await clients[number].SendAsync(RawClient.InfoRefs(number));
        }

        var links = await mail.LinksAsync(clients.Length);
        var rate = clients.Length / Stopwatch.GetElapsedTime(start).TotalSeconds;
        await server.AskAsync("look");
        var singles = new List<double>();
        for (var number = 0; number < clients.Length; number++)
        {
            var time = await ApproveAsync(server, links[Names.Person(number)], await server.AskAsync(string.Create(CultureInfo.InvariantCulture, $"number {number}")), clients[number]);
            if (number >= WarmUp)
            {
                singles.Add(time.TotalMilliseconds);
            }
        }

        Array.ForEach(clients, client => client.Dispose());
        var p99 = singles.ToArray().Percentile(0.99);
        report.Add("mails that ask for an approval, sent", rate, null, "/s");
        report.Add("approval by email to release, p50", singles.ToArray().Median(), null, "ms");
        report.Add("approval by email to release, p99", p99, null, "ms", "<= 250 ms", p99 <= 250);
    }

    /// <summary>Opens the mail's link as a browser does, types the number, and times from the form's sending to the client's first byte.</summary>
    private static async Task<TimeSpan> ApproveAsync(ServerProcess server, string link, string number, RawClient client)
    {
        // Cookies by hand: to a browser http://localhost is safe enough for theirs, to .NET it is not.
        using var handler = new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false };
        using var browser = new HttpClient(handler) { BaseAddress = new Uri(link) };
        using var led = await browser.GetAsync(link);
        var page = new Uri(browser.BaseAddress, led.Headers.Location!);
        browser.DefaultRequestHeaders.Add("Cookie", string.Join("; ", CookiesOf(led)));
        using var opened = await browser.GetAsync(page);
        var key = FormKey().Match(await opened.Content.ReadAsStringAsync()).Groups[1].Value;
        using var form = new HttpRequestMessage(HttpMethod.Post, new UriBuilder(page) { Query = "handler=Approve" }.Uri)
        {
            Content = new FormUrlEncodedContent([new("number", number), new("form-key", WebUtility.HtmlDecode(key))]),
            Headers = { { "Origin", page.GetLeftPart(UriPartial.Authority) }, { "Cookie", string.Join("; ", CookiesOf(led).Concat(CookiesOf(opened))) } },
        };
        var answer = client.ReceiveAsync();
        var start = Stopwatch.GetTimestamp();
        using var sent = await browser.SendAsync(form);
        if (!sent.IsSuccessStatusCode)
        {
            throw new InvalidOperationException($"the form was answered {(int)sent.StatusCode}");
        }

        var (first, status) = await answer.WaitAsync(TimeSpan.FromSeconds(30));
        return status == 200 ? Stopwatch.GetElapsedTime(start, first) : throw new InvalidOperationException($"answered {status}");
    }

    private static IEnumerable<string> CookiesOf(HttpResponseMessage answer) =>
        answer.Headers.TryGetValues("Set-Cookie", out var cookies) ? cookies.Select(cookie => cookie.Split(';')[0]) : [];

    [GeneratedRegex("name=\"form-key\"[^>]* value=\"([^\"]+)\"")]
    private static partial Regex FormKey();
}
