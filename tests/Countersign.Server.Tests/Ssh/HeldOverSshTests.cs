using Countersign.Server.Tests.Fixtures;

namespace Countersign.Server.Tests.Ssh;

/// <summary>Real git over SSH: held with text, approved, denied, undecided.</summary>
[Trait("Category", "slow")]
public sealed class HeldOverSshTests
{
    public static TheoryData<string, int> Commands
    {
        get
        {
            var all = new TheoryData<string, int>();
            foreach (var command in new[] { "clone", "shallow", "partial", "fetch", "pull", "ls-remote", "archive", "push" })
            {
                foreach (var protocol in new[] { 0, 1, 2 })
                {
                    all.Add(command, protocol);
                }
            }

            return all;
        }
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task A_command_is_told_where_to_approve_and_then_goes_on_by_itself(string command, int protocol)
    {
        await using var story = await SshStory.StartAsync();
        var (git, arguments, hasHappened) = await PrepareAsync(story, command, protocol);

        var running = git.StartAsync(arguments);
        var request = await story.Ann.NextRequestAsync();
        Assert.False(running.Completion.IsCompleted);
        Assert.False(await hasHappened());
        story.Gateway.Clock.Advance(TimeSpan.FromSeconds(6));
        await story.Ann.ApproveAsync(request);

        var result = await running.Completion;
        Assert.True(result.ExitCode == 0, result.Error);
        Assert.True(command == "ls-remote" ? result.Output.Contains("refs/heads/main", StringComparison.Ordinal) : await hasHappened());
        var word = command switch { "push" => "push", "archive" => "archive", _ => "fetch" };
        Assert.Contains(
            $"countersign: waiting for your approval of this {word}: ACME/core\ncountersign: approve at {story.Gateway.Url}/a/{request.Id}   number {request.Number}\n",
            result.Error, StringComparison.Ordinal);
        Assert.Matches("countersign: approved, [0-9]+ s\n", result.Error);
        Assert.DoesNotContain("fatal", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task A_denied_command_ends_with_the_reason_and_nothing_else(string command, int protocol)
    {
        await using var story = await SshStory.StartAsync();
        var (git, arguments, hasHappened) = await PrepareAsync(story, command, protocol);

        var running = git.StartAsync(arguments);
        var request = await story.Ann.DenyNextAsync();

        var result = await running.Completion;
        Assert.NotEqual(0, result.ExitCode);
        Assert.False(await hasHappened());
        var word = command switch { "push" => "push", "archive" => "archive", _ => "fetch" };
        var said = result.Error.Split('\n').Where(line => line.Length > 0 && !line.StartsWith("countersign: ", StringComparison.Ordinal) && !line.StartsWith("Cloning into", StringComparison.Ordinal));
        Assert.Equal(
            [
                $"fatal: remote error: Denied: this {word} was refused (request {request.Id}).",
                $"Not you? {story.Gateway.Url}/a/{request.Id}/report",
            ],
            said);
    }

    [Theory]
    [InlineData("clone", 2)]
    [InlineData("push", 2)]
    [InlineData("archive", 0)]
    public async Task A_command_that_nobody_answers_waits_ten_minutes_and_says_what_to_do(string command, int protocol)
    {
        await using var story = await SshStory.StartAsync();
        var (git, arguments, _) = await PrepareAsync(story, command, protocol);

        var waiting = story.Gateway.Clock.WhenArmedAsync(TimeSpan.FromMinutes(9), TimeSpan.FromMinutes(10));
        var running = git.StartAsync(arguments);
        await story.Ann.NextRequestAsync();
        await waiting;
        story.Gateway.Clock.Advance(TimeSpan.FromMinutes(9));
        Assert.False(running.Completion.IsCompleted);
        story.Gateway.Clock.Advance(TimeSpan.FromMinutes(1));
        var result = await running.Completion;
        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains("Nobody approved this", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_push_whose_reader_may_look_is_asked_with_its_refs_and_answered_for_each()
    {
        await using var story = await SshStory.StartAsync(LargeFiles.Policies.PushesAsked);
        var tree = await story.WorkTreeAsync();
        var tip = await tree.CommitAsync("new.txt", "new\n");

        var denied = tree.StartAsync("push", "origin", "main", "main:other");
        var first = await story.Ann.DenyNextAsync();
        Assert.Equal(["refs/heads/main", "refs/heads/other"], first.Command.Updates.Select(update => update.Name.Value).Order());
        Assert.Equal(1, first.Command.Updates[0].Commits);
        var result = await denied.Completion;
        Assert.Contains($"remote: Denied: this push was refused (request {first.Id}).", result.Shown, StringComparison.Ordinal);
        Assert.Contains(" ! [remote rejected] main -> main (second factor denied)", result.Shown, StringComparison.Ordinal);
        Assert.DoesNotContain("fatal", result.Shown, StringComparison.Ordinal);
        Assert.NotEqual(tip, await story.TipAsync());

        story.Gateway.Clock.Advance(TimeSpan.FromSeconds(61)); // what was denied is not asked again at once
        var approved = tree.StartAsync("push", "origin", "main");
        await story.Ann.ApproveNextAsync();
        var pushed = await approved.Completion;
        Assert.True(pushed.ExitCode == 0, pushed.Error);
        Assert.Equal(tip, await story.TipAsync());
    }

    private static async Task<(GitClient Git, string[] Arguments, Func<Task<bool>> HasHappened)> PrepareAsync(SshStory story, string command, int protocol)
    {
        var clone = Path.Combine(story.Gateway.Folder.FullName, "work", "clone");
        var outside = story.Git("outside", protocol);
        Task<bool> Cloned() => Task.FromResult(File.Exists(Path.Combine(clone, "file3.txt")));
        switch (command)
        {
            case "clone":
                return (outside, ["clone", SshStory.Url, clone], Cloned);
            case "shallow":
                return (outside, ["clone", "--depth", "1", SshStory.Url, clone], Cloned);
            case "partial":
                return (outside, ["clone", "--filter=blob:none", "--no-checkout", SshStory.Url, clone],
                    async () => Directory.Exists(clone) && (await new GitClient(clone).RunAsync("rev-parse", "HEAD")).ExitCode == 0);
            case "ls-remote":
                return (outside, ["ls-remote", SshStory.Url], () => Task.FromResult(false));
            case "archive":
                var file = Path.Combine(outside.Folder, "out.tar");
                return (outside, ["archive", $"--remote={SshStory.Url}", "-o", file, "main"], () => Task.FromResult(File.Exists(file) && new FileInfo(file).Length > 0));
        }

        var tree = await story.WorkTreeAsync("tree", protocol);
        if (command == "push")
        {
            var tip = await tree.CommitAsync("new.txt", "new\n");
            return (tree, ["push", "origin", "main"], async () => await story.TipAsync() == tip);
        }

        var other = await story.WorkTreeAsync("other");
        var news = await other.CommitAsync("news.txt", "news\n");
        await other.SucceedAsync("-c", "safe.directory=*", "push", "-q", story.Bare, "main");
        return command == "fetch"
            ? (tree, ["fetch", "origin"], async () => (await tree.SucceedAsync("rev-parse", "origin/main")).Output.Trim() == news)
            : (tree, ["pull", "--ff-only", "origin", "main"], () => Task.FromResult(File.Exists(Path.Combine(tree.Folder, "news.txt"))));
    }
}
