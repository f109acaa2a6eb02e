using Countersign.Core.Identities;

namespace Countersign.Server.Upstreams.Passed;

/// <summary>
/// How many credentials that nobody has verified yet reach a Git host through us: hosts lock people out after a few wrong
/// ones (Bitbucket asks for a CAPTCHA after five), and guessing through the gateway must not be a way to do that to somebody,
/// nor to guess faster than the host itself would let one. Counted before sending, by the name as it was typed.
/// </summary>
internal sealed class AttemptBounds(TimeProvider clock)
{
    public const int PerName = 5;
    public const int PerNetwork = 30;
    private const int Max = 100_000;
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);
    private readonly Lock gate = new();
    private readonly Dictionary<string, (DateTimeOffset Since, int Count)> counts = [];

    /// <summary>Null when it may be sent no more; else to be given back when the credential turned out to be good.</summary>
    /// <param name="upstream">Where.</param>
    /// <param name="userName">As typed; null for a bearer token, which is counted by its network alone.</param>
    /// <param name="client">From where.</param>
    /// <param name="trusted">It was good before: no spray of others keeps it out.</param>
    public Reservation? Reserve(UpstreamDefinition upstream, string? userName, ClientAddress client, bool trusted)
    {
        var rules = new List<(string Subject, int Limit)> { ($"network|{client.Network}", PerNetwork) };
        if (userName is not null)
        {
            rules.Add(($"name|{upstream.Name}|{userName.Trim().ToLowerInvariant()}", PerName));
        }

        lock (gate)
        {
            var now = clock.GetUtcNow();
            if (!trusted && rules.Exists(rule => CountOf(rule.Subject, now) >= rule.Limit))
            {
                return null;
            }

            if (counts.Count >= Max)
            {
                foreach (var old in counts.Where(entry => now - entry.Value.Since >= Window).Select(entry => entry.Key).ToList())
                {
                    counts.Remove(old);
                }

                if (counts.Count >= Max && !trusted)
                {
                    return null; // a spray of names from everywhere: nobody new until it ends
                }
            }

            foreach (var (subject, _) in rules)
            {
                var count = CountOf(subject, now);
                counts[subject] = (count == 0 ? now : counts[subject].Since, count + 1);
            }

            return new([.. rules.Select(rule => rule.Subject)]);
        }
    }

    public void Return(Reservation reservation)
    {
        lock (gate)
        {
            foreach (var subject in reservation.Subjects)
            {
                if (counts.TryGetValue(subject, out var counted) && counted.Count > 0)
                {
                    counts[subject] = counted with { Count = counted.Count - 1 };
                }
            }
        }
    }

    private int CountOf(string subject, DateTimeOffset now) => counts.TryGetValue(subject, out var counted) && now - counted.Since < Window ? counted.Count : 0;

    internal sealed record Reservation(IReadOnlyList<string> Subjects);
}
