namespace Countersign.Bench.Forwarding;

/// <summary>
/// <c>git ls-remote</c> as git does it by default: version 2, two requests, and through the gateway the redirect that it ships
/// with. The origin answers constant bytes, so that git itself and what stands between are all that takes time.
/// </summary>
internal static class Listings
{
    public static Task RunAsync(IReadOnlyList<Route> routes, Measurements measured) =>
        Measurements.InTurnsAsync([.. routes.Where(route => route.Takes(Figure.Listing))], Settings.Listings, async (route, round) =>
        {
            var time = await Git.TimeAsync(null, [.. Names.Credentials, "ls-remote", route.Address(ConstantAnswers.Repository)]);
            if (round >= 0)
            {
                measured.Add(Figure.Listing, route, time.TotalMilliseconds);
            }
        });
}
