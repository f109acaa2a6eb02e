using Countersign.Core.Git;
using Countersign.Core.Policies;

namespace Countersign.Server.Enforcement;

/// <summary>
/// The one enforcement point. Every Git request of every transport comes through <see cref="HandleAsync"/>: decide, hold while
/// a second factor is owed, record, and only then forward. Every error on the way denies.
/// </summary>
internal sealed partial class GitEnforcementPoint(
    Decider decisions, ChallengeBroker challenges, DecisionRecords records, Forwarder forwarder, ILogger<GitEnforcementPoint> logger)
{
    /// <summary>A grant can be used up by a neighbour, or the rules can get stricter, during a hold; then the command is decided anew, so often.</summary>
    private const int MaxDecisions = 3;

    public async Task HandleAsync(IGitExchange exchange, CancellationToken cancellation)
    {
        if (exchange.CanRepeat && decisions.Decide(exchange.Request, exchange.Phase) is Decision.Allow { Grant: null })
        {
            await exchange.RepeatAsync(cancellation);
            return;
        }

        var verdict = await DecideAsync(exchange, cancellation);
        if (verdict is not { Decision: Decision.Allow, DecisionId: { } decision })
        {
            await exchange.RefuseAsync(new(verdict.Decision.Reason, verdict.Challenge, verdict.RetryAfter), cancellation);
            return;
        }

        exchange.Recorded(decision);
        ForwardOutcome? outcome = null;
        var anew = false;
        try
        {
            outcome = await forwarder.ForwardAsync(exchange, cancellation);
        }
        catch (OlderProtocolException) when (exchange.TryAskForRefs())
        {
            (outcome, anew) = (new(true, 0, 0, "older protocol"), true);
        }
        catch (UpstreamUnavailableException exception)
        {
            Report(exchange.Request, exception);
            outcome = new(false, exception.BytesIn, exception.BytesOut, exception.Detail) { Untouched = exception.Untouched };
            await exchange.RefuseAsync(new(new(CodeOf(exception.Failure))) { Failure = exception }, cancellation);
        }
        finally
        {
            await CompleteAsync(exchange, verdict, outcome);
        }

        if (outcome is { IsCut: true })
        {
            throw new OperationCanceledException("the command was cut");
        }

        // What would be shown now is more than what was decided on.
        await (anew ? HandleAsync(exchange, cancellation) : Task.CompletedTask);
    }

    /// <summary>
    /// Records how it ended. Who pushed hears the end when that is durable; who read need not wait for it, since what was shown
    /// was recorded before.
    /// </summary>
    private async Task CompleteAsync(IGitExchange exchange, Verdict verdict, ForwardOutcome? outcome)
    {
        var recording = records.CompletedAsync(exchange, verdict, outcome);
        try
        {
            if (outcome is { Succeeded: true, IsCut: false, BytesOut: > 0 } && exchange.Request.Command.Class == OperationClass.Read && verdict.Decision is Decision.Allow { Grant: null })
            {
                await exchange.EndAsync();
            }
        }
        finally
        {
            await recording; // also where the client has gone meanwhile
        }
    }

    private void Report(CommandRequest request, UpstreamUnavailableException exception)
    {
        if (exception.Failure == UpstreamFailure.Unavailable)
        {
            Log.UpstreamUnavailable(logger, request.Command.Repository, exception.Message, exception.GetBaseException().Message);
        }
        else
        {
            Log.UpstreamRefused(logger, exception.Message); // a misspelt name is everyday, and no fault of anybody's
        }
    }

    private static ReasonCode CodeOf(UpstreamFailure failure) => failure switch
    {
        UpstreamFailure.NotFound => ReasonCode.UpstreamNotFound,
        UpstreamFailure.Forbidden => ReasonCode.UpstreamForbidden,
        UpstreamFailure.CredentialRefused => ReasonCode.UpstreamCredentialRefused,
        _ => ReasonCode.UpstreamUnavailable,
    };

    /// <summary>Decides, holding as long as needed, and makes the decision durable. What is not recorded is not allowed.</summary>
    private async Task<Verdict> DecideAsync(IGitExchange exchange, CancellationToken cancellation)
    {
        try
        {
            for (var round = 0; round < MaxDecisions; round++)
            {
                var decision = await ExamineAsync(exchange, cancellation);
                var verdict = decision is Decision.StepUp stepUp
                    ? await challenges.HoldAsync(exchange, stepUp, cancellation)
                    : new Verdict(decision);
                if (verdict.Decision is not Decision.StepUp && await records.DecidedAsync(exchange, verdict) is { } recorded)
                {
                    return recorded;
                }
            }
        }
        catch (Exception exception) when (exception is not UnreadableRequestException && !cancellation.IsCancellationRequested)
        {
            Log.DecisionFailed(logger, exception);
        }

        cancellation.ThrowIfCancellationRequested();
        return Verdict.Deny(ReasonCode.Unavailable);
    }

    /// <summary>Decides; a push is read and looked at first when a rule or a person must know what it does to the refs.</summary>
    private async Task<Decision> ExamineAsync(IGitExchange exchange, CancellationToken cancellation)
    {
        var decision = decisions.Decide(exchange.Request, exchange.Phase);
        if (!exchange.Request.Command.RefsKnown
            || (decision is not Decision.StepUp && !(forwarder.Inspects(exchange.Request) && decisions.MustInspect(exchange.Request, decision))))
        {
            return decision;
        }

        return await forwarder.InspectAsync(exchange, cancellation)
            ? decisions.Decide(exchange.Request, exchange.Phase)
            : new Decision.Deny { Reason = new(ReasonCode.PushTooLarge) };
    }

    private static partial class Log
    {
        [LoggerMessage(1000, LogLevel.Error, "A command was denied because deciding failed")]
        public static partial void DecisionFailed(ILogger logger, Exception exception);

        // What a Git host does is no fault of ours: one line, and the audit log has what passed.
        [LoggerMessage(1001, LogLevel.Warning, "An allowed command for {Repository} was not served: {Message} ({Cause})")]
        public static partial void UpstreamUnavailable(ILogger logger, RepositoryPath repository, string message, string cause);

        [LoggerMessage(1002, LogLevel.Information, "The far side refused an allowed command: {Text}")]
        public static partial void UpstreamRefused(ILogger logger, string text);
    }
}
