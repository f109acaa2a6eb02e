using System.Collections.Concurrent;

namespace Countersign.Server.Upstreams.Passed;

/// <summary>What a Git host answers to anybody, remembered for a minute for each question: it is the same for all who ask.</summary>
internal sealed class AnonymousAnswers(UpstreamQuestions questions, TimeProvider clock)
{
    private const int Max = 10_000;
    private readonly ConcurrentDictionary<(UpstreamDefinition Upstream, UpstreamQuestion Question), (DateTimeOffset Until, Task<UpstreamAnswer> Answer)> answers = new();

    public async Task<UpstreamAnswer> OfAsync(UpstreamDefinition upstream, UpstreamQuestion question, CancellationToken cancellation)
    {
        var key = (upstream, question);
        var now = clock.GetUtcNow();
        if (answers.TryGetValue(key, out var known) && known.Until > now && !known.Answer.IsFaulted) // no answer is nothing to remember
        {
            return await known.Answer.WaitAsync(cancellation);
        }

        return await AnewAsync(upstream, question, cancellation);
    }

    /// <summary>Asks whatever is remembered: what was closed a minute ago may be open now.</summary>
    public async Task<UpstreamAnswer> AnewAsync(UpstreamDefinition upstream, UpstreamQuestion question, CancellationToken cancellation)
    {
        if (answers.Count >= Max)
        {
            answers.Clear(); // they can be asked again, without any credential
        }

        var asking = AskAsync(upstream, question);
        answers[(upstream, question)] = (clock.GetUtcNow() + HostVerdicts.Lifetime, asking);
        return await asking.WaitAsync(cancellation);
    }

    private async Task<UpstreamAnswer> AskAsync(UpstreamDefinition upstream, UpstreamQuestion question) =>
        HostChecks.Meaningful(await questions.AskAsync(upstream, question, CancellationToken.None)); // others may wait for it, too
}
