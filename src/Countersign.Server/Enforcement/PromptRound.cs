using Countersign.Core.Challenges;

namespace Countersign.Server.Enforcement;

/// <summary>What is being asked about one request, until it is settled.</summary>
internal sealed class PromptRound : IAsyncDisposable
{
    /// <summary>So often one kind is asked about one request: by turn, and again because the person chose it.</summary>
    public const int MostOfAKind = 3;

    /// <summary>What is said beyond so many lines is not shown: a far side that repeats itself must fill neither terminals nor memory.</summary>
    public const int MostLines = 24;

    private readonly CancellationTokenSource ended = new();
    private readonly TaskCompletionSource settled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock gate = new();
    private readonly Dictionary<FactorKind, (int Times, Task<Delivery> Asking)> asked = [];
    private IReadOnlyList<string> said = [];
    private IReadOnlyList<string> heard = [];
    private bool inOrder;

    public PromptRound(Challenge challenge) => (Challenge, Cancellation) = (challenge, ended.Token);

    public Challenge Challenge { get; }

    /// <summary>Cancelled at the end; may be looked at afterwards, too.</summary>
    public CancellationToken Cancellation { get; }

    /// <summary>Completes when there is nothing to ask any more.</summary>
    public Task Settled => settled.Task;

    /// <summary>What the waiting terminals show: everything that was said, and what is shown nowhere else.</summary>
    public IReadOnlyList<string> Heard
    {
        get
        {
            lock (gate)
            {
                return heard;
            }
        }
    }

    /// <summary>What pages show, too. Oldest first; a list that does not change.</summary>
    public IReadOnlyList<string> Said
    {
        get
        {
            lock (gate)
            {
                return said;
            }
        }
    }

    /// <returns>True for the first caller, who asks in the person's order.</returns>
    public bool TryTakeOrder()
    {
        lock (gate)
        {
            return !inOrder && (inOrder = true);
        }
    }

    /// <param name="line">Safe for a terminal.</param>
    /// <param name="inTerminal">There alone: typed elsewhere, it proves that somebody sees the terminal.</param>
    /// <returns>Everything for terminals so far.</returns>
    public IReadOnlyList<string> Add(string line, bool inTerminal)
    {
        lock (gate)
        {
            said = inTerminal || said.Count >= MostLines ? said : [.. said, line];
            return heard = heard.Count < MostLines ? [.. heard, line] : heard;
        }
    }

    /// <param name="kind">By which kind of factor.</param>
    /// <param name="ask">Asks; called while others wait, so it returns at once.</param>
    /// <returns>What came of it, and the asking itself unless it was asked too often.</returns>
    public (AskOutcome Outcome, Task<Delivery>? Asking) Ask(FactorKind kind, Func<Task<Delivery>> ask)
    {
        lock (gate)
        {
            var (times, asking) = asked.GetValueOrDefault(kind);
            if (asking is { IsCompleted: false })
            {
                return (AskOutcome.OnItsWay, asking);
            }

            if (times >= MostOfAKind)
            {
                return (AskOutcome.TooOften, null);
            }

            asking = ask();
            asked[kind] = (times + 1, asking);
            return (AskOutcome.Begun, asking);
        }
    }

    public AskedBefore StateOf(FactorKind kind)
    {
        lock (gate)
        {
            return asked.TryGetValue(kind, out var before) ? new(before.Times, !before.Asking.IsCompleted) : default;
        }
    }

    /// <summary>Calls off what is being asked. What prompts have hung on the end runs elsewhere: whoever settles does not wait for it.</summary>
    public async ValueTask DisposeAsync()
    {
        settled.TrySetResult();
        await ended.CancelAsync();
        ended.Dispose();
    }
}
