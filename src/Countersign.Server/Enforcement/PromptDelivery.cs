using Countersign.Core.Challenges;
using Countersign.Core.Git;
using Countersign.Server.Audit;
using Countersign.Server.People;

namespace Countersign.Server.Enforcement;

/// <summary>How asking by one kind of factor ended.</summary>
internal enum Delivery
{
    /// <summary>There was an answer, or there is nothing to ask any more.</summary>
    Answered,

    /// <summary>It is answered on a page, if at all.</summary>
    Sent,

    /// <summary>The next factor is to be asked.</summary>
    Failed,
}

/// <summary>Asks one person by one kind of factor, and gives the answer to <see cref="Approvals"/>. No fault on the way approves.</summary>
internal sealed partial class PromptDelivery(
    IPeople people, Approvals approvals, ChallengeAnnouncements announcements, AuditTrail audit, ILogger<PromptDelivery> logger)
{
    private const int LongestLine = 160;

    /// <summary>Returns at once; whoever begins it does not wait for the far side's first answer.</summary>
    public async Task<Delivery> AskAsync(PromptRound round, IPrompt prompt)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            return await TryAskAsync(round, prompt);
        }
        catch (OperationCanceledException) when (round.Cancellation.IsCancellationRequested)
        {
            return Delivery.Answered;
        }
        catch (Exception exception)
        {
            CouldNotAsk(exception, prompt.Kind, round.Challenge.Id.Value);
            return round.Cancellation.IsCancellationRequested ? Delivery.Answered : await FailAsync(round, prompt.Kind, $"{NameOf(prompt.Kind)} failed");
        }
    }

    /// <summary>Ends a round. Whatever a prompt does about it, the verdict stands.</summary>
    public async Task EndAsync(PromptRound round)
    {
        try
        {
            await round.DisposeAsync();
        }
        catch (Exception exception)
        {
            CouldNotCallOff(exception, round.Challenge.Id.Value);
        }
    }

    private async Task<Delivery> TryAskAsync(PromptRound round, IPrompt prompt)
    {
        var (challenge, kind) = (round.Challenge, prompt.Kind);

        // Its turn may come minutes after the command began to wait: the person as they are now.
        if (people.FindPrincipal(challenge.PrincipalId) is not { } principal || !principal.Factors.Contains(kind))
        {
            return Delivery.Failed;
        }

        round.Cancellation.ThrowIfCancellationRequested();
        await RecordAsync(AuditTypes.ChallengePrompted, challenge, kind); // no record, no prompt
        round.Cancellation.ThrowIfCancellationRequested();
        switch (await prompt.AskAsync(new(challenge, principal, line => Say(round, line), line => Say(round, line, inTerminal: true)), round.Cancellation))
        {
            case PromptAnswer.Sent:
                return Delivery.Sent;
            case PromptAnswer.Failed when round.Cancellation.IsCancellationRequested:
                return Delivery.Answered;
            case PromptAnswer.Failed { Why: var why }:
                return await FailAsync(round, kind, why);
            case var answer:
                // Also after the end: it releases nothing then, but that somebody says "This wasn't me" counts whenever it comes.
                return await JudgeAsync(round, kind, answer);
        }
    }

    private async Task<Delivery> JudgeAsync(PromptRound round, FactorKind kind, PromptAnswer answer)
    {
        var result = await approvals.AnswerAsync(round.Challenge.PrincipalId, round.Challenge.Id, kind, answer);
        switch (result.Outcome)
        {
            case ApprovalOutcome.Done or ApprovalOutcome.AlreadySettled or ApprovalOutcome.NotFound:
                return Delivery.Answered;
            case ApprovalOutcome.NumberOwed:
                Say(round, "Approved there. Now type the number on the approval page to finish.");
                return Delivery.Answered;
            default:
                return await FailAsync(round, kind, $"{NameOf(kind)} is not enough for this rule");
        }
    }

    private async Task<Delivery> FailAsync(PromptRound round, FactorKind kind, string why)
    {
        var line = Say(round, why);
        try
        {
            await RecordAsync(AuditTypes.ChallengePromptFailed, round.Challenge, kind, ("why", line));
        }
        catch (Exception exception)
        {
            CouldNotAsk(exception, kind, round.Challenge.Id.Value); // the next prompt needs a record too, or is not made
        }

        return Delivery.Failed;
    }

    /// <summary>Shows a line in the waiting terminals and, unless it is for them alone, on the open page. It may hold names from the network.</summary>
    private string Say(PromptRound round, string line, bool inTerminal = false)
    {
        var safe = TerminalText.Line(line).Trim();
        safe = safe.Length > LongestLine ? safe[..(char.IsHighSurrogate(safe[LongestLine - 1]) ? LongestLine - 1 : LongestLine)] : safe;
        if (safe.Length > 0 && !round.Cancellation.IsCancellationRequested)
        {
            announcements.Say(round.Challenge, round.Add(safe, inTerminal));
        }

        return safe;
    }

    private Task RecordAsync(string type, Challenge challenge, FactorKind kind, params (string, string)[] more) =>
        audit.RecordAsync(type, challenge.PrincipalName,
            [("challenge", challenge.Id.Value), ("person", challenge.PrincipalId.ToString()), ("factor", kind.ToString()), .. more]);

    private static string NameOf(FactorKind kind) => kind is FactorKind.DuoPush ? "Duo Push" : kind is FactorKind.EmailApproval ? "The mail" : kind.ToString();

    [LoggerMessage(1011, LogLevel.Warning, "{Kind} could not be asked about request {Challenge}")]
    private partial void CouldNotAsk(Exception exception, FactorKind kind, string challenge);

    [LoggerMessage(1012, LogLevel.Warning, "What was asked about request {Challenge} could not be called off")]
    private partial void CouldNotCallOff(Exception exception, string challenge);
}
