using Countersign.Core.Git;

namespace Countersign.Core.LargeFiles;

/// <summary>What stands behind <c>{repository}/info/lfs/</c>. Everything that is not exactly one of the known requests is refused.</summary>
internal static class LfsRoutes
{
    public const string MediaType = "application/vnd.git-lfs+json";

    public static GitHttpRequest Read(string method, ReadOnlySpan<string> rest, string? query, string? contentType, RepositoryPath repository)
    {
        if (rest is ["locks"] && method == "GET")
        {
            return LfsLockQuery.TryParse(query, out var locks)
                ? Found(new(LfsEndpoint.ListLocks) { Query = locks })
                : Refused(400, "The query may have path, id, cursor, limit and refspec, each once.");
        }

        if (query is not null)
        {
            return Refused(400, "This address takes no query.");
        }

        return rest switch
        {
            ["objects", "batch"] => Document(new(LfsEndpoint.Batch)),
            ["objects", var name] when LfsOid.TryParse(name, out var oid) => method switch
            {
                "GET" => Found(new(LfsEndpoint.Download) { Oid = oid }),
                "PUT" => Found(new(LfsEndpoint.Upload) { Oid = oid }),
                _ => Refused(405, "This address takes GET and PUT only."),
            },
            ["objects", var name, "verify"] when LfsOid.TryParse(name, out var oid) => Document(new(LfsEndpoint.VerifyObject) { Oid = oid }),
            ["locks"] => Document(new(LfsEndpoint.CreateLock)),
            ["locks", "verify"] => Document(new(LfsEndpoint.VerifyLocks)),
            ["locks", var id, "unlock"] when id.Length is > 0 and <= LfsCall.MaxLockId => Document(new(LfsEndpoint.Unlock) { LockId = id }),
            _ => Refused(404, "There is no such Git LFS address."),
        };

        GitHttpRequest Document(LfsCall call) =>
            method != "POST" ? Refused(405, "This address takes POST only.")
            : IsMediaType(contentType) ? Found(call)
            : Refused(415, $"The content type must be {MediaType}.");

        GitHttpRequest Found(LfsCall call) => new GitHttpRequest.Lfs(call, repository);

        static GitHttpRequest Refused(int status, string reason) => new GitHttpRequest.Refused(status, reason);
    }

    /// <summary>Clients send it bare or with the one character set that JSON has.</summary>
    private static bool IsMediaType(string? contentType) =>
        contentType is not null
        && (contentType.Equals(MediaType, StringComparison.OrdinalIgnoreCase)
            || contentType.Equals(MediaType + "; charset=utf-8", StringComparison.OrdinalIgnoreCase)
            || contentType.Equals(MediaType + ";charset=utf-8", StringComparison.OrdinalIgnoreCase));
}
