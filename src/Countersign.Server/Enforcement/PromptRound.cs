using Countersign.Core.Challenges;
using Countersign.Core.Identities;

namespace Countersign.Server.Enforcement;

/// <summary>What is being asked about one request, until it is settled.</summary>
internal sealed class PromptRound(Challenge challenge, Principal principal) : IDisposable
{
    /// <summary>So often one kind is asked about one request: by turn, and again because the person chose it.</summary>
    private const int MostOfAKind = 3;

    private readonly CancellationTokenSource ended = new();
    private readonly TaskCompletionSource settled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock gate = new();
    private readonly List<string> said = [];
    private readonly Dictionary<FactorKind, int> times = [];
    private readonly HashSet<FactorKind> running = [];

    public Challenge Challenge => challenge;

    public Principal Principal => principal;

    public CancellationToken Cancellation => ended.Token;

    /// <summary>Completes when there is nothing to ask any more.</summary>
    public Task Settled => settled.Task;

    public IReadOnlyList<string> Said
    {
        get
        {
            lock (gate)
            {
                return [.. said];
            }
        }
    }

    public void Add(string line)
    {
        lock (gate)
        {
            said.Add(line);
        }
    }

    /// <returns>False when this kind is being asked, or was as often as it may be.</returns>
    public bool TryBegin(FactorKind kind)
    {
        lock (gate)
        {
            var before = times.GetValueOrDefault(kind);
            if (before >= MostOfAKind || !running.Add(kind))
            {
                return false;
            }

            times[kind] = before + 1;
            return true;
        }
    }

    public void Finish(FactorKind kind)
    {
        lock (gate)
        {
            running.Remove(kind);
        }
    }

    public void Dispose()
    {
        settled.TrySetResult();
        ended.Cancel();
    }
}
