using System.Collections.Concurrent;
using Countersign.Core.Identities;

namespace Countersign.Server.Factors.DuoPush;

/// <summary>
/// Who is on the way to Duo Push, by session: no other session of the person sees a trial or finishes it, and it ends with the session
/// or when a factor of the person is removed.
/// </summary>
internal sealed class DuoTrials(TimeProvider clock)
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    private readonly ConcurrentDictionary<string, DuoTrial> bySession = new();

    /// <summary>Null when the person has not begun in that session, or ten minutes ago.</summary>
    public DuoTrial? Find(PrincipalId person, string session) =>
        bySession.TryGetValue(session, out var trial) && trial.Person == person && IsFresh(trial) ? trial : null;

    /// <summary>In place of what the session had begun before.</summary>
    public void Begin(PrincipalId person, string session, DuoOffer offer)
    {
        Drop(trial => !IsFresh(trial));
        bySession[session] = new(person, session, offer, clock.GetTimestamp());
    }

    /// <summary>Takes it out, to be finished; false when another did, or it has ended meanwhile.</summary>
    public bool TryTake(DuoTrial trial) => bySession.TryRemove(new(trial.Session, trial));

    public void Drop(string session) => bySession.TryRemove(session, out _);

    public void Drop(PrincipalId person) => Drop(trial => trial.Person == person);

    private void Drop(Func<DuoTrial, bool> which)
    {
        foreach (var (_, trial) in bySession)
        {
            if (which(trial))
            {
                TryTake(trial);
            }
        }
    }

    private bool IsFresh(DuoTrial trial) => clock.GetElapsedTime(trial.Since) < Lifetime;
}
