namespace Countersign.Server.Factors.DuoPush;

internal enum DuoTrialState
{
    /// <summary>A device is to be chosen.</summary>
    Choosing,

    /// <summary>The push is on its way.</summary>
    Waiting,
    Approved,
    Declined,

    /// <summary>Not answered, or not delivered.</summary>
    Failed,
}

/// <summary>One person on the way to Duo Push: what Duo offers them, and what came of the push that they were sent.</summary>
internal sealed class DuoTrial(DuoOffer offer, long since, int pushes)
{
    private readonly Lock gate = new();
    private int pushes = pushes;
    private TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public DuoOffer Offer => offer;

    public long Since => since;

    public int Pushes => pushes;

    public DuoTrialState State { get; private set; }

    public DuoDevice? Device { get; private set; }

    /// <summary>The number to type in Duo Mobile; null where a tap is enough, or it is not known yet.</summary>
    public string? Code { get; set; }

    public string Why { get; private set; } = "";

    /// <summary>Completes when something has come of the push that is on its way.</summary>
    public Task Ended => ended.Task;

    /// <summary>Counts a push; false when one is on its way, or there were too many.</summary>
    public bool TryBegin(DuoDevice device, int most)
    {
        lock (gate)
        {
            if (State is DuoTrialState.Waiting || pushes >= most)
            {
                return false;
            }

            pushes++;
            ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
            (State, Device, Code, Why) = (DuoTrialState.Waiting, device, null, "");
            return true;
        }
    }

    public void Fail(string why)
    {
        lock (gate)
        {
            (State, Why) = (DuoTrialState.Failed, why);
            ended.TrySetResult();
        }
    }

    public void End(DuoPushed push, DuoOutcome outcome)
    {
        lock (gate)
        {
            (State, Why) = outcome.Verdict switch
            {
                DuoVerdict.Allowed when push.Code is null || outcome.CodeTyped => (DuoTrialState.Approved, ""),
                DuoVerdict.Declined or DuoVerdict.Fraud => (DuoTrialState.Declined, "The push was denied."),
                DuoVerdict.TimedOut => (DuoTrialState.Failed, "Nobody answered the push."),
                _ => (DuoTrialState.Failed, outcome.Why.Length > 0 ? outcome.Why : DuoAuthApi.NoAnswer),
            };
            ended.TrySetResult();
        }
    }
}
