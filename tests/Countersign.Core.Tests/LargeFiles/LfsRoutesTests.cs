using Countersign.Core.Git;
using Countersign.Core.LargeFiles;

namespace Countersign.Core.Tests.LargeFiles;

public sealed class LfsRoutesTests
{
    private const string Json = "application/vnd.git-lfs+json";
    private const string Oid = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    [Theory]
    [InlineData("POST", "objects/batch", Json, LfsEndpoint.Batch)]
    [InlineData("POST", "objects/batch", "application/vnd.git-lfs+json; charset=utf-8", LfsEndpoint.Batch)]
    [InlineData("GET", "objects/" + Oid, null, LfsEndpoint.Download)]
    [InlineData("PUT", "objects/" + Oid, "application/octet-stream", LfsEndpoint.Upload)]
    [InlineData("PUT", "objects/" + Oid, null, LfsEndpoint.Upload)]
    [InlineData("POST", "objects/" + Oid + "/verify", Json, LfsEndpoint.VerifyObject)]
    [InlineData("GET", "locks", null, LfsEndpoint.ListLocks)]
    [InlineData("GET", "locks?limit=100&refspec=refs%2Fheads%2Fmain", null, LfsEndpoint.ListLocks)]
    [InlineData("POST", "locks", Json, LfsEndpoint.CreateLock)]
    [InlineData("POST", "locks/verify", Json, LfsEndpoint.VerifyLocks)]
    [InlineData("POST", "locks/17/unlock", Json, LfsEndpoint.Unlock)]
    public void The_requests_of_git_lfs_are_known(string method, string target, string? type, LfsEndpoint endpoint)
    {
        foreach (var prefix in new[] { "/scm/ACME/core.git/info/lfs/", "/scm/acme/Core/info/lfs/", "/w/WDJB-MJHT-42/scm/ACME/core.git/info/lfs/" })
        {
            var lfs = Assert.IsType<GitHttpRequest.Lfs>(GitHttpRequest.Parse(method, prefix + target, type, MountTable.None));
            Assert.Equal((endpoint, "ACME/core"), (lfs.Call.Endpoint, lfs.Repository.ToString()));
        }
    }

    [Fact]
    public void Below_a_mount_they_are_the_same_repositories()
    {
        var mounts = new MountTable([new("/git/group", "ACME")]);
        var lfs = Assert.IsType<GitHttpRequest.Lfs>(GitHttpRequest.Parse("POST", "/git/group/core.git/info/lfs/objects/batch", Json, mounts));
        Assert.Equal("ACME/core", lfs.Repository.ToString());
        Assert.True(GitHttpRequest.Owns("/git/group/core.git/info/lfs/locks?limit=1", mounts));
    }

    [Theory]
    [InlineData(405, "GET", "objects/batch", null)]
    [InlineData(405, "PUT", "objects/batch", Json)]
    [InlineData(405, "DELETE", "objects/" + Oid, null)]
    [InlineData(405, "HEAD", "objects/" + Oid, null)]
    [InlineData(405, "POST", "objects/" + Oid, Json)]
    [InlineData(405, "PUT", "locks", Json)]
    [InlineData(405, "GET", "locks/verify", null)]
    [InlineData(405, "GET", "locks/17/unlock", null)]
    [InlineData(415, "POST", "objects/batch", null)]
    [InlineData(415, "POST", "objects/batch", "application/json")]
    [InlineData(415, "POST", "objects/batch", "application/vnd.git-lfs+json; charset=utf-7")]
    [InlineData(415, "POST", "locks", "text/plain")]
    [InlineData(400, "POST", "objects/batch?x=1", Json)]
    [InlineData(400, "GET", "objects/" + Oid + "?x", null)]
    [InlineData(404, "GET", "", null)]
    [InlineData(404, "GET", "objects", null)]
    [InlineData(404, "GET", "objects/abc", null)]
    [InlineData(404, "GET", "objects/E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855", null)]
    [InlineData(404, "GET", "objects/" + Oid + "0", null)]
    [InlineData(404, "GET", "objects/" + Oid + "/", null)]
    [InlineData(404, "GET", "objects/" + Oid + "/content", null)]
    [InlineData(404, "POST", "objects/batch/x", Json)]
    [InlineData(404, "GET", "locks/17", null)]
    [InlineData(404, "POST", "locks/17/unlock/x", Json)]
    [InlineData(404, "POST", "objects", Json)]
    [InlineData(404, "GET", "storage/x", null)]
    [InlineData(400, "GET", "objects/../../../config", null)]
    [InlineData(400, "GET", "objects/%2e%2e", null)]
    [InlineData(400, "POST", "locks/%2e%2e/unlock", Json)]
    public void Everything_else_is_refused(int status, string method, string target, string? type) =>
        Assert.Equal(status, Assert.IsType<GitHttpRequest.Refused>(GitHttpRequest.Parse(method, "/scm/ACME/core.git/info/lfs/" + target, type, MountTable.None)).Status);

    [Theory]
    [InlineData("", "")]
    [InlineData("limit=", "")]
    [InlineData("path=a%2Fb.bin&id=7", "?path=a%2Fb.bin&id=7")]
    [InlineData("refspec=refs/heads/main&cursor=12&limit=5", "?cursor=12&limit=5&refspec=refs%2Fheads%2Fmain")]
    [InlineData("path=a+b%20c", "?path=a%20b%20c")]
    [InlineData("path=%C3%A9", "?path=%C3%A9")]
    public void A_lock_query_is_read_and_written_anew(string query, string rebuilt)
    {
        Assert.True(LfsLockQuery.TryParse(query, out var parsed));
        Assert.Equal(rebuilt, parsed.ToString());
    }

    [Theory]
    [InlineData("path=a&path=b")]
    [InlineData("path=a&id")]
    [InlineData("unknown=1")]
    [InlineData("PATH=a")]
    [InlineData("limit=-1")]
    [InlineData("limit=0")]
    [InlineData("limit=1e3")]
    [InlineData("limit=99999999999")]
    [InlineData("path=%")]
    [InlineData("path=%0")]
    [InlineData("path=%zz")]
    [InlineData("path=%00")]
    [InlineData("path=a%0d%0aX-Header:%20x")]
    [InlineData("path=%ff")]
    [InlineData("path=a=b")]
    [InlineData("&")]
    public void Attack_a_lock_query_that_servers_could_read_differently_is_refused(string query) =>
        Assert.False(LfsLockQuery.TryParse(query, out _));
}
