using Countersign.Core.Challenges;
using Countersign.Core.Git;
using Countersign.Server.Enforcement;
using Countersign.Server.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using static Countersign.Server.Tests.Regressions.RawConnection;

namespace Countersign.Server.Tests.Regressions;

/// <summary>Clients that hang up on silence get the first line of the answer byte by byte while their command is held.</summary>
[Trait("Category", "slow")]
public sealed class DripTests
{
    private const string Fetch = "/scm/ACME/core.git/info/refs?service=git-upload-pack";
    private const string Push = "/scm/ACME/core.git/info/refs?service=git-receive-pack";
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(4);

    public static TheoryData<string, string> Operations => new()
    {
        { Fetch, "001e# service=git-upload-pack\n0000" },
        { Push, "001f# service=git-receive-pack\n0000" },
    };

    [Theory]
    [MemberData(nameof(Operations))]
    public async Task What_was_dripped_is_the_beginning_of_an_answer_that_is_the_same_as_ever(string target, string line)
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        var (held, request) = await HoldAsync(gateway, ann, target);
        using (held)
        {
            await DripAsync(gateway, held, line[..3]);
            await ann.ApproveAsync(request);
            var dripped = await held.ReadToEndAsync();
            var plain = await AskAsync(gateway, Get(target, Basic(ann))); // covered by the grant, so answered at once
            Assert.StartsWith(line, plain.Body, StringComparison.Ordinal);
            Assert.Equal(plain.Body, Unchunked(dripped));
            Assert.Contains("\r\nX-Accel-Buffering: no\r\n", dripped, StringComparison.Ordinal);
            Assert.Null(plain.Header("X-Accel-Buffering"));
        }

