using System.Security.Cryptography;
using System.Text;
using Countersign.Core.Git;
using Countersign.Core.Identities;

namespace Countersign.Server.Upstreams.Passed;

/// <summary>
/// Verdicts of Git hosts, each remembered for a minute under a keyed hash: of the credential nothing is kept. One credential is
/// asked about once at a time, and once refused it is not sent again within that minute, so that a client that repeats
/// itself, or clones ten submodules at once, locks nobody out.
/// </summary>
internal sealed class HostVerdicts(HostChecks checks, AttemptBounds bounds, UpstreamStates states, TimeProvider clock)
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(60);

    private const int Max = 50_000;
    private readonly byte[] key = RandomNumberGenerator.GetBytes(32); // a memory of this process, worth nothing to any other
    private readonly Lock gate = new();
    private readonly Dictionary<string, Flight> flights = [];
    private readonly Dictionary<string, (DateTimeOffset Until, HostVerdict Verdict)> verdicts = [];
    private readonly HashSet<string> trusted = [];

    public async Task<HostVerdict> OfAsync(UpstreamPlace place, GitService service, PresentedCredential credential, ClientAddress client, CancellationToken cancellation)
    {
        var mark = MarkOf(place.Upstream, credential);
        var scope = $"{mark}|{HostChecks.ScopeOf(place)}";
        while (true)
        {
            Flight? flight;
            var isMine = false;
            lock (gate)
            {
                if ((Find(scope) ?? Find(mark)) is { } known)
                {
                    return known;
                }

                if (!flights.TryGetValue(mark, out flight))
                {
                    isMine = true;
                    flights[mark] = flight = new(scope);
                }
            }

            if (isMine)
            {
                _ = RunAsync(flight, mark, place, service, credential, client); // goes on when this client leaves: others may have joined
            }

            var verdict = await flight.Verdict.Task.WaitAsync(cancellation);
            if (flight.Scope == scope)
            {
                return verdict;
            }
        }
    }

    private async Task RunAsync(Flight flight, string mark, UpstreamPlace place, GitService service, PresentedCredential credential, ClientAddress client)
    {
        var until = clock.GetUtcNow() + Lifetime;
        try
        {
            var verdict = await AskAsync(mark, place, service, credential, client);
            lock (gate)
            {
                flights.Remove(mark);
                Remember(flight.Scope, mark, verdict, until);
            }

            flight.Verdict.SetResult(verdict);
        }
        catch (Exception failure)
        {
            lock (gate)
            {
                flights.Remove(mark);
            }

            flight.Verdict.SetException(failure); // whoever waits denies
        }
    }

    private async Task<HostVerdict> AskAsync(string mark, UpstreamPlace place, GitService service, PresentedCredential credential, ClientAddress client)
    {
        bool wasGood;
        lock (gate)
        {
            wasGood = trusted.Contains(mark);
        }

        if (bounds.Reserve(place.Upstream, credential.UserName, client, wasGood) is not { } reservation)
        {
            return new HostVerdict.Throttled();
        }

        try
        {
            var verdict = await checks.AskAsync(place, service, credential, CancellationToken.None);
            states.Reached(place.Upstream.Name);
            if (verdict is HostVerdict.Known)
            {
                bounds.Return(reservation);
            }

            return verdict;
        }
        catch (UpstreamSilentException silent)
        {
            states.Failed(place.Upstream.Name, silent.Message);
            bounds.Return(reservation);
            return new HostVerdict.Silent(silent.Message);
        }
    }

    private void Remember(string scope, string mark, HostVerdict verdict, DateTimeOffset until)
    {
        if (verdict is HostVerdict.Silent or HostVerdict.Throttled)
        {
            return;
        }

        MakeRoom();
        verdicts[scope] = (until, verdict);
        switch (verdict)
        {
            case HostVerdict.Known when trusted.Count < Max:
                trusted.Add(mark);
                break;
            case HostVerdict.Refused { Everywhere: true }:
                trusted.Remove(mark);
                verdicts[mark] = (until, verdict);
                break;
        }
    }

    private HostVerdict? Find(string scope)
    {
        if (!verdicts.TryGetValue(scope, out var found))
        {
            return null;
        }

        if (found.Until > clock.GetUtcNow())
        {
            return found.Verdict;
        }

        verdicts.Remove(scope);
        return null;
    }

    /// <summary>What can be asked again goes first: a refusal that is forgotten would be sent again.</summary>
    private void MakeRoom()
    {
        if (verdicts.Count < Max)
        {
            return;
        }

        var now = clock.GetUtcNow();
        foreach (var old in verdicts.Where(entry => entry.Value.Until <= now || entry.Value.Verdict is not HostVerdict.Refused).Select(entry => entry.Key).ToList())
        {
            verdicts.Remove(old);
        }
    }

    /// <summary>The credential at this host, as it is described now.</summary>
    private string MarkOf(UpstreamDefinition upstream, PresentedCredential credential) => Convert.ToHexString(HMACSHA256.HashData(
        key, Encoding.UTF8.GetBytes($"{upstream.Name}\n{upstream.Base}\n{upstream.Path}\n{upstream.Identity}\n{credential.Passed.Reveal()}")));

    private sealed class Flight(string scope)
    {
        public string Scope => scope;

        public TaskCompletionSource<HostVerdict> Verdict { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
