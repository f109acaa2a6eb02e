using System.Diagnostics;
using System.Globalization;
using System.Runtime.Versioning;
using Countersign.Server.Enforcement;
using Countersign.Server.Tests.Fixtures;
using Countersign.Server.Tests.Transports.Ssh;

namespace Countersign.Server.Tests.Ssh;

/// <summary>Many who wait for approval over the real ssh and sshd, and many more who come at once.</summary>
[SupportedOSPlatform("linux")]
[Trait("Category", "slow")]
public sealed class ManyHeldTests
{
    private const int Held = 200;
    private const int Connections = 20; // with ten commands each: what is held are commands, and clients cost more than those
    private const int More = 50;
    private const string Policy = "version: 1\nrules: [{ name: core, repositories: [ACME/core], require: { strength: basic } }, { name: open, repositories: [ACME/open], effect: allow }]\n";

    [Fact]
    public async Task Two_hundred_held_commands_hold_no_thread_and_hinder_none_of_fifty_that_come_at_once()
    {
        await using var ssh = await SshFixture.StartAsync(policy: Policy);
        var ann = await ssh.Gateway.AddPersonAsync();
        await ssh.Gateway.AddRepositoryAsync();
        await ssh.Gateway.AddRepositoryAsync("open");
        var (anns, _) = await ssh.AddKeyAsync(ann);
        var (bobs, _) = await ssh.AddKeyAsync(await ssh.Gateway.AddPersonAsync("bob"));
        Task<GitResult> PassAsync() => bobs.RunAsync(ssh.Port, ["git-upload-pack '/ACME/open.git'"], "version=2");
        Assert.Equal(0, (await PassAsync()).ExitCode);

        // Other tests run beside this one: what is counted is whether each command leaves something.
        var (threads, descriptors) = (ThreadPool.ThreadCount, Descriptors());
        var clients = new List<SshIdentity.RunningSsh>();
        try
        {
            await HoldAsync(Connections); // which the others share
            await HoldAsync(Held);
            Assert.InRange(ThreadPool.ThreadCount, 0, threads + 16);

            var since = Stopwatch.GetTimestamp();
            var passed = await Task.WhenAll(Enumerable.Range(0, More).Select(_ => PassAsync()));

            Assert.All(passed, one => Assert.Equal((0, "", true), (one.ExitCode, one.Error, one.Output.StartsWith("000eversion 2", StringComparison.Ordinal))));
            Assert.Equal(Held, ssh.Gateway.Get<ChallengeAnnouncements>().Waiting);
            var shells = ProcessTree.Shells(ssh.Keeper);
            TestContext.Current.TestOutputHelper?.WriteLine($"shells: {string.Join(", ", shells.Take(3).Select(Memory))}; threads {ThreadPool.ThreadCount}; {More} in {Stopwatch.GetElapsedTime(since).TotalSeconds:0.0} s");
            Assert.Equal(Held, shells.Count);
            Assert.All(shells, shell => Assert.InRange(Memory(shell), 0, 300));

            await ann.ApproveNextAsync(); // all are the same command of the same key: one request
            var ends = await Task.WhenAll(clients.Select(client => client.EndAsync()));
            Assert.All(ends, end => Assert.Equal((0, true), (end.ExitCode, end.Output.StartsWith("000eversion 2", StringComparison.Ordinal))));
        }
        finally
        {
            clients.ForEach(client => client.Dispose());
        }

        Assert.True(
            SpinWait.SpinUntil(() => ssh.Sessions.Count == 0 && Descriptors() < descriptors + (Held / 2), TimeSpan.FromSeconds(30)),
            $"{ssh.Sessions.Count} sessions, {Descriptors()} descriptors, {descriptors} before");
        Assert.True(SpinWait.SpinUntil(() => ProcessTree.Below(ssh.Keeper).Count == 1, TimeSpan.FromSeconds(30)));
        await ssh.Gateway.AssertInvariantsAsync();

        async Task HoldAsync(int count)
        {
            while (clients.Count < count)
            {
                var shared = $"ControlPath={Path.GetDirectoryName(anns.KeyFile)}/m{clients.Count % Connections}";
                clients.Add(anns.Start(ssh.Port, ["git-upload-pack '/ACME/core.git'"], "version=2", options: ["-o", "ControlMaster=auto", "-o", shared]));
            }

            var held = await Task.Run(() => SpinWait.SpinUntil(() => ssh.Gateway.Get<ChallengeAnnouncements>().Waiting == count, TimeSpan.FromSeconds(60)));
            Assert.True(held, $"{ssh.Gateway.Get<ChallengeAnnouncements>().Waiting} of {count} are held");
        }
    }

    /// <summary>Proportional set size in kB: shared pages are each sharer's part (proc(5)). Zero where the kernel tells no more.</summary>
    private static int Memory(int process) =>
        ProcessTree.Read(process, "smaps_rollup").Split('\n').FirstOrDefault(line => line.StartsWith("Pss:", StringComparison.Ordinal)) is { } line
            ? int.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture)
            : 0;

    private static int Descriptors() => Directory.GetFileSystemEntries("/proc/self/fd").Length;
}
