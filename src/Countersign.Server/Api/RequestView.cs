using Countersign.Core.Challenges;
using Countersign.Core.Git;
using Countersign.Core.Policies;

namespace Countersign.Server.Api;

/// <summary>A request for approval. The number is never in it: it is in the terminal, and the person carries it over.</summary>
/// <param name="Id">What people read aloud, for example WDJB-MJHT.</param>
/// <param name="State">pending, approved, denied, expired, cancelled or spent.</param>
/// <param name="Cause">Why it was denied or cancelled; null otherwise.</param>
/// <param name="Operation">push, fetch or archive; lfs-upload, lfs-download, lfs-lock, lfs-unlock, lfs-unlock-forced (somebody else's, or maybe so) or lfs-locks for Git LFS.</param>
/// <param name="Repository">KEY/name.</param>
/// <param name="Refs">Every ref that a push changes, deleted and forced ones first; empty for reads.</param>
/// <param name="PushOptions">As given with git push -o.</param>
/// <param name="Person">Whose request it is.</param>
/// <param name="Credential">The label of the access token that asked.</param>
/// <param name="Client">The client's address.</param>
/// <param name="UserAgent">What the client calls itself; empty when it says nothing.</param>
/// <param name="Requirement">What must be proven.</param>
/// <param name="NumberOwed">Approving takes the number from the terminal.</param>
/// <param name="NumberTyped">The number was typed and was right; a tap on the person's device is still to come.</param>
/// <param name="AwaitsNumber">It was approved on the person's device, which counts as soon as the number is typed.</param>
/// <param name="ApproveUrl">The page for a browser.</param>
/// <param name="Approval">By what it was approved; null until then.</param>
/// <param name="Said">What the waiting terminal was told about asking the person, oldest first; empty in lists, and once it is settled.</param>
/// <param name="LargeFiles">For Git LFS: what the operation is about; else null.</param>
internal sealed record RequestView(
    string Id, string State, string? Cause, string Operation, string Repository, IReadOnlyList<RefView> Refs,
    IReadOnlyList<string> PushOptions, string Person, string Credential, string Client, string UserAgent,
    DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt, RequirementView Requirement, bool NumberOwed, bool NumberTyped, bool AwaitsNumber,
    string ApproveUrl, ApprovalView? Approval, IReadOnlyList<string> Said, LargeFilesView? LargeFiles)
{
    public static RequestView Of(Challenge challenge, Uri url, IReadOnlyList<string>? said = null) => new(
        challenge.Id.Value,
        StateOf(challenge),
        CauseOf(challenge.State),
        challenge.Command.Lfs is { } work ? Words.Of(work) : Words.Of(challenge.Command.Service),
        challenge.Command.Repository.ToString(),
        [.. RefUpdate.InOrderOfDanger(challenge.Command.Updates).Select(RefView.Of)],
        challenge.Command.PushOptions,
        challenge.PrincipalName,
        challenge.Credential.Label,
        challenge.Client.ToString(),
        challenge.UserAgent,
        challenge.CreatedAt,
        challenge.ExpiresAt,
        RequirementView.Of(challenge.Requirement),
        challenge.Requirement.Number && challenge is { State: ChallengeState.Pending, NumberTyped: false },
        challenge is { State: ChallengeState.Pending, NumberTyped: true },
        challenge is { State: ChallengeState.Pending, AwaitsNumber: not null },
        $"{url.GetLeftPart(UriPartial.Authority)}/a/{challenge.Id}",
        challenge.State switch
        {
            ChallengeState.Approved { Proof: var proof } => ApprovalView.Of(proof),
            ChallengeState.Spent { Proof: var proof } => ApprovalView.Of(proof),
            _ => null,
        },
        said ?? [],
        challenge.Command.Lfs is { } files ? new(files.Files, files.Bytes, files.Subject, files.Path, files.Owner, files.For?.Value, files.ThenPush) : null);

    public static string StateOf(Challenge challenge) => challenge.State.Name.ToLowerInvariant();

    private static string? CauseOf(ChallengeState state) => state switch
    {
        ChallengeState.Denied { Cause: DenialCause.Declined } => "declined",
        ChallengeState.Denied { Cause: DenialCause.Reported } => "reported",
        ChallengeState.Denied { Cause: DenialCause.WrongNumbers } => "wrong-numbers",
        ChallengeState.Cancelled { Cause: CancelCause.ClientLeft } => "client-left",
        ChallengeState.Cancelled { Cause: CancelCause.Superseded } => "superseded",
        ChallengeState.Cancelled { Cause: CancelCause.AccessEnded } => "access-ended",
        ChallengeState.Cancelled { Cause: CancelCause.Moved } => "moved",
        _ => null,
    };
}

/// <param name="Name">The full name, for example refs/heads/main.</param>
/// <param name="Old">The object id that it had; zeros when it is created.</param>
/// <param name="New">The object id that it gets; zeros when it is deleted.</param>
/// <param name="Change">create, update or delete.</param>
/// <param name="Forced">History is replaced; null where it could not be told.</param>
/// <param name="Commits">How many commits it adds; null where it could not be told.</param>
internal sealed record RefView(string Name, string Old, string New, string Change, bool? Forced, int? Commits)
{
    public static RefView Of(RefUpdate update) =>
        new(update.Name.Value, update.Old.Hex, update.New.Hex, Words.Of(update.Change), update.Forced, update.Commits);
}

/// <param name="Strength">basic, strong, phishing-resistant or hardware-attested, at least.</param>
/// <param name="Kinds">Only these kinds of factor; empty means any.</param>
/// <param name="Models">Only these authenticator models (AAGUID); empty means any.</param>
/// <param name="Number">The number from the terminal must be given.</param>
internal sealed record RequirementView(string Strength, IReadOnlyList<string> Kinds, IReadOnlyList<Guid> Models, bool Number)
{
    public static RequirementView Of(FactorRequirement requirement) => new(
        Words.Of(requirement.Strength),
        [.. requirement.Kinds.Select(Words.Of).Order(StringComparer.Ordinal)],
        [.. requirement.Models.Order()],
        requirement.Number);
}

/// <param name="Factor">The kind of factor.</param>
/// <param name="Strength">What the proof was worth, as verified.</param>
/// <param name="Authenticator">The owner's name for it.</param>
internal sealed record ApprovalView(string Factor, string Strength, string Authenticator)
{
    public static ApprovalView Of(FactorProof proof) => new(Words.Of(proof.Kind), Words.Of(proof.Strength), proof.Authenticator);
}

/// <param name="Files">How many large files; 0 for locks.</param>
/// <param name="Bytes">Their size in all.</param>
/// <param name="Subject">For a lock its path, for an unlock the lock's id, for files a digest of their names and sizes.</param>
/// <param name="Path">For an unlock the file; null where that is not known.</param>
/// <param name="Owner">For an unlock the name of whose lock it is; null where that is not known.</param>
/// <param name="Ref">For an upload the ref that the client says it is for; null where it says none.</param>
/// <param name="ThenPush">Approving covers also the push that follows, as far as it creates or advances that ref and does nothing else.</param>
internal sealed record LargeFilesView(int Files, long Bytes, string Subject, string? Path, string? Owner, string? Ref, bool ThenPush);
