using System.Security.Cryptography;
using System.Text;
using Countersign.Core.Challenges;
using Countersign.Core.Identities;
using Countersign.Server.Factors.WebAuthn;

namespace Countersign.Server.Enforcement;

/// <summary>
/// The one method by which a request is settled by a person, whatever the surface (page, API, terminal). The order matters:
/// number, then proof (which spends the code), then the conditional write of the verdict together with its audit record.
/// </summary>
internal sealed class Approvals(ChallengeRegister register, ChallengeReader reader, IEnumerable<IFactor> factors, WebAuthnFactor webAuthn, CommandReports reports)
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

        if (await CheckNumberAsync(challenge, input.Number) is { } refused)
        {
            return refused;
        }

        return FactorFor(input) is not var (kind, proof)
            ? new(ApprovalOutcome.ProofOwed, challenge)
            : await ProveAsync(principal, challenge, kind, proof, numberTyped: input.Number is not null, cancellation);
    }

    /// <param name="principal">Whose request it must be.</param>
    /// <param name="id">Which.</param>
    /// <param name="reported">"This wasn't me": also revokes the credential that asked and ends the person's grants.</param>
    /// <param name="cancellation">Gives up waiting, not the verdict.</param>
    public async Task<ApprovalResult> DenyAsync(Principal principal, ChallengeId id, bool reported, CancellationToken cancellation)
    {
        if (FindOwn(principal, id) is not { } challenge)
        {
            return new(ApprovalOutcome.NotFound);
        }

        var settled = await register.SettleAsync(id, new ChallengeEvent.Declined(reported), principal.Name);
        if (reported)
        {
            // Whatever became of the request: somebody else has the credential, and that it is revoked is what was asked for.
            await reports.ActAsync(principal, challenge);
            return new(ApprovalOutcome.Done, settled?.After ?? challenge);
        }

        return settled is { After.State: ChallengeState.Denied } now && now.Before.State is ChallengeState.Pending
            ? new(ApprovalOutcome.Done, now.After)
            : new(ApprovalOutcome.AlreadySettled, settled?.After);
    }

    private async Task<ApprovalResult?> CheckNumberAsync(Challenge challenge, string? number)
    {
        if (number is null)
        {
            return challenge.Requirement.Number ? new(ApprovalOutcome.NumberOwed, challenge) : null;
        }

        if (CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(number.Trim()), Encoding.UTF8.GetBytes(challenge.Number)))
        {
            return null;
        }

        var settled = await register.SettleAsync(challenge.Id, new ChallengeEvent.WrongNumber(), challenge.PrincipalName);
        return new(ApprovalOutcome.NumberWrong, settled?.After);
    }

    private async Task<ApprovalResult> ProveAsync(Principal principal, Challenge challenge, FactorKind kind, FactorInput input, bool numberTyped, CancellationToken cancellation)
    {
        if (!challenge.Requirement.CanBeSatisfiedBy(kind))
        {
            return new(ApprovalOutcome.FactorNotAccepted, challenge); // before the code is spent in vain
        }

        var result = await factors.Single(factor => factor.Kind == kind).VerifyAsync(principal, PurposeOf(challenge), input, cancellation);
        if (result is not { Failure: FactorFailure.None, Proven: { } proven })
        {
            return new(Outcome(result.Failure), challenge, result.RetryAt);
        }

        var proof = proven.For(challenge.Id) with { NumberTyped = numberTyped }; // a wrong number never comes so far
        if (!challenge.Requirement.IsSatisfiedBy(proof))
        {
            return new(ApprovalOutcome.FactorNotAccepted, challenge);
        }

        var settled = await register.SettleAsync(challenge.Id, new ChallengeEvent.Proven(proof), principal.Name);
        return settled is { Before.State: ChallengeState.Pending, After.State: ChallengeState.Approved or ChallengeState.Spent } now
            ? new(ApprovalOutcome.Done, now.After)
            : new(ApprovalOutcome.AlreadySettled, settled?.After);
    }

    private Challenge? FindOwn(Principal principal, ChallengeId id) =>
        reader.Find(id) is { } challenge && challenge.PrincipalId == principal.Id ? challenge : null;

    private static ProofPurpose PurposeOf(Challenge challenge) => new("approve", challenge.Id.Value, challenge.Digest);

    private static (FactorKind, FactorInput)? FactorFor(ApprovalInput input) => input switch
    {
        { AssertionJson: { } assertion, Totp: null, RecoveryCode: null } => (FactorKind.WebAuthn, new(null, assertion)),
        { Totp: { } code, AssertionJson: null, RecoveryCode: null } => (FactorKind.Totp, new(code, null)),
        { RecoveryCode: { } code, AssertionJson: null, Totp: null } => (FactorKind.RecoveryCode, new(code, null)),
        _ => null,
    };

    private static ApprovalOutcome Outcome(FactorFailure failure) => failure switch
    {
        FactorFailure.NotSetUp => ApprovalOutcome.FactorNotSetUp,
        FactorFailure.Delayed => ApprovalOutcome.ProofDelayed,
        FactorFailure.Locked => ApprovalOutcome.ProofLocked,
        _ => ApprovalOutcome.ProofRefused,
    };
}
