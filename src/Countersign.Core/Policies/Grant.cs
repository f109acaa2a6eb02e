using Countersign.Core.Challenges;
using Countersign.Core.Git;
using Countersign.Core.Identities;
using Countersign.Core.LargeFiles;

namespace Countersign.Core.Policies;

public enum GrantScope
{
    Repository,
    Workspace,
}

/// <summary>How far and how long an approval reaches.</summary>
public sealed record GrantTerms
{
    /// <summary>Workspace scope serves reads only: a clone with submodules is one approval. A write never reaches further than its repository.</summary>
    public GrantScope Scope { get; init; } = GrantScope.Repository;

    /// <summary>The grant ends when it has not been used for so long.</summary>
    public TimeSpan Idle { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The grant ends after so long, used or not.</summary>
    public TimeSpan Max { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>What both allow: the smaller scope, the shorter times.</summary>
    public static GrantTerms Narrower(GrantTerms left, GrantTerms right) => new()
    {
        Scope = left.Scope < right.Scope ? left.Scope : right.Scope,
        Idle = left.Idle < right.Idle ? left.Idle : right.Idle,
        Max = left.Max < right.Max ? left.Max : right.Max,
    };
}

/// <summary>A proof accepted for a while, for exactly what it names.</summary>
public sealed record Grant
{
    public required long Id { get; init; }

    public required ChallengeId ChallengeId { get; init; }

    public required PrincipalId PrincipalId { get; init; }

    public required string CredentialId { get; init; }

    public required OperationClass Class { get; init; }

    public required RepositoryPath Repository { get; init; }

    /// <summary><see cref="ClientAddress.Network"/> of the approved command.</summary>
    public required string Network { get; init; }

    /// <summary>The per-command key that the grant is bound to; null where the command had none.</summary>
    public CommandToken? CommandToken { get; init; }

    public required GrantTerms Terms { get; init; }

    public required FactorProof Proof { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset LastUsedAt { get; init; }

    /// <summary>A push is using it, or has used it: it lets no other push through.</summary>
    public bool PushClaimed { get; init; }

    /// <summary>
    /// <see cref="OperationDigest.OfUpdates"/> of the one push that was approved; null when it was approved before its refs were
    /// known. A different push under the same approval is not covered.
    /// </summary>
    public string? Updates { get; init; }

    /// <summary>Approved for Git LFS requests alone: it covers nothing of Git's own but <see cref="ThenPush"/>, and above all no push whose refs nobody saw.</summary>
    public bool LfsOnly { get; init; }

    /// <summary>
    /// The one ref that was named to the person who approved an upload "and the push that follows". It covers one push of the very command
    /// whose key is <see cref="CommandToken"/>, which creates or advances that ref and does nothing else; null for any other grant.
    /// </summary>
    public RefName? ThenPush { get; init; }

    /// <summary>The id of the one lock whose forced removal was approved; null for any other grant. It covers that, what reads, and nothing else.</summary>
    public string? ForcedUnlock { get; init; }

    /// <summary>A grant from the future is not live: the clock was set back, and its end would move away.</summary>
    public bool IsLive(DateTimeOffset now) => now >= CreatedAt && now - CreatedAt < Terms.Max && now - LastUsedAt < Terms.Idle;

    /// <summary>True when this grant names what the request asks; its proof is judged apart.</summary>
    public bool Covers(AccessRequest request, DateTimeOffset now) =>
        IsLive(now)
        && request.Principal.Id == PrincipalId
        && request.Credential.Id == CredentialId
        && request.Client.Network == Network
        && (request.Command.Class == OperationClass.Read || Class == OperationClass.Write)
        && (request.Command.Lfs is null ? CoversGit(request) : CoversLfs(request));

    private bool CoversGit(AccessRequest request) =>
        (!LfsOnly || FollowsUpload(request.Command))
        && !(request.Command.MovesRefs && PushClaimed)
        && CoversUpdates(request.Command)
        && CoversRepository(request, anyCommand: ReadsUnderWrite(request));

    // Who approved saw the ref's name and that nothing would be lost, and no ids. Without a command's key it could be any push, and
    // push options can make the host do more than move the ref.
    private bool FollowsUpload(GitCommand command) =>
        ThenPush is { } name
        && CommandToken is not null
        && command is { Class: OperationClass.Write, Hidden: HiddenRefs.None, PushOptions: [], Updates: [var update] }
        && update.Name == name
        && RuleFit.IsForced(update) == false;

    // Git LFS sends no command key.
    private bool CoversLfs(AccessRequest request) =>
        (request.Command.Class == OperationClass.Read || CoversLfsWrite(request.Command.Lfs!))
        && CoversRepository(request, anyCommand: true);

    // A push that was approved ref by ref has had its uploads before it was asked about, so its grant lets no further ones in; one
    // that is under way neither. Somebody else's lock falls only to whoever was asked about that very lock.
    private bool CoversLfsWrite(LfsWork work) =>
        work.Forced || ForcedUnlock is not null
            ? work.Forced && ForcedUnlock == work.Subject
            : Updates is null && !PushClaimed;

    // Before a push Git's hooks read the same repository by commands of their own (Git LFS runs ls-remote), which have other keys.
    private bool ReadsUnderWrite(AccessRequest request) =>
        Class == OperationClass.Write && request.Command.Class == OperationClass.Read;

    // An approval of certain refs covers no push whose refs nobody gets to know.
    private bool CoversUpdates(GitCommand command) =>
        Updates is null || !command.MovesRefs || (command.RefsKnown && Updates == OperationDigest.OfUpdates(command));

    // Submodules of one clone come with command keys of their own, so a workspace-wide grant does not ask for the key.
    private bool CoversRepository(AccessRequest request, bool anyCommand) =>
        Terms.Scope == GrantScope.Workspace && Class == OperationClass.Read && request.Command.Class == OperationClass.Read
            ? request.Command.Repository.Workspace == Repository.Workspace
            : request.Command.Repository == Repository && (anyCommand || request.CommandToken == CommandToken);
}
