using Countersign.Core.Challenges;
using Countersign.Core.Identities;

namespace Countersign.Server.Enforcement;

/// <summary>A kind of second factor that goes to the person by itself: a push, a mail. What it answers is judged by <see cref="Approvals"/>.</summary>
internal interface IPrompt
{
    FactorKind Kind { get; }

    /// <summary>
    /// Asks, and waits without a thread. Cancelled when the request was settled otherwise: then whoever was asked need not answer.
    /// Expected failure is an answer; an exception counts as a failure without a reason.
    /// </summary>
    Task<PromptAnswer> AskAsync(Prompt prompt, CancellationToken cancellation);
}

/// <summary>One person asked about one request.</summary>
/// <param name="Challenge">What is asked.</param>
/// <param name="Principal">Who is asked; enabled, and has this kind set up.</param>
/// <param name="Say">Shows a line in the waiting terminals and on the page, such as <c>Duo push sent to Ann's iPhone</c>.</param>
/// <param name="SayInTerminal">The same for the terminals alone: what is typed elsewhere to prove that somebody sees them.</param>
internal sealed record Prompt(Challenge Challenge, Principal Principal, Action<string> Say, Action<string> SayInTerminal);

/// <summary>What came of asking.</summary>
internal abstract record PromptAnswer
{
    private PromptAnswer()
    {
    }

    /// <param name="Proof">What it is worth.</param>
    /// <param name="NumberTyped">The person has typed on their device what only the right terminal shows.</param>
    public sealed record Approved(Proven Proof, bool NumberTyped = false) : PromptAnswer;

    /// <param name="Reported">They said that it wasn't them.</param>
    public sealed record Declined(bool Reported) : PromptAnswer
    {
        /// <summary>Who answered, by the key of the person's record of it; counts only while that is still theirs. Null where there is none.</summary>
        public string? AuthenticatorId { get; init; }

        public RemoteAnswer? Remote { get; init; }
    }

    /// <summary>It is on its way, and is answered on a page: nothing more comes of this call.</summary>
    public sealed record Sent : PromptAnswer;

    /// <summary>Not reached, or no answer in time: the next factor is asked at once.</summary>
    /// <param name="Why">In a few words for the person, as in <c>Duo does not answer</c>.</param>
    public sealed record Failed(string Why) : PromptAnswer;
}
