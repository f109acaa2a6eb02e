using Countersign.Core.Challenges;
using Countersign.Core.Identities;
using Countersign.Server.Factors.WebAuthn;
using Countersign.Server.People;

namespace Countersign.Server.Enforcement;

/// <summary>
/// The one method by which a request is settled by a person, whatever the surface (page, API, terminal). The order matters:
/// number, then proof (which spends the code), then the conditional write of the verdict together with its audit record.
/// </summary>
internal sealed class Approvals(
    ChallengeRegister register, ChallengeReader reader, IPeople people, IEnumerable<IFactor> factors, WebAuthnFactor webAuthn, CommandReports reports, Authenticators authenticators)
{
    /// <summary>Options for <c>navigator.credentials.get</c> bound to this challenge's digest, as JSON (PublicKeyCredentialRequestOptionsJSON); null when there is no such pending request of this person.</summary>
    public async Task<string?> AssertionOptionsAsync(Principal principal, ChallengeId id, CancellationToken cancellation) =>
        FindOwn(principal, id) is { State: ChallengeState.Pending } challenge
            ? await webAuthn.OptionsAsync(principal, PurposeOf(challenge), cancellation)
            : null;

    public async Task<ApprovalResult> ApproveAsync(Principal principal, ChallengeId id, ApprovalInput input, CancellationToken cancellation)
    {
        if (FindOwn(principal, id) is not { } challenge)
        {
            return new(ApprovalOutcome.NotFound);
        }

        if (challenge.State is not ChallengeState.Pending)
        {
            return new(ApprovalOutcome.AlreadySettled, challenge);
        }

        if (await CheckNumberAsync(challenge, input) is { } refused)
        {
            return refused;
        }

        return FactorFor(input) is not var (kind, proof)
            ? await TakeNumberAsync(principal, challenge, input)
            : await ProveAsync(principal, challenge, kind, proof, numberTyped: input.Number is not null || challenge.NumberTyped, cancellation);
    }

    /// <summary>What a person answered to a prompt of the given kind. Anything but their own answer leaves the request as it is.</summary>
    public async Task<ApprovalResult> AnswerAsync(PrincipalId person, ChallengeId id, FactorKind kind, PromptAnswer answer)
    {
        if (people.FindPrincipal(person) is not { } principal || FindOwn(principal, id) is not { } challenge)
        {
            return new(ApprovalOutcome.NotFound);
        }

        return answer switch
        {
            PromptAnswer.Declined declined when declined.AuthenticatorId is not { } by || authenticators.IsStill(principal, kind, by) =>
                await DenyAsync(principal, challenge, new(declined.Reported) { Remote = declined.Remote }),
            PromptAnswer.Approved { Proof: var proven } approved when proven.Kind == kind && authenticators.IsStill(principal, kind, proven.AuthenticatorId) =>
                await SettleAsync(principal, challenge, approved.NumberTyped ? proven.For(id).WithNumber() : proven.For(id)),
            _ => new(ApprovalOutcome.ProofRefused, challenge),
        };
    }

    /// <param name="principal">Whose request it must be.</param>
    /// <param name="id">Which.</param>
    /// <param name="reported">"This wasn't me": also revokes the credential that asked and ends the person's grants.</param>
    /// <param name="cancellation">Gives up waiting, not the verdict.</param>
    public async Task<ApprovalResult> DenyAsync(Principal principal, ChallengeId id, bool reported, CancellationToken cancellation) =>
        FindOwn(principal, id) is { } challenge ? await DenyAsync(principal, challenge, new(reported)) : new(ApprovalOutcome.NotFound);

    private async Task<ApprovalResult> DenyAsync(Principal principal, Challenge challenge, ChallengeEvent.Declined declined)
    {
        if (declined.Reported)
        {
            // Whatever became of the request: somebody else has the credential, and that it is revoked is what was asked for. It is
            // by the time that the command hears of its end.
            var reported = await register.SettleAsync(challenge.Id, declined, principal.Name, reports.CarryOutAsync);
            return new(ApprovalOutcome.Done, reported?.After ?? challenge);
        }

        var settled = await register.SettleAsync(challenge.Id, declined, principal.Name);

        return settled is { After.State: ChallengeState.Denied } now && now.Before.State is ChallengeState.Pending
            ? new(ApprovalOutcome.Done, now.After)
            : new(ApprovalOutcome.AlreadySettled, settled?.After);
    }

    private async Task<ApprovalResult?> CheckNumberAsync(Challenge challenge, ApprovalInput input)
    {
        if (input.Number is null)
        {
            return (challenge.Requirement.Number && !challenge.NumberTyped) || (input.MailToken is not null && !input.InSession)
                ? new(ApprovalOutcome.NumberOwed, challenge)
                : null;
        }

        return await register.CheckNumberAsync(challenge.Id, input.Number.Trim()) switch
        {
            null => new(ApprovalOutcome.NotFound),
            (true, _) => null,
            (false, var now) => new(ApprovalOutcome.NumberWrong, now),
            (_, var now) => new(ApprovalOutcome.AlreadySettled, now),
        };
    }

    private async Task<ApprovalResult> ProveAsync(Principal principal, Challenge challenge, FactorKind kind, FactorInput input, bool numberTyped, CancellationToken cancellation)
    {
        if (!challenge.Requirement.CanBeSatisfiedBy(kind))
        {
            return new(ApprovalOutcome.FactorNotAccepted, challenge); // before the code is spent in vain
        }

        if (factors.SingleOrDefault(factor => factor.Kind == kind) is not { } factor)
        {
            return new(ApprovalOutcome.FactorNotSetUp, challenge); // Duo, on a gateway without it
        }

        var result = await factor.VerifyAsync(principal, PurposeOf(challenge), input, cancellation);
        if (result is not { Failure: FactorFailure.None, Proven: { } proven })
        {
            return new(Outcome(result.Failure), challenge, result.RetryAt);
        }

        var proof = proven.For(challenge.Id) with { NumberTyped = numberTyped }; // a wrong number never comes so far
        if (!challenge.Requirement.IsSatisfiedBy(proof))
        {
            return new(ApprovalOutcome.FactorNotAccepted, challenge);
        }

        return await SettleAsync(principal, challenge, proof);
    }

    /// <summary>The number alone approves nothing.</summary>
    private async Task<ApprovalResult> TakeNumberAsync(Principal principal, Challenge challenge, ApprovalInput input)
    {
        if (input is not { Number: not null, Totp: null, RecoveryCode: null, AssertionJson: null, DuoPasscode: null, MailToken: null } || !authenticators.NumberCounts(principal, challenge))
        {
            return new(ApprovalOutcome.ProofOwed, challenge);
        }

        return await register.SettleAsync(challenge.Id, new ChallengeEvent.NumberRight(), challenge.PrincipalName) is var (_, after)
            ? new(after.State is ChallengeState.Pending ? ApprovalOutcome.NumberTaken : Settled(after), after)
            : new(ApprovalOutcome.NotFound);
    }

    private async Task<ApprovalResult> SettleAsync(Principal principal, Challenge challenge, FactorProof proof) =>
        await register.SettleAsync(challenge.Id, new ChallengeEvent.Proven(proof), principal.Name) switch
        {
            var (before, after) when before.State is ChallengeState.Pending && after.State is ChallengeState.Approved => new(ApprovalOutcome.Done, after),
            var (_, after) when after is { State: ChallengeState.Pending, AwaitsNumber: not null } => new(ApprovalOutcome.NumberOwed, after),
            var (_, after) when after.State is ChallengeState.Pending => new(ApprovalOutcome.FactorNotAccepted, after),
            var settled => new(ApprovalOutcome.AlreadySettled, settled?.After),
        };

    private static ApprovalOutcome Settled(Challenge after) => after.State is ChallengeState.Approved ? ApprovalOutcome.Done : ApprovalOutcome.AlreadySettled;

    private Challenge? FindOwn(Principal principal, ChallengeId id) =>
        reader.Find(id) is { } challenge && challenge.PrincipalId == principal.Id ? challenge : null;

    private static ProofPurpose PurposeOf(Challenge challenge) => new("approve", challenge.Id.Value, challenge.Digest) { Client = challenge.Client };

    private static (FactorKind, FactorInput)? FactorFor(ApprovalInput input) => input switch
    {
        { MailToken: { } token, AssertionJson: null, Totp: null, RecoveryCode: null, DuoPasscode: null } => (FactorKind.EmailApproval, new(token, null)),
        { MailToken: not null } => null,
        { AssertionJson: { } assertion, Totp: null, RecoveryCode: null, DuoPasscode: null } => (FactorKind.WebAuthn, new(null, assertion)),
        { Totp: { } code, AssertionJson: null, RecoveryCode: null, DuoPasscode: null } => (FactorKind.Totp, new(code, null)),
        { RecoveryCode: { } code, AssertionJson: null, Totp: null, DuoPasscode: null } => (FactorKind.RecoveryCode, new(code, null)),
        { DuoPasscode: { } code, AssertionJson: null, Totp: null, RecoveryCode: null } => (FactorKind.DuoPush, new(code, null)),
        _ => null,
    };

    private static ApprovalOutcome Outcome(FactorFailure failure) => failure switch
    {
        FactorFailure.NotSetUp => ApprovalOutcome.FactorNotSetUp,
        FactorFailure.Delayed => ApprovalOutcome.ProofDelayed,
        FactorFailure.Locked => ApprovalOutcome.ProofLocked,
        FactorFailure.Unavailable => ApprovalOutcome.FactorUnavailable,
        _ => ApprovalOutcome.ProofRefused,
    };
}
