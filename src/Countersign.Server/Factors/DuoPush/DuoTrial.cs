using Countersign.Core.Identities;

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

/// <summary>One person on the way to Duo Push, in one session: what Duo offers them, and what came of the push that they were sent.</summary>
internal sealed class DuoTrial(PrincipalId person, string session, DuoOffer offer, long since)
{
    private readonly Lock gate = new();
    private TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public PrincipalId Person => person;

    /// <summary>The key of the session that began it; it is finished in that one or not at all.</summary>
    public string Session => session;

    public DuoOffer Offer => offer;

    public long Since => since;

    public DuoTrialState State { get; private set; }

    public DuoDevice? Device { get; private set; }

    /// <summary>Duo's key of the push that was approved.</summary>
    public string Txid { get; private set; } = "";

    /// <summary>The number to type in Duo Mobile; null where a tap is enough, or it is not known yet.</summary>
    public string? Code { get; set; }

    public string Why { get; private set; } = "";

    /// <summary>Completes when something has come of the push that is on its way.</summary>
    public Task Ended => ended.Task;

    /// <summary>False when a push is on its way.</summary>
    public bool TryBegin(DuoDevice device)
    {
        lock (gate)
        {
            if (State is DuoTrialState.Waiting)
            {
                return false;
            }

            ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
            (State, Device, Txid, Code, Why) = (DuoTrialState.Waiting, device, "", null, "");
            return true;
        }
    }

    public void Fail(string why) => End(DuoTrialState.Failed, why);

    public void End(DuoPushed push, DuoOutcome outcome)
    {
        var (state, why) = outcome.Verdict switch
        {
            DuoVerdict.Allowed when push.Code is null || outcome.CodeTyped => (DuoTrialState.Approved, ""),
            DuoVerdict.Declined or DuoVerdict.Fraud => (DuoTrialState.Declined, "The push was denied."),
            DuoVerdict.TimedOut => (DuoTrialState.Failed, "Nobody answered the push."),
            _ => (DuoTrialState.Failed, outcome.Why.Length > 0 ? outcome.Why : DuoAuthApi.NoAnswer),
        };
        End(state, why, push.Txid);
    }

    private void End(DuoTrialState state, string why, string txid = "")
    {
        lock (gate)
        {
            (State, Why, Txid) = (state, why, txid);
            ended.TrySetResult();
        }
    }
}
