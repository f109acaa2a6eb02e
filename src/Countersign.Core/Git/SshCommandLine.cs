using System.Buffers;
using Countersign.Core.Challenges;

namespace Countersign.Core.Git;

/// <summary>
/// What a client asks for over SSH (<c>SSH_ORIGINAL_COMMAND</c>): a closed list of verbs with exactly the arguments that each has.
/// Nothing of the text is ever run or passed on: what goes further is rebuilt from the parsed parts.
/// </summary>
public abstract record SshCommandLine
{
    /// <summary>The longest command in characters; the longest repository has 200.</summary>
    public const int MaxLength = 1024;

    private static readonly (string Verb, GitService Service)[] Verbs =
    [
        ("git-upload-pack", GitService.UploadPack),
        ("git upload-pack", GitService.UploadPack),
        ("git-receive-pack", GitService.ReceivePack),
        ("git receive-pack", GitService.ReceivePack),
        ("git-upload-archive", GitService.UploadArchive),
        ("git upload-archive", GitService.UploadArchive),
    ];

    // What Git would have to escape inside its quotes (quote.c, sq_quote_buf) is in no repository's name.
    private static readonly SearchValues<char> Escaped = SearchValues.Create("'!\\");

    private SshCommandLine()
    {
    }

    /// <summary>Reads the command as it was received; never fails and never throws.</summary>
    public static SshCommandLine Parse(string text)
    {
        if (text.Length == 0)
        {
            return new Greeting();
        }

        foreach (var (verb, service) in Verbs)
        {
            if (text.StartsWith(verb, StringComparison.Ordinal) && text.AsSpan(verb.Length) is [' ', ..])
            {
                return text.Length <= MaxLength && ReadPath(Unquote(text[(verb.Length + 1)..])) is { } repository
                    ? new Git(service, repository)
                    : new Refused(true);
            }
        }

        return text.Length > MaxLength ? new Refused(false) : text.Split(' ') switch
        {
            // Git LFS quotes nothing; where a release of it does, it quotes as Git does.
            ["git-lfs-authenticate", var path, "download"] when ReadPath(Unquote(path) ?? path) is { } from => new LargeFiles(from, false),
            ["git-lfs-authenticate", var path, "upload"] when ReadPath(Unquote(path) ?? path) is { } to => new LargeFiles(to, true),
            ["git-lfs-authenticate", ..] => new Refused(false),
            ["git-lfs-transfer", ..] => new LargeFilesOverSsh(),
            ["requests"] => new Requests(),
            ["help"] => new Help(),
            ["approve", var id, var code] => ReadApproval(id, code),
            ["approve", ..] => new Approve(null, null),
            _ => new Refused(false),
        };
    }

    private static Approve ReadApproval(string id, string code) => new(
        ChallengeId.TryParse(id.ToUpperInvariant(), out var challenge) ? challenge : null,
        code.Length == 6 && code.AsSpan().IndexOfAnyExceptInRange('0', '9') < 0 ? code : null);

    private static string? Unquote(string text) =>
        text is ['\'', .. var inner, '\''] && inner.AsSpan().IndexOfAny(Escaped) < 0 ? inner : null;

    /// <summary><c>KEY/REPO</c>, with a leading slash (<c>ssh://</c> addresses) and <c>/scm</c> (rewritten HTTPS ones) or without.</summary>
    private static RepositoryPath? ReadPath(string? path)
    {
        if (path is null)
        {
            return null;
        }

        var name = path.StartsWith('/') ? path[1..] : path;
        return RepositoryPath.TryParse(name, out var repository)
            || (name.StartsWith("scm/", StringComparison.Ordinal) && RepositoryPath.TryParse(name["scm/".Length..], out repository))
            ? repository
            : null;
    }

    /// <summary>A Git command on a repository.</summary>
    public sealed record Git(GitService Service, RepositoryPath Repository) : SshCommandLine;

    /// <summary><c>git-lfs-authenticate PATH upload|download</c>: where large files are, and what opens that for a while.</summary>
    public sealed record LargeFiles(RepositoryPath Repository, bool Upload) : SshCommandLine;

    /// <summary><c>git-lfs-transfer</c>: Git LFS asks for this first and goes on with <see cref="LargeFiles"/> when it is not there.</summary>
    public sealed record LargeFilesOverSsh : SshCommandLine;

    /// <summary>No command: somebody looks whether the door opens.</summary>
    public sealed record Greeting : SshCommandLine;

    /// <summary>The person's own requests for approval.</summary>
    public sealed record Requests : SshCommandLine;

    public sealed record Help : SshCommandLine;

    /// <summary>Approves a request with a code of an authenticator app.</summary>
    /// <param name="Request">Null where what stands there is no request's name.</param>
    /// <param name="Code">Exactly six ASCII digits; null where what stands there is no code.</param>
    public sealed record Approve(ChallengeId? Request, string? Code) : SshCommandLine
    {
        /// <summary>Records print their members: this one has a code.</summary>
        public override string ToString() => $"approve {Request}";
    }

    /// <summary>Anything else.</summary>
    /// <param name="SpeaksGit">A Git verb whose argument is no repository's address: the client waits for packets.</param>
    public sealed record Refused(bool SpeaksGit) : SshCommandLine;
}
