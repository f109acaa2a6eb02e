using Countersign.Server.Tests.Fixtures;
using static Countersign.Server.Tests.Regressions.RawConnection;

namespace Countersign.Server.Tests.Regressions;

/// <summary>A connection that is held open with next to nothing ends, and costs nobody else anything. In real time: these timers are Kestrel's.</summary>
[Trait("Category", "slow")]
public sealed class SlowLorisTests
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(90);

    [Fact]
    public async Task A_head_that_never_ends_and_a_body_that_stalls_lose_their_connections()
    {
        await using var gateway = await GatewayFixture.StartAsync("version: 1\nmode: enforce\nrules:\n  - { name: open, effect: allow }\n");
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        var git = new GitClient(Path.Combine(gateway.Folder.FullName, "work"), 2);
        var before = await git.RunAsync("ls-remote", ann.UrlOf("ACME/core"));
        string[] beginnings =
        [
            "GET /scm/ACME/core.git/info/refs?service=git-upload-pack HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
            $"POST /scm/ACME/core.git/git-upload-pack HTTP/1.1\r\nHost: localhost\r\n{Basic(ann)}Content-Type: application/x-git-upload-pack-request\r\nGit-Protocol: version=2\r\nContent-Length: 1000\r\n\r\n00",
            $"POST /scm/ACME/core.git/git-receive-pack HTTP/1.1\r\nHost: localhost\r\n{Basic(ann)}Content-Type: application/x-git-receive-pack-request\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n00\r\n",
            $"POST /scm/ACME/core.git/info/lfs/objects/batch HTTP/1.1\r\nHost: localhost\r\n{Basic(ann)}Content-Type: application/vnd.git-lfs+json\r\nContent-Length: 1000\r\n\r\n{{",
        ];
        var ends = beginnings.Select(beginning => EndAsync(gateway, beginning)).ToList();
        Assert.Equal(before.Output, (await git.SucceedAsync("ls-remote", ann.UrlOf("ACME/core"))).Output);
        foreach (var (index, end) in ends.Index())
        {
            Assert.DoesNotContain("HTTP/1.1 200", await end.WaitAsync(Bound, TestContext.Current.CancellationToken), StringComparison.Ordinal);
            Assert.True(end.IsCompletedSuccessfully, beginnings[index]);
        }

        await gateway.AssertInvariantsAsync();
    }

    private static async Task<string> EndAsync(GatewayFixture gateway, string beginning)
    {
        using var connection = await OpenAsync(gateway, Bound);
        await connection.SendAsync(beginning);
        try
        {
            return await connection.ReadToEndAsync();
        }
        catch (Exception exception) when (exception is InvalidOperationException or IOException)
        {
            return ""; // it was reset, which is as good an end
        }
    }
}
