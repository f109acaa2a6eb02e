using Countersign.Core.Challenges;
using Countersign.Core.Identities;
using Countersign.Server.Enforcement;
using Countersign.Server.Storage;

namespace Countersign.Server.Factors.DuoPush;

/// <summary>Duo Push: what is asked comes to the person's phone. What it is worth depends on what they did there: a tap, or typing a number.</summary>
internal sealed class DuoPrompt(DuoAccounts accounts, DuoPushes pushes, DuoTransactions transactions, ChallengeReader requests, GatewayOptions gateway) : IPrompt
{
    /// <summary>Begins at Duo, and shows where to enrol there.</summary>
    public const string EnrolPage = "/two-step/duo";

    private const string NumberToo = "type the number from this terminal on the approval page, too";

    public FactorKind Kind => FactorKind.DuoPush;

    public async Task<PromptAnswer> AskAsync(Prompt prompt, CancellationToken cancellation)
    {
        var challenge = prompt.Challenge;
        if (await accounts.FindAsync(prompt.Principal.Id, cancellation) is not { } account)
        {
            return new PromptAnswer.Failed("Duo Push is not set up");
        }

        if (challenge.AwaitsNumber is { Kind: FactorKind.DuoPush } tapped && tapped.AuthenticatorId == KeyOf(account))
        {
            prompt.Say(NumberToo); // approved on the phone before a restart
            return new PromptAnswer.Sent();
        }

        var push = transactions.Find(challenge.Id, account);
        if (push is null)
        {
            var (sent, why) = await pushes.SendAsync(account.UserName, challenge.Client, new(account.Device, account.Name), DuoPushInfo.Of(challenge, gateway.Url), cancellation);
            if (sent is null)
            {
                // Duo's own link is shown on that page alone, after a second factor: who holds a stolen token reads the terminal too, and would enrol a phone of theirs.
                return new PromptAnswer.Failed(why == DuoPushes.NotEnrolled ? $"{why}: enrol at {gateway.Url.GetLeftPart(UriPartial.Authority)}{EnrolPage}" : why);
            }

            push = sent;
            if (!await transactions.KeepAsync(challenge.Id, account, push))
            {
                return new PromptAnswer.Failed(DuoAuthApi.NotUnderstood);
            }
        }

        prompt.Say($"Duo push sent to {push.Device}");
        if (push.Code is null && !challenge.Requirement.IsSatisfiedBy(Tapped(push, account).For(challenge.Id)))
        {
            prompt.Say(NumberToo);
        }

        DuoOutcome outcome;
        var isOver = false;
        try
        {
            outcome = await pushes.WaitAsync(push, code => ShowCodeAsync(prompt, account, push with { Code = code }), cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested && IsOver(challenge.Id))
        {
            // Whoever ran the command has gone, or has proven something else, and it may not have been the person: the push is
            // still on the phone, and "this wasn't me" there counts. Nothing else does: there is nothing left to approve.
            isOver = true;
            outcome = await pushes.WaitAsync(push, static _ => Task.CompletedTask, CancellationToken.None);
        }

        return await ReadAsync(prompt, account, push, isOver && outcome.Verdict is not DuoVerdict.Fraud ? new(DuoVerdict.Waiting) : outcome);
    }

    private async Task<PromptAnswer> ReadAsync(Prompt prompt, DuoAccountRow account, DuoPushed push, DuoOutcome outcome)
    {
        var challenge = prompt.Challenge;
        if (outcome.Verdict is DuoVerdict.Fraud)
        {
            return Reported(push); // whoever took Duo out of use meanwhile may be the one who is reported
        }

        if (outcome.Verdict is DuoVerdict.Allowed or DuoVerdict.Declined && !await IsStillAsync(prompt.Principal.Id, account))
        {
            return new PromptAnswer.Failed("Duo Push was changed while it asked you");
        }

        if (outcome.Verdict is DuoVerdict.Allowed)
        {
            await accounts.UsedAsync(account.Id);
            var proven = Tapped(push, account);
            return new PromptAnswer.Approved(outcome.CodeTyped ? proven with { Strength = Strength.Strong } : proven, outcome.CodeTyped && challenge.Requirement.Number);
        }

        if (outcome.Verdict is DuoVerdict.Declined)
        {
            return new PromptAnswer.Declined(Reported: false) { AuthenticatorId = KeyOf(account), Remote = new(push.Txid, push.DeviceId) };
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

    /// <summary>The same account at Duo, and pushes still go where this one went: what was taken out of use answers nothing.</summary>
    private async Task<bool> IsStillAsync(PrincipalId person, DuoAccountRow asked) =>
        await accounts.FindAsync(person, CancellationToken.None) is { } now && (now.Id, now.UserName, now.Device) == (asked.Id, asked.UserName, asked.Device);

    /// <summary>
    /// Where the rule wants a number from the terminal, the page must not show the one that stands for it: whoever types it has to
    /// have seen the terminal. Elsewhere the page shows it too, since a silent command has nothing to show it in.
    /// </summary>
    private async Task ShowCodeAsync(Prompt prompt, DuoAccountRow account, DuoPushed push)
    {
        var line = $"type {push.Code} in Duo Mobile";
        (prompt.Challenge.Requirement.Number ? prompt.SayInTerminal : prompt.Say)(line);
        await transactions.KeepAsync(prompt.Challenge.Id, account, push);
    }

    private bool IsOver(ChallengeId id) => requests.Find(id)?.State is not ChallengeState.Pending;

    /// <summary>"This wasn't me", said on the phone that got this push.</summary>
    public static PromptAnswer.Declined Reported(DuoPushed push) => new(Reported: true) { Remote = new(push.Txid, push.DeviceId) };

    private static string KeyOf(DuoAccountRow account) => account.Id.ToString("N");

    /// <param name="push">Where it went is not always where the person wants them.</param>
    /// <param name="account">Theirs.</param>
    private static Proven Tapped(DuoPushed push, DuoAccountRow account) =>
        new(FactorKind.DuoPush, Strength.Basic, push.Device, KeyOf(account)) { Remote = new(push.Txid, push.DeviceId) };
}
