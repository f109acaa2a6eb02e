using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Countersign.Core.Challenges;
using Countersign.Core.Identities;

namespace Countersign.Server.Enforcement;

/// <summary>
/// Wakes who waits: held commands by challenge, open pages by person. Carries wake-ups, never truth: whoever wakes reads the
/// ledger. A waiting command is one task completion source; it costs no thread.
/// </summary>
internal sealed class ChallengeAnnouncements
{
    private readonly ConcurrentDictionary<ChallengeId, Waiters> waiting = new();
    private readonly ConcurrentDictionary<PrincipalId, Watchers> watching = new();

    private volatile bool closed;

    /// <summary>Commands held right now.</summary>
    public int Waiting => waiting.Values.Sum(waiters => waiters.Count);

    public Waiter Wait(ChallengeId id)
    {
        while (true)
        {
            var waiters = waiting.GetOrAdd(id, static _ => new Waiters());
            if (waiters.TryAdd() is { } waiter)
            {
                if (closed)
                {
                    waiters.Wake();
                }

                return waiter.In(this, id, waiters);
            }
        }
    }

    /// <summary>The gateway stops: whoever waits is woken and told to run the command again, and nobody waits any more.</summary>
    public void Close()
    {
        closed = true;
        foreach (var (_, waiters) in waiting)
        {
            waiters.Wake();
        }

        foreach (var (_, watchers) in watching)
        {
            watchers.Close();
        }
    }

    /// <summary>Raised after a challenge was settled: approved, or at its end.</summary>
    public event Action<ChallengeId>? Settled;

    /// <summary>Tells of a stored change. Held commands wake unless the challenge still is pending.</summary>
    public void Announce(Challenge challenge)
    {
        if (challenge.State is not ChallengeState.Pending)
        {
            if (waiting.TryGetValue(challenge.Id, out var waiters))
            {
                waiters.Wake();
            }

            Settled?.Invoke(challenge.Id);
        }

        if (watching.TryGetValue(challenge.PrincipalId, out var watchers))
        {
            watchers.Tell(challenge);
        }
    }

    /// <summary>Another line for the terminals whose commands wait for this challenge, and for the person's open pages.</summary>
    public void Say(Challenge challenge, IReadOnlyList<string> lines)
    {
        Say(challenge.Id, lines);
        if (watching.TryGetValue(challenge.PrincipalId, out var watchers))
        {
            watchers.Tell(challenge);
        }
    }

    /// <summary>
    /// For the terminals whose commands wait for this challenge, also for those that join later; nowhere when none waits.
    /// Given whole each time, so that it does not matter who was there for which line, nor in which order two calls come.
    /// </summary>
    public void Say(ChallengeId id, IReadOnlyList<string> lines)
    {
        if (waiting.TryGetValue(id, out var waiters))
        {
            waiters.Say(lines);
        }
    }

    /// <summary>The person's challenges as they change; when a reader is slow, the oldest news are dropped.</summary>
    public async IAsyncEnumerable<Challenge> WatchAsync(PrincipalId principal, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var channel = Channel.CreateBounded<Challenge>(new BoundedChannelOptions(64) { FullMode = BoundedChannelFullMode.DropOldest });
        var watchers = watching.GetOrAdd(principal, static _ => new Watchers());
        watchers.Add(channel);
        try
        {
            await foreach (var challenge in channel.Reader.ReadAllAsync(cancellation))
            {
                yield return challenge;
            }
        }
        finally
        {
            watchers.Remove(channel);
        }
    }

    /// <summary>One held command; <see cref="Leave"/> when it waits no more.</summary>
    internal sealed class Waiter(Waiters lines)
    {
        private ChallengeAnnouncements? owner;
        private ChallengeId? id;
        private Waiters? group;
        private int taken;

        /// <summary>There is a verdict, or the gateway stops.</summary>
        public bool IsWoken => lines.IsWoken;

        public Waiter In(ChallengeAnnouncements announcements, ChallengeId challenge, Waiters waiters)
        {
            (owner, id, group) = (announcements, challenge, waiters);
            return this;
        }

        /// <summary>The lines to show that this command has not shown yet, and what completes when there is more of them or it is woken.</summary>
        public (IReadOnlyList<string> Lines, Task More) TakeNews() => lines.TakeNews(ref taken);

        /// <returns>True when nobody waits for this challenge any more.</returns>
        public bool Leave()
        {
            if (Interlocked.Exchange(ref group, null) is not { } waiters || !waiters.Remove())
            {
                return false;
            }

            owner!.waiting.TryRemove(new(id!, waiters));
            return true;
        }
    }

    internal sealed class Waiters
    {
        private readonly Lock gate = new();
        private TaskCompletionSource changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private IReadOnlyList<string> lines = [];
        private int count;
        private bool closed;

        public int Count => count;

        public bool IsWoken { get; private set; }

        public void Wake()
        {
            lock (gate)
            {
                IsWoken = true;
                changed.TrySetResult();
            }
        }

        public void Say(IReadOnlyList<string> all)
        {
            lock (gate)
            {
                if (all.Count > lines.Count)
                {
                    lines = all;
                    changed.TrySetResult();
                }
            }
        }

        public (IReadOnlyList<string> Lines, Task More) TakeNews(ref int taken)
        {
            lock (gate)
            {
                if (changed.Task.IsCompleted && !IsWoken)
                {
                    changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
                }

                IReadOnlyList<string> news = taken == lines.Count ? [] : [.. lines.Skip(taken)];
                taken += news.Count;
                return (news, changed.Task);
            }
        }

        public Waiter? TryAdd()
        {
            lock (gate)
            {
                if (closed)
                {
                    return null;
                }

                count++;
                return new(this);
            }
        }

        public bool Remove()
        {
            lock (gate)
            {
                closed = --count == 0;
                return closed;
            }
        }
    }

    private sealed class Watchers
    {
        private readonly Lock gate = new();
        private readonly List<Channel<Challenge>> channels = [];

        public void Add(Channel<Challenge> channel)
        {
            lock (gate)
            {
                channels.Add(channel);
            }
        }

        public void Remove(Channel<Challenge> channel)
        {
            lock (gate)
            {
                channels.Remove(channel);
            }
        }

        public void Close()
        {
            lock (gate)
            {
                channels.ForEach(channel => channel.Writer.TryComplete());
            }
        }

        public void Tell(Challenge challenge)
        {
            lock (gate)
            {
                channels.ForEach(channel => channel.Writer.TryWrite(challenge));
            }
        }
    }
}
