using System.Diagnostics;
using System.Globalization;
using System.Net;
using Countersign.Core.Identities;
using Countersign.Server;
using Countersign.Server.Enforcement;
using Countersign.Server.Factors.Totp;
using Countersign.Server.People;

namespace Countersign.Bench;

/// <summary>
/// Somebody guesses at one person's code, hundreds at once, round after round, and waits out every delay between them. Counted
/// is how many guesses were compared with the right code at all. Each asks through the factor itself, below every surface.
/// </summary>
internal static class Guesses
{
    private const int AtOnce = 500;
    private const int Limit = 10;
    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(6); // longer than the longest delay

    public static async Task RunAsync(string folder, Report report)
    {
        var clock = new MovedClock();
        var options = new GatewayOptions { Data = Path.Combine(folder, "data"), Http = new(IPAddress.Loopback, 0), Url = new("http://localhost") };
        using var data = DataFolder.Open(options);
        await using var app = Gateway.Build(options, new ConfigurationBuilder().Build(), replace => replace.AddSingleton<TimeProvider>(clock));
        await app.StartAsync();
        var principal = await AddPersonAsync(app.Services);
        var factor = app.Services.GetRequiredService<TotpFactor>();
        var (evaluated, start) = (0, Stopwatch.GetTimestamp());
        for (var round = 0; round < Settings.GuessRounds; round++)
        {
            var purpose = new ProofPurpose("approve", round.ToString(CultureInfo.InvariantCulture), ""); // a new request each round
            var results = await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(guess => Task.Run(() =>
                factor.VerifyAsync(principal, purpose, new($"{guess * 1999:000000}", null), CancellationToken.None))));
            evaluated += results.Count(result => result.Failure is FactorFailure.Refused or FactorFailure.None);
            clock.Advance(Pause);
        }

        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        await app.StopAsync();
        report.Add($"guesses evaluated of {Settings.GuessRounds} rounds of {AtOnce} wrong codes at once", evaluated, null, "codes", $"<= {Limit}", evaluated <= Limit);
        report.Add("guesses answered", Settings.GuessRounds * AtOnce / seconds, null, "/s");
    }

    private static async Task<Principal> AddPersonAsync(IServiceProvider services)
    {
        var people = services.GetRequiredService<IPeople>();
        var added = await people.AddAsync("guessed", "guessed@example.org", null, false, "bench", CancellationToken.None);
        var app = await services.GetRequiredService<IFactorEnrolment>().AddTotpAsync("guessed", "bench", CancellationToken.None);
        return app.Refusal is null && people.FindPrincipal(added.Value!.Id) is { } principal ? principal : throw new InvalidOperationException("the person was not added");
    }

    private sealed class MovedClock : TimeProvider
    {
        private TimeSpan moved;

        public void Advance(TimeSpan by) => moved += by;

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + moved;
    }
}
