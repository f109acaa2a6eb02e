using System.Net.Sockets;
using System.Runtime.Versioning;
using Countersign.Server.Enforcement;
using Countersign.Server.Tests.Fixtures;
using Countersign.Server.Transports.Ssh;

namespace Countersign.Server.Tests.Ssh;

/// <summary>Taking what others need: places, processes, connections, patience.</summary>
[SupportedOSPlatform("linux")]
public sealed class SshFloods
{
    private const string Fetch = "git-upload-pack '/ACME/core.git'";
    private const string BobsKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGWr4X0xE5kadfBgkwIfxChtQjcq5WMh2RMAhYGIPFId bob";
    private static readonly TimeSpan Idle = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Hooks = TimeSpan.FromHours(1);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Who_has_too_many_commands_waiting_gets_no_more_and_takes_no_place_from_others()
    {
        await using var story = await SshStory.StartAsync(settings: new() { ["Ssh:MaxSessionsPerPerson"] = "2" });
        var bobs = await SshStory.AddKeyAsync(story.Gateway, await story.Gateway.AddPersonAsync("bob"), BobsKey);
        using var first = story.Relay.Begin(story.Key, Fetch, 2);
        using var second = story.Relay.Begin(story.Key, "git-receive-pack '/ACME/core.git'");
        Assert.True(SpinWait.SpinUntil(() => story.Gateway.Get<ChallengeAnnouncements>().Waiting == 2, TimeSpan.FromSeconds(30)));

        var third = await story.Relay.RunAsync(story.Key, Fetch);
        Assert.Equal((75, "", "countersign: Too many of your commands wait or run already. Run this one again when some have ended.\n"), (third.ExitCode, third.Output, third.Error));
        Assert.Contains("ACME/core", (await story.Relay.RunAsync(story.Key, "requests")).Output, StringComparison.Ordinal); // what lets them end goes on
        using var other = story.Relay.Begin(bobs, Fetch, 2);
        Assert.Contains("waiting for your approval", await other.ReadErrorsAsync("approval"), StringComparison.Ordinal);

        await first.LeaveForGoodAsync();
        using var again = story.Relay.Begin(story.Key, Fetch, 2);
        Assert.Contains("waiting for your approval", await again.ReadErrorsAsync("approval"), StringComparison.Ordinal);
        foreach (var each in new[] { second, other, again })
        {
            await each.LeaveForGoodAsync();
        }
    }

    [Fact]
    public async Task Who_asks_and_does_not_read_the_answer_gets_no_more_answers_and_leaves_others_theirs()
    {
        await using var story = await SshStory.StartAsync();
        var crowd = story.Gateway.Get<SshCrowd>();
        var unread = Enumerable.Range(0, 20).Select(_ => crowd.Enter(story.Ann.Id, isGit: false)).ToList();
        Assert.All(unread, place => Assert.True(place.IsAcquired));
        Assert.Equal(75, (await story.Relay.RunAsync(story.Key, "requests")).ExitCode);
        var bobs = await SshStory.AddKeyAsync(story.Gateway, await story.Gateway.AddPersonAsync("bob"), BobsKey);
        Assert.Equal(0, (await story.Relay.RunAsync(bobs, "requests")).ExitCode);
        unread.ForEach(place => place.Dispose());
        Assert.Equal(0, (await story.Relay.RunAsync(story.Key, "requests")).ExitCode);
    }

    [Fact]
    public async Task Clients_of_one_person_that_stop_in_the_middle_leave_processes_for_others()
    {
        await using var story = await SshStory.StartAsync(LargeFiles.Policies.EverythingFree, new() { ["Repositories:MaxProcesses"] = "4" });
        var bobs = await SshStory.AddKeyAsync(story.Gateway, await story.Gateway.AddPersonAsync("bob"), BobsKey);
        var stalled = Enumerable.Range(0, 8).Select(_ => story.Relay.Begin(story.Key, Fetch, 2)).ToList();
        try
        {
            Assert.StartsWith("000eversion 2", await await Task.WhenAny(stalled.Select(each => each.ReadUntilAsync("version 2"))), StringComparison.Ordinal);

            var bob = await story.Relay.RunAsync(bobs, Fetch, [], 2);

            Assert.StartsWith("000eversion 2", bob.Output, StringComparison.Ordinal);
            Assert.Equal(0, bob.ExitCode);
        }
        finally
        {
            foreach (var each in stalled)
            {
                await each.LeaveAsync();
                await each.Status.ContinueWith(_ => each.Dispose(), TaskScheduler.Default);
            }
        }
    }

