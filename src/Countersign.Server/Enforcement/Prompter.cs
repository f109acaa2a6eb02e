using System.Collections.Concurrent;
using Countersign.Core.Challenges;
using Countersign.Core.Identities;
using Countersign.Server.Factors;
using Countersign.Server.People;

namespace Countersign.Server.Enforcement;

/// <summary>
/// Asks people by the factors that go to them, in the person's own order: the next one at once when one fails, and beside it
/// when nobody has answered for half a minute. It only asks; <see cref="Approvals"/> judges every answer.
/// </summary>
internal sealed class Prompter : IDisposable
{
    /// <summary>How long one factor is waited for before the next one is asked too.</summary>
    public static readonly TimeSpan Beside = TimeSpan.FromSeconds(30);

    private readonly Dictionary<FactorKind, IPrompt> prompts;
    private readonly ConcurrentDictionary<ChallengeId, PromptRound> rounds = new();
    private readonly (IPeople People, ChallengeReader Reader, ChallengeAnnouncements Announcements) world;
    private readonly PromptDelivery delivery;
    private readonly TimeProvider clock;

    public Prompter(
        IEnumerable<IPrompt> prompts, IPeople people, ChallengeReader reader, ChallengeAnnouncements announcements, PromptDelivery delivery, TimeProvider clock)
    {
        this.prompts = prompts.ToDictionary(prompt => prompt.Kind);
        world = (people, reader, announcements);
        (this.delivery, this.clock) = (delivery, clock);
        announcements.Settled += End;
    }

    /// <summary>Requests that somebody is being asked about right now.</summary>
    public int Asking => rounds.Count;

    /// <summary>Begins to ask about a request that is waited for; once, however many commands wait for it.</summary>
    public void Begin(Challenge challenge)
    {
        if (prompts.Count == 0 || world.People.FindPrincipal(challenge.PrincipalId) is not { } principal)
        {
            return;
        }

        var steps = StepsOf(principal, challenge);
        if (!steps.Exists(step => step is not null) || Open(challenge) is not { } round)
        {
            return;
        }

        world.Announcements.Say(challenge.Id, round.Heard); // a command that joins hears what the others heard
        if (round.TryTakeOrder())
        {
            _ = AskInOrderAsync(round, steps);
        }
    }

    /// <summary>Asks by one kind now, because the person chose it.</summary>
    public AskOutcome TryAsk(Principal principal, Challenge challenge, FactorKind kind) =>
        !CanAsk(principal, challenge, kind) ? AskOutcome.NotPossible
        : Open(challenge) is { } round ? round.Ask(kind, () => Ask(round, prompts[kind])).Outcome
        : AskOutcome.Settled;

    /// <summary>True when this kind goes to the person by itself, they have it, and the rule accepts it.</summary>
    public bool CanAsk(Principal principal, Challenge challenge, FactorKind kind) =>
        challenge.PrincipalId == principal.Id && prompts.ContainsKey(kind) && principal.Factors.Contains(kind) && challenge.Requirement.CanBeSatisfiedBy(kind);

    /// <summary>How one kind stands with one request.</summary>
    public AskedBefore StateOf(ChallengeId id, FactorKind kind) => rounds.TryGetValue(id, out var round) ? round.StateOf(kind) : default;

    /// <summary>What the waiting terminals were told of this request, oldest first; nothing once it is settled.</summary>
    public IReadOnlyList<string> SaidOf(ChallengeId id) => rounds.TryGetValue(id, out var round) ? round.Said : [];

    public void Dispose()
    {
        world.Announcements.Settled -= End;
        foreach (var id in rounds.Keys)
        {
            End(id);
        }
    }

    /// <summary>The round of a request, made if need be; null, and none is left behind, when the request is not open any more.</summary>
    private PromptRound? Open(Challenge challenge)
    {
        var round = rounds.GetOrAdd(challenge.Id, static (_, asked) => new(asked), challenge);

        // Whoever settles it from here on finds the round; whoever did before has found none, and this finds the verdict.
        if (world.Reader.Find(challenge.Id) is { State: ChallengeState.Pending })
        {
            return round;
        }

        End(challenge.Id);
        return null;
    }

    /// <summary>In order; null stands for what is proven on the page, which is there all the time and only takes its turn.</summary>
    private List<IPrompt?> StepsOf(Principal principal, Challenge challenge)
    {
        var steps = new List<IPrompt?>();
        foreach (var kind in FactorOrder.Of(principal))
        {
            if (CanAsk(principal, challenge, kind))
            {
                steps.Add(prompts[kind]);
            }
            else if (!prompts.ContainsKey(kind) && challenge.Requirement.CanBeSatisfiedBy(kind) && (steps.Count == 0 || steps[^1] is not null))
            {
                steps.Add(null);
            }
        }

        return steps;
    }

    private async Task AskInOrderAsync(PromptRound round, List<IPrompt?> steps)
    {
        foreach (var step in steps)
        {
            try
            {
                if (!await TakeTurnAsync(round, step).WaitAsync(Beside, clock, round.Cancellation))
                {
                    return;
                }
            }
            catch (TimeoutException)
            {
                // The next one is asked beside it.
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    /// <returns>True when the next factor is to be asked at once; false when there was an answer.</returns>
    private async Task<bool> TakeTurnAsync(PromptRound round, IPrompt? step)
    {
        // Where the person chose it before its turn came, it is being asked: then the turn waits for that.
        var asking = step is null ? null : round.Ask(step.Kind, () => Ask(round, step)).Asking;
        var came = step is null ? Delivery.Sent : asking is null ? Delivery.Failed : await asking;
        if (came is Delivery.Sent)
        {
            await round.Settled; // answered on a page, if at all; the next factor comes beside it in its time
        }

        return came is Delivery.Failed;
    }

    private Task<Delivery> Ask(PromptRound round, IPrompt prompt)
    {
        var asking = delivery.AskAsync(round, prompt);
        _ = TellAsync(round, asking);
        return asking;
    }

    /// <summary>An open page shows which ways are being asked, so it looks again when one no longer is.</summary>
    private async Task TellAsync(PromptRound round, Task asking)
    {
        await asking;
        if (!round.Cancellation.IsCancellationRequested)
        {
            world.Announcements.Say(round.Challenge, round.Heard);
        }
    }

    private void End(ChallengeId id)
    {
        if (rounds.TryRemove(id, out var round))
        {
            _ = delivery.EndAsync(round);
        }
    }
}
