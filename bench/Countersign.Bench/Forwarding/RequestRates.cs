using System.Net.Http.Headers;
using System.Text;

namespace Countersign.Bench.Forwarding;

/// <summary>
/// How many <c>info/refs</c> a second come through, asked for by wrk with an access token: of version 2, as git asks by default,
/// and the ref list. The gateway gives capabilities of a moment ago again without asking and recording anew, so both are
/// measured: repositories that nobody asked for before, and one again and again.
/// </summary>
internal static class RequestRates
{
    public const int Connections = 64;

    /// <summary>Until code is compiled well: in the first seconds the compiler takes half of the processor.</summary>
    private const int WarmUpSeconds = 4;

    public static async Task RunAsync(IReadOnlyList<Route> routes, Measurements measured)
    {
        await RunAsync(routes, measured, Figure.Capabilities, ["Git-Protocol: version=2"], ConstantAnswers.Capabilities);
        await RunAsync(routes, measured, Figure.Repeated, ["Git-Protocol: version=2"], ConstantAnswers.Capabilities);
        await RunAsync(routes, measured, Figure.RefList, [], ConstantAnswers.RefList);
    }

    private static async Task RunAsync(IReadOnlyList<Route> routes, Measurements measured, Figure figure, string[] headers, string expected)
    {
        var asking = (Route[])[.. routes.Where(route => route.Takes(figure))];
        headers = [$"Authorization: {Names.Authorization}", $"User-Agent: {Names.UserAgent}", .. headers];
        foreach (var route in asking)
        {
            await RequireAsync(Url(route), headers, expected);
        }

        await Measurements.InTurnsAsync(asking, Settings.RateRounds, async (route, round) =>
        {
            var before = route.ProcessorSeconds;
            var seconds = round < 0 && figure == Figure.Capabilities ? WarmUpSeconds : Settings.RateSeconds;
            var (rate, count) = await Wrk.RunAsync(Url(route), figure == Figure.Capabilities, Connections, seconds, headers);
            if (round >= 0)
            {
                measured.Add(figure, route, rate);
                measured.Add(figure + 1, route, (route.ProcessorSeconds - before) / count * 1e6);
            }
        });
    }

    private static string Url(Route route) => route.Address(ConstantAnswers.Repository) + "/info/refs?service=git-upload-pack";

    /// <summary>Every way must answer the origin's very bytes: a quick error would be a good rate.</summary>
    private static async Task RequireAsync(string url, string[] headers, string expected)
    {
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        foreach (var header in headers)
        {
            request.Headers.TryAddWithoutValidation(header[..header.IndexOf(':', StringComparison.Ordinal)], header[(header.IndexOf(':', StringComparison.Ordinal) + 2)..]);
        }

        using var response = await client.SendAsync(request);
        var (body, type) = (await response.Content.ReadAsByteArrayAsync(), response.Content.Headers.ContentType);
        if (!response.IsSuccessStatusCode || !body.AsSpan().SequenceEqual(Encoding.ASCII.GetBytes(expected))
            || !Equals(type, MediaTypeHeaderValue.Parse("application/x-git-upload-pack-advertisement")))
        {
            throw new InvalidOperationException($"{url} answered {(int)response.StatusCode} {type}: {Encoding.UTF8.GetString(body)}");
        }
    }
}
