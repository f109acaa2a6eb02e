using System.Threading.Channels;
using Countersign.Core.Challenges;
using Countersign.Server.Enforcement;

namespace Countersign.Server.Tests.Prompts;

/// <summary>A factor that goes to people, and does what the test says: answers when told, fails, or never answers.</summary>
internal sealed class ScriptedPrompt(FactorKind kind) : IPrompt
{
    private const string TheirOwn = "their own";

    private readonly Channel<Asked> asked = Channel.CreateUnbounded<Asked>();
    private int times;

    public FactorKind Kind => kind;

    /// <summary>How often anybody was asked.</summary>
    public int Times => times;

    /// <summary>What it does instead of waiting for the test's answer.</summary>
    public Func<Prompt, CancellationToken, Task<PromptAnswer>>? Does { get; set; }

    /// <summary>It does not hear that it is called off.</summary>
    public bool IsDeaf { get; set; }

    public async Task<PromptAnswer> AskAsync(Prompt prompt, CancellationToken cancellation)
    {
        Interlocked.Increment(ref times);
        if (Does is { } does)
        {
            return Own(prompt, await does(prompt, cancellation));
        }

        var one = new Asked(prompt, cancellation);
        asked.Writer.TryWrite(one);
        return Own(prompt, await (IsDeaf ? one.Answer.Task : one.Answer.Task.WaitAsync(cancellation)));
    }

    /// <summary>The next time that somebody is asked.</summary>
    public async Task<Asked> NextAsync()
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(TimeSpan.FromSeconds(60));
        return await asked.Reader.ReadAsync(patience.Token);
    }

    public PromptAnswer Approved(Strength strength = Strength.Strong) => new PromptAnswer.Approved(new(kind, strength, "Ann's iPhone", TheirOwn));

    /// <summary>The key of the record that <see cref="PromptStory.GiveAsync"/> makes for the person.</summary>
    private static PromptAnswer Own(Prompt prompt, PromptAnswer answer) => answer is PromptAnswer.Approved { Proof.AuthenticatorId: TheirOwn } approved
        ? approved with { Proof = approved.Proof with { AuthenticatorId = prompt.Principal.Id.Value.ToString("N") } }
        : answer;

    internal sealed record Asked(Prompt Prompt, CancellationToken Cancellation)
    {
        public TaskCompletionSource<PromptAnswer> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Completes when it is called off.</summary>
        public Task CalledOffAsync()
        {
            var off = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            Cancellation.Register(off.SetResult);
            return off.Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        }
    }
}
