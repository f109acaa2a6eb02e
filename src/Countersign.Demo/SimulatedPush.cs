namespace Countersign.Demo;

/// <summary>What somebody does with a push on their phone, or Duo for them.</summary>
internal enum PhoneAnswer
{
    Approve,
    Deny,
    Fraud,
    Timeout,
    LockedOut,
}

/// <summary>A push that has arrived on a phone.</summary>
internal sealed class SimulatedPush(string txid, string user, SimulatedDevice device, string type, string displayName, string info, string address, string? code, DateTimeOffset at)
{
    private readonly TaskCompletionSource<PhoneAnswer> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource watched = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int polls;

    public string Txid => txid;

    public string User => user;

    public SimulatedDevice Device => device;

    public string Type => type;

    public string DisplayName => displayName;

    /// <summary>As it was sent, encoded.</summary>
    public string RawInfo => info;

    public IReadOnlyList<(string Name, string Value)> Info { get; } = [.. SimulatorSignature.Pairs(info)];

    public string Address => address;

    /// <summary>For a Verified Push the number that is typed to approve it; else null.</summary>
    public string? Code => code;

    public DateTimeOffset At => at;

    public Task<PhoneAnswer> Answer => answer.Task;

    public int Polls => polls;

    /// <summary>Completes when its text was read: whoever sent it asks again, and waits for the answer.</summary>
    public Task Watched => watched.Task;

    public int Polled()
    {
        var now = Interlocked.Increment(ref polls);
        if (now > 1)
        {
            watched.TrySetResult();
        }

        return now;
    }

    public bool Reply(PhoneAnswer given) => answer.TrySetResult(given);

    /// <summary>Types the number; a wrong one denies.</summary>
    public bool TypeCode(string typed) => Reply(typed == code ? PhoneAnswer.Approve : PhoneAnswer.Deny);
}
