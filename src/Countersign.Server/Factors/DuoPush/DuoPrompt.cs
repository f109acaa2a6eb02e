using Countersign.Core.Challenges;
using Countersign.Server.Enforcement;

namespace Countersign.Server.Factors.DuoPush;

/// <summary>Duo Push: what is asked comes to the person's phone. What it is worth depends on what they did there: a tap, or typing a number.</summary>
internal sealed class DuoPrompt(DuoAccounts accounts, DuoPushes pushes, DuoTransactions transactions, ChallengeReader requests, GatewayOptions gateway) : IPrompt
{
    private const string NumberToo = "type the number from this terminal on the approval page, too";

    public FactorKind Kind => FactorKind.DuoPush;

    public async Task<PromptAnswer> AskAsync(Prompt prompt, CancellationToken cancellation)
    {
        var challenge = prompt.Challenge;
        if (challenge.AwaitsNumber is { Kind: FactorKind.DuoPush })
        {
            prompt.Say(NumberToo); // approved on the phone before a restart
            return new PromptAnswer.Sent();
        }

        if (await accounts.FindAsync(prompt.Principal.Id, cancellation) is not { } account)
        {
            return new PromptAnswer.Failed("Duo Push is not set up");
        }

        var push = transactions.Find(challenge.Id);
        if (push is null)
        {
            var (sent, why) = await pushes.SendAsync(account.UserName, challenge.Client, (account.Device, account.Name), DuoPushInfo.Of(challenge, gateway.Url), cancellation);
            if (sent is null)
            {
                return new PromptAnswer.Failed(why);
            }

            push = sent;
            await transactions.KeepAsync(challenge.Id, push);
        }

        prompt.Say($"Duo push sent to {push.Device}");
        if (push.Code is null && !challenge.Requirement.IsSatisfiedBy(Tapped(push.Device, account.Id).For(challenge.Id)))
        {
            prompt.Say(NumberToo);
        }

        DuoOutcome outcome;
        try
        {
            outcome = await pushes.WaitAsync(push, code => ShowCodeAsync(prompt, push with { Code = code }), cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested && IsLeft(challenge.Id))
        {
            // Whoever ran the command has gone, and it may not have been the person: the push is still on the phone, and "this
            // wasn't me" there counts. Nothing else does: there is nothing left to approve.
            outcome = await pushes.WaitAsync(push, static _ => Task.CompletedTask, CancellationToken.None);
            return outcome.Verdict is DuoVerdict.Fraud ? new PromptAnswer.Declined(Reported: true) : new PromptAnswer.Failed("");
        }

        if (outcome.Verdict is DuoVerdict.Allowed)
        {
            await accounts.UsedAsync(account.Id);
            var proven = Tapped(push.Device, account.Id);
            return new PromptAnswer.Approved(outcome.CodeTyped ? proven with { Strength = Strength.Strong } : proven, outcome.CodeTyped && challenge.Requirement.Number);
        }

        if (outcome.Verdict is DuoVerdict.Declined or DuoVerdict.Fraud)
        {
            return new PromptAnswer.Declined(Reported: outcome.Verdict is DuoVerdict.Fraud);
        }

        if (outcome.Why != DuoAuthApi.NoAnswer)
        {
            await transactions.DropAsync(challenge.Id); // whoever is asked again gets a new one; a push that may still be on the phone is waited for again
        }

        return new PromptAnswer.Failed(outcome.Verdict switch
        {
            DuoVerdict.TimedOut => "nobody answered the Duo push",
            DuoVerdict.Refused when outcome.Why.Length > 0 => $"Duo: {outcome.Why}",
            DuoVerdict.Refused => "Duo did not deliver the push",
            _ => outcome.Why,
        });
    }

    /// <summary>
    /// Where the rule wants a number from the terminal, the page must not show the one that stands for it: whoever types it has to
    /// have seen the terminal. Elsewhere the page shows it too, since a silent command has nothing to show it in.
    /// </summary>
    private Task ShowCodeAsync(Prompt prompt, DuoPushed push)
    {
        var line = $"type {push.Code} in Duo Mobile";
        (prompt.Challenge.Requirement.Number ? prompt.SayInTerminal : prompt.Say)(line);
        return transactions.KeepAsync(prompt.Challenge.Id, push);
    }

    private bool IsLeft(ChallengeId id) => requests.Find(id)?.State is ChallengeState.Cancelled or ChallengeState.Expired;

    /// <param name="device">Where the push went: not always where the person wants them.</param>
    /// <param name="account">The key of their account.</param>
    private static Proven Tapped(string device, Guid account) => new(FactorKind.DuoPush, Strength.Basic, device, account.ToString("N"));
}
