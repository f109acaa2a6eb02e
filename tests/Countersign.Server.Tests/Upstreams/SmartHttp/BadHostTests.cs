using Countersign.Server.Upstreams;

namespace Countersign.Server.Tests.Upstreams.SmartHttp;

/// <summary>A Git host that is not there, not Git, slow, or breaks off: what real git prints, and what the audit log keeps.</summary>
[Trait("Category", "slow")]
public sealed class BadHostTests : IAsyncLifetime
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("countersign-far-");
    private GitHost git = null!;
    private string bare = null!;

    public async ValueTask InitializeAsync()
    {
        git = await GitHost.StartAsync(folder.FullName);
        bare = await git.AddRepositoryAsync("core.git");
    }

    public async ValueTask DisposeAsync()
    {
        await git.DisposeAsync();
        folder.Delete(recursive: true);
    }

    public static TheoryData<string, string, string> Answers => new()
    {
        { "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 20\r\n\r\n<form>Sign in</form>", "answered something that is not Git", "not git" },
        { "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n0000", "answered something that is not Git", "not git" },
        { "HTTP/1.1 302 Found\r\nLocation: https://evil.example.org/login\r\nContent-Length: 0\r\n\r\n", "answered with a redirect (302), which is not followed", "http 302" },
        { "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n", "did not take the gateway's own credential", "http 401" },
        { "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", "does not allow this", "http 403" },
        { "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "knows no repository /", "http 404" },
        { "HTTP/1.1 429 Too Many\r\nRetry-After: 5\r\nContent-Length: 0\r\n\r\n", "refused the request (429)", "http 429" },
        { "HTTP/1.1 500 Oops\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\n\u001b[31m", "answered with an error (500)", "http 500" },
        { "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n", "refused the request (101)", "http 101" },
        { "SSH-2.0-OpenSSH_9.2\r\n", "answered something that is not Git", "not git" },
        { $"HTTP/1.1 200 OK\r\nX-Huge: {new string('a', 200_000)}\r\n", "answered something that is not Git", "not git" },
        { "HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-advertisement\r\nContent-Encoding: br\r\nContent-Length: 4\r\n\r\n0000", "answered something that is not Git", "not git" },
        { "", "broke the connection off", "broke off" },
        { "HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-advertisement\r\nContent-Length: 4000\r\n\r\n000eversion 2\n", "broke the connection off", "broke off" },
    };

    [Theory]
    [MemberData(nameof(Answers))]
    public async Task What_is_not_gits_answer_is_told_in_plain_words(string answer, string told, string detail)
    {
        await using var host = RawHost.Start(async conversation =>
        {
            await conversation.ReadHeadAsync();
            await conversation.SendAsync(answer);
        });
        await using var story = await FarStory.StartAsync(new UpstreamDefinition("far", "smart-http", host.Base));

        var result = await story.Git("outside").RunAsync("ls-remote", story.Url);

        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains($"remote: The Git host far {told}", result.Shown, StringComparison.Ordinal);
        Assert.DoesNotContain("evil", result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', result.Error);
        Assert.Equal(("not ok", detail), await EndAsync(story));
        Assert.Single(host.Heads.Distinct()); // a connection that ends without a byte is tried anew, with the same request
    }

    [Theory]
    [InlineData("http://127.0.0.1:1", "cannot be reached", "not reached")]
    [InlineData("http://no-such-host.invalid", "cannot be reached: its name is not known", "no such name")]
    public async Task A_host_that_is_not_there_is_told_and_leaves_an_approval_for_another_try(string address, string told, string detail)
    {
        await using var story = await FarStory.StartAsync(new UpstreamDefinition("far", "smart-http", new(address)));

        var result = await story.Git("outside").RunAsync("ls-remote", story.Url);

        Assert.Contains($"remote: The Git host far {told}", result.Shown, StringComparison.Ordinal);
        Assert.Contains("Nothing was changed", result.Shown, StringComparison.Ordinal);
        Assert.Equal(("not ok", detail), await EndAsync(story));
    }

    [Fact]
    public async Task A_host_that_accepts_and_says_nothing_is_given_up_on_in_time()
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var host = RawHost.Start(async conversation =>
        {
            await conversation.ReadHeadAsync();
            asked.SetResult();
            await conversation.ReadToTheEndAsync();
        });
        await using var story = await FarStory.StartAsync(new UpstreamDefinition("far", "smart-http", host.Base));

        var asking = story.Git("outside").StartAsync("ls-remote", story.Url);
        await asked.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        story.Gateway.Clock.Advance(TimeSpan.FromSeconds(121));

        Assert.Contains("remote: The Git host far did not answer in time.", (await asking.Completion).Shown, StringComparison.Ordinal);
        Assert.Equal(("not ok", "no answer"), await EndAsync(story));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public async Task A_pack_that_breaks_off_is_told_behind_what_came(int version)
    {
        await using var host = StartHalf(version, new());
        await using var story = await FarStory.StartAsync(new UpstreamDefinition("far", "smart-http", host.Base));

        var clone = await story.Git("outside", version).RunAsync("clone", story.Url, "clone");

        Assert.NotEqual(0, clone.ExitCode);
        Assert.Contains("Counting", clone.Shown, StringComparison.Ordinal);
        Assert.Contains("The Git host far broke the connection off.", clone.Shown, StringComparison.Ordinal);
        Assert.DoesNotContain("curl", clone.Shown, StringComparison.Ordinal);
        var facts = await story.LastCompletionAsync();
        Assert.Equal(("not ok", "broke off"), (facts["outcome"], facts["detail"]));
        Assert.NotEqual("0", facts["bytes_out"]);
    }

    [Fact]
    public async Task A_pack_that_stalls_is_told_and_costs_nobody_else_anything()
    {
        var stalled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var host = StartHalf(2, stalled, stalls: true);
        await using var story = await FarStory.StartAsync(new UpstreamDefinition("far", "smart-http", host.Base));
        var cloning = story.Git("outside").StartAsync("clone", story.Url, "clone");
        await stalled.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);

        Assert.Contains("refs/heads/main", (await story.Git("outside").SucceedAsync("ls-remote", story.Url)).Output, StringComparison.Ordinal);
        Assert.False(cloning.Completion.IsCompleted);
        story.Gateway.Clock.Advance(TimeSpan.FromSeconds(121));

        var clone = await cloning.Completion;
        Assert.Contains("The Git host far stopped in the middle of its answer.", clone.Shown, StringComparison.Ordinal);
        Assert.Equal(("not ok", "stalled"), await EndAsync(story));
    }

    [Fact]
    public async Task A_push_that_breaks_off_behind_its_upload_is_not_called_untouched()
    {
        await using var story = await FarStory.StartAsync(git);
        var tree = await story.WorkTreeAsync(bare);
        await tree.CommitAsync("new.txt", "new\n");
        git.Instead = async context =>
        {
            if (context.Request.Method == "GET")
            {
                await git.ServeOnceAsync(context);
                return;
            }

            await context.Request.Body.CopyToAsync(Stream.Null, context.RequestAborted);
            context.Abort();
        };

        var push = await tree.RunAsync("push", "origin", "main");

        Assert.NotEqual(0, push.ExitCode);
        Assert.Contains("remote: The Git host far broke the connection off.", push.Shown, StringComparison.Ordinal);
        Assert.Contains("remote: It is not known whether it took this push.", push.Shown, StringComparison.Ordinal);
        Assert.Contains("! [remote rejected] main -> main (the Git host failed)", push.Shown, StringComparison.Ordinal);
        Assert.Equal(("not ok", "broke off"), await EndAsync(story));
    }

    [Fact]
    public async Task A_host_that_hangs_up_in_the_middle_of_a_big_push_is_told()
    {
        const string Refusal = "000eunpack ok\n0025ng refs/heads/main quota reached\n0000";
        await using var host = RawHost.Start(async conversation =>
        {
            while (await conversation.ReadHeadAsync() is { } head)
            {
                if (head.StartsWith("GET", StringComparison.Ordinal))
                {
                    var refs = "001f# service=git-receive-pack\n0000" + Pkt($"{new string('0', 40)} capabilities^{{}}\0report-status side-band-64k\n") + "0000";
                    await conversation.SendAsync(RawHost.Ok("git-receive-pack-advertisement", refs));
                    continue;
                }

                var told = Pkt("\u0002over quota\n") + Pkt("\u0001" + Refusal) + "0000";
                await conversation.SendAsync($"HTTP/1.1 200 OK\r\nContent-Type: application/x-git-receive-pack-result\r\nConnection: close\r\n\r\n{told}");
                return; // with most of the upload unread
            }
        });
        await using var story = await FarStory.StartAsync(new UpstreamDefinition("far", "smart-http", host.Base));
        var tree = await story.WorkTreeAsync(bare);
        var bytes = new byte[30 * 1024 * 1024];
        System.Security.Cryptography.RandomNumberGenerator.Fill(bytes);
        await File.WriteAllBytesAsync(Path.Combine(tree.Folder, "big.bin"), bytes, TestContext.Current.CancellationToken);
        await tree.CommitAsync("more.txt", "more\n");

        var push = await tree.RunAsync("push", "origin", "main");

        Assert.Contains("remote: The Git host far broke the connection off.", push.Shown, StringComparison.Ordinal);
        Assert.Contains("! [remote rejected] main -> main (the Git host failed)", push.Shown, StringComparison.Ordinal);
        Assert.Equal(("not ok", "broke off"), await EndAsync(story));
    }

    [Fact]
    public async Task A_host_of_an_older_version_shows_no_ref_before_the_approval_although_version_2_was_asked_for()
    {
        await using var story = await FarStory.StartAsync(git, policy: null);
        git.ForcesVersion0 = true;

        var cloning = story.Git("outside").StartAsync("clone", story.Url, "clone");
        var request = await story.Ann.NextRequestAsync();
        Assert.False(cloning.Completion.IsCompleted);
        var shown = (await story.Gateway.AuditAsync()).Where(record => record.Event.Facts.ContainsKey("bytes_out")).Sum(record => int.Parse(record.Event.Facts["bytes_out"], System.Globalization.CultureInfo.InvariantCulture));
        Assert.Equal(0, shown);
        await story.Ann.ApproveAsync(request);

        var clone = await cloning.Completion;
        Assert.True(clone.ExitCode == 0, clone.Error);
    }

    [Fact]
    public async Task An_answer_without_end_ends_with_its_client()
    {
        await using var host = RawHost.Start(async conversation =>
        {
            while (await conversation.ReadHeadAsync() is not null)
            {
                await conversation.SendAsync("HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-advertisement\r\nTransfer-Encoding: chunked\r\n\r\n");
                while (true)
                {
                    await conversation.SendAsync($"10000\r\n{new string('z', 0x10000)}\r\n");
                }
            }
        });
        await using var story = await FarStory.StartAsync(new UpstreamDefinition("far", "smart-http", host.Base));

        var listing = story.Git("outside").StartAsync("-c", "http.lowSpeedLimit=100000000", "-c", "http.lowSpeedTime=1", "ls-remote", story.Url);

        Assert.NotEqual(0, (await listing.Completion).ExitCode);
    }

    /// <summary>A host whose packs begin, and then break off in the middle of a packet, or stall.</summary>
    private static RawHost StartHalf(int version, TaskCompletionSource stalled, bool stalls = false) => RawHost.Start(async conversation =>
    {
        var id = new string('a', 40);
        while (await conversation.ReadHeadAsync() is { } head)
        {
            var body = await conversation.ReadBodyAsync(head);
            if (head.StartsWith("GET", StringComparison.Ordinal))
            {
                var refs = Pkt("# service=git-upload-pack\n") + "0000" + Pkt($"{id} HEAD\0side-band-64k symref=HEAD:refs/heads/main\n") + Pkt($"{id} refs/heads/main\n") + "0000";
                await conversation.SendAsync(RawHost.Ok("git-upload-pack-advertisement", version == 2 ? RawHost.Capabilities : refs));
            }
            else if (body.Contains("ls-refs", StringComparison.Ordinal))
            {
                await conversation.SendAsync(RawHost.Ok("git-upload-pack-result", Pkt($"{id} HEAD symref-target:refs/heads/main\n") + Pkt($"{id} refs/heads/main\n") + "0000"));
            }
            else
            {
                Assert.DoesNotContain("sideband-all", body, StringComparison.Ordinal);
                var start = (version == 2 ? Pkt("packfile\n") : Pkt("NAK\n")) + Pkt("\u0002Counting objects: 9, done.\n") + Pkt("\u0001PACK\0\0\0\u0002\0\0\0\u0009") + "1000\u0001half";
                await conversation.SendAsync($"HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-result\r\nTransfer-Encoding: chunked\r\n\r\n{start.Length:x}\r\n{start}\r\n");
                if (!stalls)
                {
                    return;
                }

                stalled.SetResult();
                await conversation.ReadToTheEndAsync();
            }
        }
    });

    private static string Pkt(string payload) => $"{payload.Length + 4:x4}{payload}";

    private static async Task<(string, string)> EndAsync(FarStory story)
    {
        var facts = await story.LastCompletionAsync();
        return (facts["outcome"], facts["detail"]);
    }
}
