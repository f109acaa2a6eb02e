using System.Buffers;
using Countersign.Core.Challenges;
using Countersign.Core.LargeFiles;
using static Countersign.Core.Git.GitHttpRequest;

namespace Countersign.Core.Git;

/// <summary>The classification behind <see cref="GitHttpRequest.Parse"/>, in the order of its refusals: spelling, path, method, query, content.</summary>
internal static class GitHttpClassifier
{
    private const int MaxTarget = 4096;
    private const string UploadPack = "git-upload-pack";
    private const string ReceivePack = "git-receive-pack";

    // All that a repository address is spelled with. No '%' (but see Untilde), ';', '\', '#', '@', ':', space, control or non-ASCII.
    private static readonly SearchValues<char> Allowed =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/");

    public static GitHttpRequest Classify(string method, string rawTarget, string? contentType, MountTable mounts)
    {
        if (rawTarget.Length > MaxTarget)
        {
            return new Refused(400, "The address is too long.");
        }

        var target = Untilde(rawTarget);
        var mark = target.IndexOf('?', StringComparison.Ordinal);
        var path = mark < 0 ? target : target[..mark];
        var query = mark < 0 ? null : target[(mark + 1)..];
        if (!IsPlain(path))
        {
            return new Refused(400, "This address is not spelled as a repository address.");
        }

        // "" "w" TOKEN "scm" KEY NAME ... ; nothing may stand before or between. Below a mount its prefix stands for "scm" KEY.
        var segments = path.Split('/');
        var token = (CommandToken?)null;
        if (segments is ["", "w", var word, ..])
        {
            if (!CommandToken.TryParse(word, out token))
            {
                return NotFound;
            }

            segments = ["", .. segments[3..]];
        }

        if (segments is ["", "scm", var key, var name, .. var rest] && RepositoryPath.TryParse($"{key}/{name}", out var repository)
            && Endpoint(method, rest, query, contentType, repository) is var found and not Refused { Status: 404 })
        {
            return found with { Token = token };
        }

        return mounts.Find(segments.AsSpan(1)) is { } mounted
            ? Endpoint(method, segments[(1 + mounted.Length)..], query, contentType, mounted.Repository) with { Token = token }
            : NotFound with { Token = token };
    }

    public static bool Owns(string rawTarget, MountTable mounts)
    {
        if (rawTarget.StartsWith("/scm/", StringComparison.Ordinal) || rawTarget.StartsWith("/w/", StringComparison.Ordinal))
        {
            return true;
        }

        var path = rawTarget.Split('?', 2)[0];
        return mounts.Find(path.Split('/').AsSpan(1)) is not null
            && (path.EndsWith("/info/refs", StringComparison.Ordinal)
                || path.EndsWith("/" + UploadPack, StringComparison.Ordinal)
                || path.EndsWith("/" + ReceivePack, StringComparison.Ordinal)
                || path.Contains("/info/lfs/", StringComparison.Ordinal));
    }

    private static Refused NotFound => new(404, "There is no Git repository at this address.");

    private static GitHttpRequest Endpoint(string method, string[] rest, string? query, string? contentType, RepositoryPath repository) => rest switch
    {
        ["info", "refs"] => InfoRefs(method, query, repository),
        [UploadPack] => Rpc(method, query, contentType, GitService.UploadPack, UploadPack, repository),
        [ReceivePack] => Rpc(method, query, contentType, GitService.ReceivePack, ReceivePack, repository),
        ["info", "lfs", ..] => LfsRoutes.Read(method, rest.AsSpan(2), query, contentType, repository),
        ["HEAD"] or ["objects", ..] => Dumb,
        _ => NotFound,
    };

    private static Refused Dumb => new(403, "Only Git's smart HTTP protocol is served here; use Git 1.6.6 or later.");

    private static GitHttpRequest InfoRefs(string method, string? query, RepositoryPath repository)
    {
        if (method != "GET")
        {
            return new Refused(405, "This address takes GET only.");
        }

        return query switch
        {
            null => Dumb,
            "service=" + UploadPack => new Valid(GitEndpoint.InfoRefs, GitService.UploadPack, repository),
            "service=" + ReceivePack => new Valid(GitEndpoint.InfoRefs, GitService.ReceivePack, repository),
            // Two services in one query: some servers take the first, others the last. Neither is guessed here.
            _ when query.AsSpan().ContainsAny('&', '?') || !query.StartsWith("service=", StringComparison.Ordinal)
                => new Refused(400, "The query must be exactly one service."),
            _ => new Refused(403, "This Git service is not served here."),
        };
    }

    // The class comes from this request alone, never from the info/refs before it: a write after a read is a write.
    private static GitHttpRequest Rpc(string method, string? query, string? contentType, GitService service, string word, RepositoryPath repository)
    {
        if (method != "POST")
        {
            return new Refused(405, "This address takes POST only.");
        }

        if (query is not null)
        {
            return new Refused(400, "This address takes no query.");
        }

        return contentType is not null && contentType.Length == "application/x--request".Length + word.Length
            && contentType.StartsWith("application/x-", StringComparison.Ordinal)
            && contentType.AsSpan("application/x-".Length).StartsWith(word)
            && contentType.EndsWith("-request", StringComparison.Ordinal)
            ? new Valid(GitEndpoint.Rpc, service, repository)
            : new Refused(415, $"The content type must be application/x-{word}-request.");
    }

    /// <summary>Only <c>~</c> may be percent-encoded (RFC 3986 2.3 calls it unreserved, and some clients encode it all the same).</summary>
    private static string Untilde(string target) =>
        target.Contains('%', StringComparison.Ordinal) ? target.Replace("%7E", "~", StringComparison.OrdinalIgnoreCase) : target;

    private static bool IsPlain(string path) =>
        path.StartsWith('/') // not the absolute form, which names another host than the one that was asked
        && path.AsSpan().IndexOfAnyExcept(Allowed) < 0
        && !path.Contains("//", StringComparison.Ordinal)
        && !path.Contains("/.", StringComparison.Ordinal); // dot segments, and nothing of ours begins with a dot
}
