namespace Countersign.Bench.Forwarding;

/// <summary>The gateway before another Git host, beside other ways to stand there, all before the same origin and in one run.</summary>
internal static class ForwardingSuite
{
    public static Task RunAsync(string folder, Report report) => RunAsync(folder, report, transfers: true);

    /// <summary>Request rates and listings alone: what a decision costs, in two minutes.</summary>
    public static Task RunRatesAsync(string folder, Report report) => RunAsync(folder, report, transfers: false);

    private static async Task RunAsync(string folder, Report report, bool transfers)
    {
        await using var origin = await Origin.StartAsync(Path.Combine(folder, "origin"));
        var measured = new Measurements();
        var routes = new List<Route>();
        try
        {
            await StartAsync(folder, origin, routes);
            await RequestRates.RunAsync(routes, measured);
            await Listings.RunAsync(routes, measured);
            if (transfers)
            {
                await Transfers.RunAsync(folder, origin, routes, measured);
            }
        }
        finally
        {
            foreach (var route in routes)
            {
                await route.DisposeAsync();
            }
        }

        measured.Report(report, routes);
        if (transfers)
        {
            await PushMemory.RunAsync(Path.Combine(folder, "memory"), origin, report);
        }
    }

    /// <summary>In the order of their turns: each next to those that it is judged by.</summary>
    private static async Task StartAsync(string folder, Origin origin, List<Route> routes)
    {
        string Of(string name) => Path.Combine(folder, name);
        routes.Add(new DirectRoute(origin));
        routes.Add(await HaproxyRoute.StartAsync(Of("haproxy"), origin));
        routes.Add(await NginxRoute.AskingAsync(Of("asking"), origin));
        routes.Add(await ForwardAuthRoute.StartAsync(Of("forward-auth"), origin));
        routes.Add(await AcceleratedRoute.StartAsync(Of("accelerated"), origin));
        routes.Add(await NginxRoute.PlainAsync(Of("nginx"), origin));
        var streaming = await StreamingRoute.StartAsync(Of("streaming"), origin);
        routes.Add(streaming);
        routes.Add(await FloorRoute.StartAsync(origin));
        routes.Add(new HeldRoute(streaming));
    }
}
