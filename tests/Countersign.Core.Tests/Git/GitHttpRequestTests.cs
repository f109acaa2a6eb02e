using Countersign.Core.Git;
using FsCheck;
using FsCheck.Fluent;

namespace Countersign.Core.Tests.Git;

public sealed class GitHttpRequestTests
{
    private const string Upload = "application/x-git-upload-pack-request";
    private const string Receive = "application/x-git-receive-pack-request";
    private const string Refs = "/info/refs?service=git-upload-pack";

    [Theory]
    [InlineData("GET", "/scm/ACME/core.git/info/refs?service=git-upload-pack", null, GitEndpoint.InfoRefs, GitService.UploadPack, "ACME/core")]
    [InlineData("GET", "/scm/acme/CORE/info/refs?service=git-receive-pack", null, GitEndpoint.InfoRefs, GitService.ReceivePack, "ACME/core")]
    [InlineData("POST", "/scm/ACME/core.git/git-upload-pack", Upload, GitEndpoint.Rpc, GitService.UploadPack, "ACME/core")]
    [InlineData("POST", "/scm/ACME/core/git-receive-pack", Receive, GitEndpoint.Rpc, GitService.ReceivePack, "ACME/core")]
    [InlineData("GET", "/scm/~bob/r.git/info/refs?service=git-upload-pack", null, GitEndpoint.InfoRefs, GitService.UploadPack, "~BOB/r")]
    [InlineData("GET", "/scm/%7Ebob/r.git/info/refs?service=git-upload-pack", null, GitEndpoint.InfoRefs, GitService.UploadPack, "~BOB/r")]
    [InlineData("GET", "/scm/%7ebob/r.git/info/refs?service=git-upload-pack", null, GitEndpoint.InfoRefs, GitService.UploadPack, "~BOB/r")]
    [InlineData("GET", "/scm/ACME/info/info/refs?service=git-upload-pack", null, GitEndpoint.InfoRefs, GitService.UploadPack, "ACME/info")]
    [InlineData("GET", "/scm/W/scm/info/refs?service=git-upload-pack", null, GitEndpoint.InfoRefs, GitService.UploadPack, "W/scm")]
    public void The_four_requests_of_smart_http_are_known(
        string method, string target, string? type, GitEndpoint endpoint, GitService service, string repository)
    {
        var valid = Assert.IsType<GitHttpRequest.Valid>(GitHttpRequest.Parse(method, target, type, MountTable.None));
        Assert.Equal((endpoint, service, repository), (valid.Endpoint, valid.Service, valid.Repository.ToString()));
        Assert.Null(valid.Token);
    }

    [Fact]
    public void A_command_token_comes_along_and_the_rest_is_the_same()
    {
        var valid = Assert.IsType<GitHttpRequest.Valid>(GitHttpRequest.Parse("GET", "/w/WDJB-MJHT-42/scm/ACME/core.git" + Refs, null, MountTable.None));
        Assert.Equal("WDJB-MJHT-42", valid.Token?.ToString());
        Assert.Equal("ACME/core", valid.Repository.ToString());
    }

    [Theory]
    [InlineData("/w/WDJB-MJHT-42")]
    [InlineData("/w/WDJB-MJHT-42/")]
    [InlineData("/w/WDJB-MJHT-42/scm/ACME/core.git/")]
    [InlineData("/w/WDJB-MJHT-42/anything/at/all")]
    public void A_copied_redirect_line_is_no_git_request_but_keeps_its_token(string target)
    {
        var refused = Assert.IsType<GitHttpRequest.Refused>(GitHttpRequest.Parse("GET", target, null, MountTable.None));
        Assert.Equal((404, "WDJB-MJHT-42"), (refused.Status, refused.Token?.ToString()));
    }

