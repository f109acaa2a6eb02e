using Countersign.Core.Challenges;
using Countersign.Core.Git;
using Countersign.Server.People;

namespace Countersign.Server.Web.Views;

/// <summary>A request as people see it, on its page and as a card; both show the same thing.</summary>
internal sealed record RequestView(Challenge Challenge, DateTimeOffset Now)
{
    /// <summary>More rows than this fold.</summary>
    public const int RowsShown = 8;

    /// <summary>The same where the request is one of several, or over.</summary>
    public const int FewRows = 3;

    public string Id => Challenge.Id.Value;

    public IReadOnlyList<RefRow> Rows { get; } = RefRow.InOrderOfDanger(Challenge.Command.Updates);

    public bool IsPending => Challenge.State is ChallengeState.Pending;

    public bool IsDangerous => Rows.Any(row => row.IsDangerous) || Challenge.Command.Lfs is { Forced: true };

    public string Verb => Challenge.Command switch
    {
        { Lfs: { } work } => LargeFileWords.Verb(work),
        { Service: GitService.ReceivePack } => "Push to",
        { Service: GitService.UploadArchive } => "Download an archive of",
        _ => "Fetch from",
    };

    public string Repository => Challenge.Command.Repository.ToString();

    public string Operation => $"{Verb} {Repository}";

    /// <summary>What the verb does not say: a fetch may be a clone; a push says its refs only after it was let in.</summary>
    public string? Note => Challenge.Command switch
    {
        { Lfs: { } work } => LargeFileWords.Note(work),
        { Hidden: not HiddenRefs.None } => "A proxy sends it to the Git host itself. Which refs and files it changes is not seen here, now or later.",
        { Service: GitService.ReceivePack, RefsKnown: false } => "Git says which refs only after this approval.",
        { Service: GitService.UploadPack } => "A clone, fetch or pull: it reads, and changes nothing.",
        _ => null,
    };

    public string Client => VisibleText.Of(Challenge.UserAgent) is { Length: > 0 } agent ? agent : "says nothing about itself";

    /// <summary>The command may be over while its request is open; then it is run again. Over SSH a request goes with its command.</summary>
    public bool MayOutliveCommand => Challenge.CommandToken is null && (Challenge.Command.Lfs is not null || !SshKeyId.IsOne(Challenge.Credential.Id));

    public TimeSpan Left => Challenge.ExpiresAt > Now ? Challenge.ExpiresAt - Now : TimeSpan.Zero;

    public int SecondsLeft => (int)Left.TotalSeconds;

    public int SecondsInAll => Math.Max(1, (int)(Challenge.ExpiresAt - Challenge.CreatedAt).TotalSeconds);

    public string LeftInWords => Left.TotalSeconds < 90 ? $"{SecondsLeft} s left" : $"{(int)Math.Ceiling(Left.TotalMinutes)} min left";

    /// <summary>One or two letters in place of a picture.</summary>
    public string Initials => Challenge.PrincipalName.Split('.', '-', '_', ' ') switch
    {
        [{ Length: > 0 } first, { Length: > 0 } second, ..] => $"{first[0]}{second[0]}".ToUpperInvariant(),
        _ => Challenge.PrincipalName[..Math.Min(2, Challenge.PrincipalName.Length)].ToUpperInvariant(),
    };

    public string Outcome => Challenge.State switch
    {
        ChallengeState.Pending => "Waiting",
        ChallengeState.Approved or ChallengeState.Spent => "Approved",
        ChallengeState.Denied { Cause: DenialCause.Reported } => "Reported",
        ChallengeState.Denied => "Denied",
        ChallengeState.Expired => "Expired",
        _ => "Cancelled",
    };

    /// <summary>With what it was approved; null when it was not.</summary>
    public string? ApprovedWith => Challenge.State switch
    {
        ChallengeState.Approved { Proof.Authenticator: var name } => VisibleText.Of(name),
        ChallengeState.Spent { Proof.Authenticator: var name } => VisibleText.Of(name),
        _ => null,
    };
}
