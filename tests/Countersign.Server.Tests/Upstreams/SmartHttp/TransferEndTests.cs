using Countersign.Server.People;
using Countersign.Server.Tests.Regressions;
using Countersign.Server.Upstreams;

namespace Countersign.Server.Tests.Upstreams.SmartHttp;

/// <summary>How long a request to a Git host lives: no longer than its client, the person's access and the patience for it, and never beside too many others.</summary>
[Trait("Category", "slow")]
public sealed class TransferEndTests
{
    private const string List = "/scm/ACME/core.git/info/refs?service=git-upload-pack";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_client_that_leaves_ends_its_request_at_the_host()
    {
        await using var host = new HangingHost();
        await using var story = await FarStory.StartAsync(new UpstreamDefinition("far", "smart-http", host.Base));
        using (var connection = await RawConnection.OpenAsync(story.Gateway))
        {
            await connection.SendAsync($"GET {List} HTTP/1.1\r\nHost: localhost\r\n{RawConnection.Basic(story.Ann)}\r\n");
            await host.Asked.WaitAsync(Patience, TestContext.Current.CancellationToken);
        }

        await host.HungUp.WaitAsync(Patience, TestContext.Current.CancellationToken);
        await story.Gateway.RestartAsync(); // the last record is written after the last byte
        Assert.Equal("not ok", (await story.LastCompletionAsync())["outcome"]);
    }

    [Fact]
    public async Task Access_that_ends_in_the_middle_of_a_transfer_ends_it_on_both_sides()
    {
        await using var host = new HangingHost("HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-advertisement\r\nTransfer-Encoding: chunked\r\n\r\n1e\r\n# service=git-upload-pack\n0000\r\n");
        await using var story = await FarStory.StartAsync(new UpstreamDefinition("far", "smart-http", host.Base));
        var listing = story.Git("outside").StartAsync("ls-remote", story.Url);
        await host.Asked.WaitAsync(Patience, TestContext.Current.CancellationToken);

        var tokens = story.Gateway.Get<IAccessTokens>();
        var token = Assert.Single(await tokens.ListAsync(story.Ann.Id, TestContext.Current.CancellationToken));
        await tokens.RevokeAsync(story.Ann.Id, token.Id, "test", TestContext.Current.CancellationToken);

        await host.HungUp.WaitAsync(Patience, TestContext.Current.CancellationToken);
        Assert.NotEqual(0, (await listing.Completion).ExitCode);
        await story.Gateway.RestartAsync(); // the last record is written after the last byte
        Assert.Equal("not ok", (await story.LastCompletionAsync())["outcome"]);
    }

    [Fact]
    public async Task A_connection_that_never_stands_is_given_up_on()
    {
        await using var host = new HangingHost(); // it takes the connection, and says nothing of TLS
        var far = new UpstreamDefinition("far", "smart-http", new UriBuilder(host.Base) { Scheme = "https" }.Uri);
        await using var story = await FarStory.StartAsync(far, settings: new() { ["Upstreams:ConnectSeconds"] = "1" });

        var result = await story.Git("outside").RunAsync("ls-remote", story.Url);

        Assert.Contains("remote: The Git host far ", result.Shown, StringComparison.Ordinal);
        Assert.Contains("Nothing was changed", result.Shown, StringComparison.Ordinal);
        Assert.Equal(("not ok", "connect time-out"), ((await story.LastCompletionAsync())["outcome"], (await story.LastCompletionAsync())["detail"]));
    }

    [Fact]
    public async Task More_commands_than_connections_wait_for_a_free_one()
    {
        var free = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var (now, most) = (0, 0);
        await using var host = RawHost.Start(async conversation =>
        {
            most = Math.Max(most, Interlocked.Increment(ref now));
            try
            {
                await free.Task.WaitAsync(conversation.Ended);
                while (await conversation.ReadHeadAsync() is { } head)
                {
                    await conversation.ReadBodyAsync(head);
                    await conversation.SendAsync(head.StartsWith("GET", StringComparison.Ordinal) ? RawHost.Ok("git-upload-pack-advertisement", RawHost.Capabilities) : RawHost.Ok("git-upload-pack-result", "0000"));
                }
            }
            finally
            {
                Interlocked.Decrement(ref now);
            }
        });
        await using var story = await FarStory.StartAsync(new UpstreamDefinition("far", "smart-http", host.Base), settings: new() { ["Upstreams:Connections"] = "1" });
        var listings = Enumerable.Range(0, 6).Select(number => story.Git($"work{number}").StartAsync("ls-remote", story.Url)).ToList();
        free.SetResult();
        foreach (var listing in listings)
        {
            Assert.Equal(0, (await listing.Completion).ExitCode);
        }

        Assert.Equal(1, most);
    }

    /// <summary>Takes one request, perhaps begins to answer, and then nothing more.</summary>
    private sealed class HangingHost : IAsyncDisposable
    {
        private readonly TaskCompletionSource asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource hungUp = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly RawHost host;

        public HangingHost(string begins = "") => host = RawHost.Start(async conversation =>
        {
            try
            {
                await conversation.ReadHeadAsync();
                await conversation.SendAsync(begins);
                asked.TrySetResult();
                await conversation.ReadToTheEndAsync();
            }
            finally
            {
                hungUp.TrySetResult();
            }
        });

        public Uri Base => host.Base;

        public Task Asked => asked.Task;

        public Task HungUp => hungUp.Task;

        public ValueTask DisposeAsync() => host.DisposeAsync();
    }
}