    [Theory]
    [InlineData("/w/WDJB-MJHT/scm/A/b" + Refs)] // no number
    [InlineData("/w/wdjb-mjht-42/scm/A/b" + Refs)]
    [InlineData("/w/WDJB-MJHT-4x/scm/A/b" + Refs)]
    [InlineData("/w/WDJB-MJHT-42/w/WDJB-MJHT-42/scm/A/b" + Refs)]
    [InlineData("/w/scm/A/b" + Refs)]
    public void A_token_that_is_none_is_not_found(string target) => AssertRefused(404, "GET", target);

    [Theory]
    [InlineData("//scm/A/b" + Refs)]
    [InlineData("/scm//A/b" + Refs)]
    [InlineData("/scm/A//b" + Refs)]
    [InlineData("/x/../scm/A/b" + Refs)]
    [InlineData("/scm/./A/b" + Refs)]
    [InlineData("/scm/A/../B/b" + Refs)]
    [InlineData("/scm/%2e%2e/A/b" + Refs)]
    [InlineData("/scm/%252e%252e/A/b" + Refs)] // a forwarder once turned this into /A/b
    [InlineData("/scm/A%2fb/c" + Refs)]
    [InlineData("/scm/A/b%2Egit" + Refs)]
    [InlineData("/scm/A/b%5c" + Refs)]
    [InlineData("/scm/A/b%00.git" + Refs)]
    [InlineData("/scm/A/b%20c" + Refs)]
    [InlineData("/scm/A/b%" + Refs)]
    [InlineData("/scm/A/b;jsessionid=1" + Refs)]
    [InlineData("/scm/A\\b" + Refs)]
    [InlineData("/scm/A/b#x" + Refs)]
    [InlineData("/scm/A/b c" + Refs)]
    [InlineData("/scm/A/b\t" + Refs)]
    [InlineData("/scm/A/b\u00e9" + Refs)]
    [InlineData("/scm/A/b\u212a" + Refs)] // the Kelvin sign, which lower-cases to k
    [InlineData("http://other/scm/A/b" + Refs)]
    [InlineData("user@host/scm/A/b" + Refs)]
    [InlineData("/scm/user:pw@A/b" + Refs)]
    [InlineData("*")]
    [InlineData("")]
    [InlineData("scm/A/b" + Refs)]
    [InlineData("/scm/A/.git" + Refs)]
    public void A_target_with_another_spelling_is_refused_whatever_it_would_mean(string target) => AssertRefused(400, "GET", target);

    [Theory]
    [InlineData("?service=git-upload-pack&service=git-receive-pack", 400)]
    [InlineData("?service=git-receive-pack&service=git-upload-pack", 400)]
    [InlineData("?service=git-upload-pack&x=1", 400)]
    [InlineData("?x=1&service=git-upload-pack", 400)]
    [InlineData("?service=git-upload-pack?", 400)]
    [InlineData("?service=git-upload-pack&", 400)]
    [InlineData("?", 400)]
    [InlineData("?Service=git-upload-pack", 400)]
    [InlineData("?service=git-upload%2Dpack", 403)]
    [InlineData("?service=git-upload-pack#", 403)]
    [InlineData("?service=git-upload-archive", 403)]
    [InlineData("?service=", 403)]
    [InlineData("", 403)] // the dumb protocol
    public void The_query_of_info_refs_is_exactly_one_known_service(string query, int status) =>
        AssertRefused(status, "GET", "/scm/A/b/info/refs" + query);

    [Theory]
    [InlineData("/scm/A/b.git?x=1/info/refs&service=git-upload-pack")] // a remote with a query of its own
    [InlineData("/scm/A/b.git")]
    [InlineData("/scm/A/b.git/")]
    [InlineData("/scm/A/b/info/refs/")]
    [InlineData("/scm/A/b/info")]
    [InlineData("/scm/A" + Refs)]
    [InlineData("/scm/A/b/c" + Refs)]
    [InlineData("/SCM/A/b" + Refs)]
    [InlineData("/A/b" + Refs)]
    [InlineData("/")]
    [InlineData("/scm/A/b.git.git" + Refs)]
    [InlineData("/scm/A/b.lock" + Refs)]
    [InlineData("/scm/-A/b" + Refs)]
    [InlineData("/scm/A/-b" + Refs)]
    [InlineData("/scm/~/b" + Refs)]
    [InlineData("/scm/A/b/git-upload-archive")]
    [InlineData("/scm/A/b/info/refsx?service=git-upload-pack")]
    [InlineData("/scm/A/b/INFO/refs?service=git-upload-pack")]
    [InlineData("/scm/A/b/config")]
    [InlineData("/scm/A/b/info/lfs")]
    [InlineData("/rest/api/1.0/projects")]
    public void Everything_else_is_not_found(string target) => AssertRefused(404, "GET", target);

