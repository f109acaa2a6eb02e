using System.Collections.Concurrent;
using Countersign.Core.Challenges;
using Countersign.Core.Git;
using Countersign.Core.Identities;
using Countersign.Server.Audit;
using Countersign.Server.Factors;
using Countersign.Server.People;

namespace Countersign.Server.Enforcement;

/// <summary>
/// Asks people by the factors that go to them, in the person's own order: the next one at once when one fails, and beside it
/// when nobody has answered for half a minute. It only asks; <see cref="Approvals"/> judges every answer.
/// </summary>
internal sealed partial class Prompter : IDisposable
{
    /// <summary>How long one factor is waited for before the next one is asked too.</summary>
    public static readonly TimeSpan Beside = TimeSpan.FromSeconds(30);

    private readonly Dictionary<FactorKind, IPrompt> prompts;
    private readonly ConcurrentDictionary<ChallengeId, PromptRound> rounds = new();
    private readonly (IPeople People, Approvals Approvals, ChallengeAnnouncements Announcements, AuditTrail Audit) world;
    private readonly TimeProvider clock;
    private readonly ILogger<Prompter> logger;

    public Prompter(
        IEnumerable<IPrompt> prompts, IPeople people, Approvals approvals, ChallengeAnnouncements announcements, AuditTrail audit,
        TimeProvider clock, ILogger<Prompter> logger)
    {
        this.prompts = prompts.ToDictionary(prompt => prompt.Kind);
        world = (people, approvals, announcements, audit);
        (this.clock, this.logger) = (clock, logger);
        announcements.Settled += End;
    }

    /// <summary>Requests that somebody is being asked about right now.</summary>
    public int Asking => rounds.Count;

    /// <summary>Begins to ask about a request that is waited for; once, however many commands wait for it.</summary>
    public void Begin(Challenge challenge)
    {
        if (prompts.Count == 0 || rounds.ContainsKey(challenge.Id) || world.People.FindPrincipal(challenge.PrincipalId) is not { } principal)
        {
            return;
        }

        var steps = StepsOf(principal, challenge);
        if (!steps.Exists(step => step is not null))
        {
            return;
        }

        var round = new PromptRound(challenge, principal);
        if (rounds.TryAdd(challenge.Id, round))
        {
            _ = RunAsync(round, steps);
        }
        else
        {
            round.Dispose();
        }
    }

    /// <summary>Asks by one kind now, because the person chose it; false when it is being asked already, or cannot be.</summary>
    public bool TryAsk(Principal principal, Challenge challenge, FactorKind kind)
    {
        if (!CanAsk(principal, challenge, kind) || challenge.State is not ChallengeState.Pending)
        {
            return false;
        }

        var round = rounds.GetOrAdd(challenge.Id, _ => new(challenge, principal));
        if (!round.TryBegin(kind))
        {
            return false;
        }

        _ = AskAsync(round, prompts[kind]);
        return true;
    }

    /// <summary>True when this kind goes to the person by itself, they have it, and the rule accepts it.</summary>
    public bool CanAsk(Principal principal, Challenge challenge, FactorKind kind) =>
        prompts.ContainsKey(kind) && principal.Factors.Contains(kind) && challenge.Requirement.CanBeSatisfiedBy(kind);

    /// <summary>What the waiting terminals were told of this request, oldest first.</summary>
    public IReadOnlyList<string> SaidOf(ChallengeId id) => rounds.TryGetValue(id, out var round) ? round.Said : [];

    public void Dispose()
    {
        world.Announcements.Settled -= End;
        foreach (var id in rounds.Keys)
        {
            End(id);
        }
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

    private async Task RunAsync(PromptRound round, List<IPrompt?> steps)
    {
        foreach (var step in steps)
        {
            if (step is not null && !round.TryBegin(step.Kind))
            {
                continue; // the person has chosen it already
            }

            var asked = step is null ? round.Settled : AskAsync(round, step);
            try
            {
                await asked.WaitAsync(Beside, clock, round.Cancellation);
                if (step is null || await ((Task<bool>)asked))
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

    /// <returns>False when the next factor is to be asked at once.</returns>
    private async Task<bool> AskAsync(PromptRound round, IPrompt prompt)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding); // whoever begins it does not wait for the far side's first answer
        var (challenge, principal) = (round.Challenge, round.Principal);
        PromptAnswer answer;
        try
        {
            await RecordAsync(AuditTypes.ChallengePrompted, challenge, prompt.Kind); // no record, no prompt
            answer = await prompt.AskAsync(new(challenge, principal, line => Say(round, line), line => world.Announcements.Say(challenge.Id, TerminalText.Line(line))), round.Cancellation);
            if (answer is PromptAnswer.Sent)
            {
                await round.Settled; // answered on a page; the next factor comes beside it in its time
                return true;
            }

            if (answer is PromptAnswer.Failed failed)
            {
                Say(round, failed.Why);
                await RecordAsync(AuditTypes.ChallengePromptFailed, challenge, prompt.Kind, ("why", failed.Why));
            }
            else
            {
                await world.Approvals.AnswerAsync(challenge.PrincipalId, challenge.Id, prompt.Kind, answer);
            }
        }
        catch (OperationCanceledException) when (round.Cancellation.IsCancellationRequested)
        {
            return true;
        }
        catch (Exception exception)
        {
            CouldNotAsk(exception, prompt.Kind, challenge.Id.Value, exception.Message);
            answer = new PromptAnswer.Failed("");
        }

        round.Finish(prompt.Kind);
        return answer is not PromptAnswer.Failed;
    }

    private void Say(PromptRound round, string line)
    {
        var safe = TerminalText.Line(line);
        round.Add(safe);
        world.Announcements.Say(round.Challenge.Id, safe);
    }

    private Task RecordAsync(string type, Challenge challenge, FactorKind kind, params (string, string)[] more) =>
        world.Audit.RecordAsync(type, challenge.PrincipalName,
            [("challenge", challenge.Id.Value), ("person", challenge.PrincipalId.ToString()), ("factor", kind.ToString()), .. more]);

    private void End(ChallengeId id)
    {
        if (rounds.TryRemove(id, out var round))
        {
            round.Dispose();
        }
    }

    [LoggerMessage(1010, LogLevel.Warning, "{Kind} could not be asked about request {Challenge}: {Why}")]
    private partial void CouldNotAsk(Exception exception, FactorKind kind, string challenge, string why);
}