    [Fact]
    public void A_client_that_is_waited_for_and_does_nothing_is_waited_for_only_so_long()
    {
        var clock = new FakeClock();
        var ended = 0;
        using var patience = new ClientPatience(clock, Idle, Hooks, () => ended++);

        clock.Advance(Hooks); // nobody waits: its command is held
        patience.Enter();
        clock.Advance(Idle - TimeSpan.FromSeconds(1));
        patience.Enter(); // what it is sent is awaited beside what it sends
        patience.Leave(moved: true);
        clock.Advance(Idle - TimeSpan.FromSeconds(1));
        Assert.Equal((0, false), (ended, patience.IsOver));
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal((1, true), (ended, patience.IsOver));
    }

    [Theory]
    [InlineData(5)]
    [InlineData(3599)]
    public void A_clients_hooks_get_an_hour_and_what_follows_them_does_not(int seconds)
    {
        var clock = new FakeClock();
        var ended = 0;
        using var patience = new ClientPatience(clock, Idle, Hooks, () => ended++);
        using (patience.ForHooks())
        {
            patience.Enter();
            clock.Advance(TimeSpan.FromSeconds(seconds));
            Assert.Equal(0, ended);
            patience.Leave(moved: true);
        }

        patience.Enter();
        clock.Advance(Idle - TimeSpan.FromSeconds(1));
        Assert.Equal(0, ended);
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(1, ended);
    }

    [Fact]
    public void A_command_that_is_over_is_not_ended_again()
    {
        var clock = new FakeClock();
        var ended = 0;
        var patience = new ClientPatience(clock, Idle, Hooks, () => ended++);
        patience.Enter();
        patience.Dispose();
        clock.Advance(Hooks);
        patience.Leave(moved: false);
        Assert.Equal(0, ended);
    }

    [Fact]
    [Trait("Category", "slow")]
    public async Task One_address_with_connections_that_never_sign_in_keeps_no_other_out()
    {
        await using var ssh = await SshFixture.StartAsync((_, _) => Task.FromResult(7));
        var (laptop, _) = await ssh.AddKeyAsync(await ssh.Gateway.AddPersonAsync());
        var silent = new List<TcpClient>();
        try
        {
            var banners = 0;
            for (var connection = 0; connection < 60; connection++)
            {
                silent.Add(new());
                await silent[^1].ConnectAsync("127.0.0.1", ssh.Port, Cancellation);
                banners += await silent[^1].GetStream().ReadAsync(new byte[4], Cancellation) > 0 ? 1 : 0; // sshd greets who may sign in
            }

            Assert.InRange(banners, 40, 60);
            Assert.Equal(7, (await laptop.RunAsync(ssh.Port, ["x"], options: ["-b", "127.0.0.2"])).ExitCode);
        }
        finally
        {
            silent.ForEach(client => client.Dispose());
        }
    }

    [Fact]
    [Trait("Category", "slow")]
    public async Task Somebody_who_reads_no_standard_error_holds_nobody_up()
    {
        await using var ssh = await SshFixture.StartAsync(async (session, gone) =>
        {
            await session.Error.WriteAsync(new byte[1 << 20], gone); // far more than is ever said
            await session.Output.WriteAsync("done"u8.ToArray(), gone);
            return 0;
        });
        var (laptop, _) = await ssh.AddKeyAsync(await ssh.Gateway.AddPersonAsync());
        using var deaf = laptop.Start(ssh.Port, ["x"]);
        Assert.True(SpinWait.SpinUntil(() => ssh.Sessions.Count == 1 || deaf.Output.Peek() >= 0, TimeSpan.FromSeconds(30)));
        var other = await laptop.RunAsync(ssh.Port, ["y"]);
        Assert.Equal((0, "done"), (other.ExitCode, other.Output));
        var end = await deaf.EndAsync();
        Assert.Equal((0, "done"), (end.ExitCode, end.Output));
    }
}