        await gateway.AssertInvariantsAsync();
    }

    [Theory]
    [MemberData(nameof(Operations))]
    public async Task A_refusal_after_the_first_byte_is_an_ERR_packet_behind_the_whole_line(string target, string line)
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        var (held, request) = await HoldAsync(gateway, ann, target);
        using (held)
        {
            await DripAsync(gateway, held, line[..2]);
            await ann.DenyAsync(request);
            var body = Unchunked(await held.ReadToEndAsync());
            Assert.StartsWith(line, body, StringComparison.Ordinal);
            Assert.StartsWith("ERR Denied: this ", body[(line.Length + 4)..], StringComparison.Ordinal);
            Assert.DoesNotContain("refs/heads", body, StringComparison.Ordinal);
        }

        await gateway.AssertInvariantsAsync();
    }

    [Theory]
    [MemberData(nameof(Operations))]
    public async Task A_hold_lasts_no_longer_than_the_bytes_and_the_last_one_comes_with_the_reason(string target, string line)
    {
        await using var gateway = await GatewayFixture.StartAsync(settings: new() { ["Holds:HttpsSeconds"] = "600" });
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        var (held, request) = await HoldAsync(gateway, ann, target);
        using (held)
        {
            await DripAsync(gateway, held, line[..^1]);
            gateway.Clock.Advance(Step);
            var body = Unchunked(await held.ReadToEndAsync());
            Assert.StartsWith(line, body, StringComparison.Ordinal);
            Assert.StartsWith($"ERR Not approved yet. Approve at {gateway.Url}/a/{request.Id},", body[(line.Length + 4)..], StringComparison.Ordinal);
        }

        await ann.ApproveAsync(request);
        Assert.Contains("refs/heads/main", (await AskAsync(gateway, Get(target, Basic(ann)))).Body, StringComparison.Ordinal);
        await gateway.AssertInvariantsAsync();
    }

    [Theory]
    [InlineData("git/2.0 (libgit2 1.5.1)")]
    [InlineData("git/dulwich/0.21.2")]
    [InlineData("git/1.0")]
    [InlineData("JGit/4.11.9")]
    [InlineData("a client of tomorrow")]
    public async Task Every_client_but_the_command_line_is_dripped_to(string userAgent)
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        var (held, request) = await HoldAsync(gateway, ann, Fetch, $"User-Agent: {userAgent}\r\n");
        using (held)
        {
            await DripAsync(gateway, held, "0");
            await ann.DenyAsync(request);
            await held.ReadToEndAsync();
        }

        await gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task Git_itself_hears_nothing_before_its_verdict_so_that_it_can_show_the_text_of_a_403()
    {
        await using var gateway = await GatewayFixture.StartAsync(settings: new() { ["Holds:Redirect"] = "false" });
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        var waits = gateway.Clock.WhenArmedAsync(TimeSpan.FromSeconds(40), TimeSpan.FromSeconds(50));
        using var held = await RawConnection.OpenAsync(gateway);
        await held.SendAsync(Get(Fetch, Basic(ann) + "User-Agent: git/2.39.5\r\n"));
        var request = await ann.NextRequestAsync();
        await waits;
        gateway.Clock.Advance(TimeSpan.FromSeconds(20));
        await ann.DenyAsync(request);
        Assert.Equal(403, (await held.ReadAnswerAsync()).Status);
        await gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task A_far_side_that_fails_after_a_drip_is_told_as_an_ERR_packet()
    {
        var broken = new BrokenUpstream();
        await using var gateway = await GatewayFixture.StartAsync(replace: services => services.AddSingleton<IUpstream>(broken));
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        var (held, request) = await HoldAsync(gateway, ann, Fetch);
        using (held)
        {
            await DripAsync(gateway, held, "00");
            await ann.ApproveAsync(request);
            var body = Unchunked(await held.ReadToEndAsync());
            Assert.Matches("^001e# service=git-upload-pack\n0000[0-9a-f]{4}ERR The disk has gone.", body);
        }

        await gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task A_client_that_hangs_up_on_a_drip_takes_its_question_back()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        var (held, request) = await HoldAsync(gateway, ann, Fetch);
        await DripAsync(gateway, held, "001e");
        held.Dispose();
        var settled = await ann.NextAsync(challenge => challenge.Id == request.Id && challenge.State.IsFinal);
        Assert.Equal(new ChallengeState.Cancelled(CancelCause.ClientLeft), settled.State);
        await gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task A_push_that_is_told_at_once_is_not_dripped_to()
    {
        await using var gateway = await GatewayFixture.StartAsync(settings: new() { ["Holds:PushBeforeRefs"] = "tell" });
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        var answer = await AskAsync(gateway, Get(Push, Basic(ann))); // no time passes in this gateway
        Assert.Contains("ERR Not approved yet.", answer.Body, StringComparison.Ordinal);
        await gateway.AssertInvariantsAsync();
    }

    private static async Task<(RawConnection Held, Challenge Request)> HoldAsync(GatewayFixture gateway, TestPerson ann, string target, string headers = "")
    {
        var armed = NextStepAsync(gateway);
        var held = await RawConnection.OpenAsync(gateway);
        await held.SendAsync(Get(target, Basic(ann) + "Connection: close\r\n" + headers));
        var request = await ann.NextRequestAsync();
        await armed;
        return (held, request);
    }

    /// <summary>Lets one step pass for each of the expected characters, and sees each arrive as a chunk of its own.</summary>
    private static async Task DripAsync(GatewayFixture gateway, RawConnection held, string expected)
    {
        var seen = "\r\n\r\n";
        foreach (var character in expected)
        {
            var armed = NextStepAsync(gateway);
            gateway.Clock.Advance(Step);
            seen += $"1\r\n{character}\r\n";
            await held.ReadUntilAsync(seen);
            await armed;
        }
    }

    private static Task NextStepAsync(GatewayFixture gateway) => gateway.Clock.WhenArmedAsync(Step - TimeSpan.FromSeconds(1), Step);

    private static string Unchunked(string answer)
    {
        var rest = answer[(answer.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..];
        var body = new System.Text.StringBuilder();
        while (true)
        {
            var end = rest.IndexOf("\r\n", StringComparison.Ordinal);
            var size = Convert.ToInt32(rest[..end], 16);
            if (size == 0)
            {
                return body.ToString();
            }

            body.Append(rest, end + 2, size);
            rest = rest[(end + 4 + size)..];
        }
    }

    private sealed class BrokenUpstream : IUpstream
    {
        public bool Inspects(RepositoryPath repository) => true;

        public Task<ForwardOutcome> AdvertiseAsync(UpstreamRequest request, System.IO.Pipelines.PipeWriter answer, CancellationToken cancellation) =>
            throw new UpstreamUnavailableException("The disk has gone.");

        public Task<ForwardOutcome> ForwardAsync(UpstreamRequest request, System.IO.Pipelines.PipeReader body, System.IO.Pipelines.PipeWriter answer, CancellationToken cancellation) =>
            throw new UpstreamUnavailableException("The disk has gone.");

        public Task<IReadOnlyList<RefUpdate>> InspectAsync(UpstreamRequest request, Stream? pack, CancellationToken cancellation) =>
            throw new UpstreamUnavailableException("The disk has gone.");
    }
}