    [Theory]
    [InlineData("/scm/A/b/HEAD")]
    [InlineData("/scm/A/b/objects/info/packs")]
    [InlineData("/scm/A/b/objects/ab/cdef")]
    [InlineData("/scm/A/b/objects/pack/pack-1.pack")]
    public void Dumb_http_is_refused(string target) => AssertRefused(403, "GET", target);

    [Theory]
    [InlineData("HEAD")]
    [InlineData("POST")]
    [InlineData("PUT")]
    [InlineData("PROPFIND")]
    [InlineData("MKCOL")]
    [InlineData("LOCK")]
    [InlineData("TRACE")]
    [InlineData("OPTIONS")]
    [InlineData("get")]
    [InlineData("")]
    public void Info_refs_takes_get_only(string method) => AssertRefused(405, method, "/scm/A/b" + Refs);

    [Theory]
    [InlineData("GET")]
    [InlineData("PUT")]
    [InlineData("post")]
    public void A_call_takes_post_only(string method) => AssertRefused(405, method, "/scm/A/b/git-upload-pack", Upload);

    [Theory]
    [InlineData("/scm/A/b/git-upload-pack?x=1")]
    [InlineData("/scm/A/b/git-upload-pack?")]
    [InlineData("/scm/A/b/git-upload-pack?service=git-upload-pack")]
    public void A_call_takes_no_query(string target) => AssertRefused(400, "POST", target, Upload);

    [Theory]
    [InlineData("git-upload-pack", Receive)]
    [InlineData("git-receive-pack", Upload)] // a read's label on a write
    [InlineData("git-upload-pack", null)]
    [InlineData("git-upload-pack", "")]
    [InlineData("git-upload-pack", Upload + "; charset=utf-8")]
    [InlineData("git-upload-pack", "Application/X-git-upload-pack-request")]
    [InlineData("git-upload-pack", " " + Upload)]
    [InlineData("git-upload-pack", "application/x-git-upload-pack-result")]
    [InlineData("git-upload-pack", "application/x-git-upload-pack-reques")]
    [InlineData("git-receive-pack", "text/plain")]
    public void A_call_has_exactly_its_content_type(string service, string? type) => AssertRefused(415, "POST", "/scm/A/b/" + service, type);

    [Fact]
    public void A_target_beyond_its_length_is_refused() => AssertRefused(400, "GET", "/scm/A/" + new string('b', 5000) + Refs);

    [Fact]
    public void Any_text_gets_an_answer_and_only_a_plain_one_is_valid() => Prop.ForAll<string, string, string>((method, target, type) =>
    {
        foreach (var text in new[] { target ?? "", "/scm/" + target, "/scm/A/" + target + Refs, "/w/" + target })
        {
            if (GitHttpRequest.Parse(method ?? "", text, type, MountTable.None) is GitHttpRequest.Valid valid)
            {
                Assert.Contains(valid.Repository.Name, text, StringComparison.OrdinalIgnoreCase);
            }
        }
    }).QuickCheckThrowOnFailure();

    private static void AssertRefused(int status, string method, string target, string? type = null)
    {
        var refused = Assert.IsType<GitHttpRequest.Refused>(GitHttpRequest.Parse(method, target, type, MountTable.None));
        Assert.Equal(status, refused.Status);
        Assert.DoesNotContain('\n', refused.Reason);
        Assert.True(refused.Reason.Length is > 10 and <= 72, refused.Reason);
    }
}
