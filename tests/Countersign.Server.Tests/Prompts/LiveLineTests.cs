using Countersign.Server.Tests.Fixtures;
using Countersign.Server.Tests.Ssh;

namespace Countersign.Server.Tests.Prompts;

/// <summary>What a prompt says stands in the waiting terminal: once, whole, and with nothing in it that a terminal would obey.</summary>
public sealed class LiveLineTests
{
    private const string Said = "Duo push sent to \e]0;owned\aAnn's\r iPhone\u202e\n$(id)";
    private const string Shown = "Duo push sent to ]0;ownedAnn's iPhone $(id)";

    [Fact]
    [Trait("Category", "slow")]
    public async Task In_the_terminal_of_a_push_over_https()
    {
        await using var story = await PromptStory.StartAsync(PromptStory.OpenReads);
        var tree = new GitClient(Path.Combine(story.Gateway.Folder.FullName, "tree"));
        await tree.SucceedAsync("clone", "-q", story.Ann.UrlOf("ACME/core"), ".");
        var tip = await tree.CommitAsync("new.txt", "new\n");
        var push = tree.StartAsync("push", "origin", "main");
        await SayAndApproveAsync(story.Duo, story.Gateway);
        await AssertShownOnceAsync(push, "remote: ");
        Assert.Equal(tip, await story.Gateway.TipAsync(story.Core));
    }

    [Fact]
    [Trait("Category", "slow")]
    public async Task In_the_terminal_of_a_fetch_over_https()
    {
        await using var story = await PromptStory.StartAsync();
        var git = new GitClient(Path.Combine(story.Gateway.Folder.FullName, "work"));
        var clone = git.StartAsync("clone", "--filter=blob:none", "--no-checkout", story.Ann.UrlOf("ACME/core"), "c");
        (await story.Duo.NextAsync()).Answer.SetResult(story.Duo.Approved());
        Assert.Equal(0, (await clone.Completion).ExitCode);
        story.Gateway.Clock.Advance(TimeSpan.FromMinutes(20));

        var checkout = new GitClient(Path.Combine(git.Folder, "c")).StartAsync("checkout", "main");
        await SayAndApproveAsync(story.Duo, story.Gateway);
        await AssertShownOnceAsync(checkout, "remote: ");
    }

    [Fact]
    public async Task In_the_terminals_of_commands_over_ssh_also_of_one_that_joins_later()
    {
        var scripted = new PromptStory.Scripted();
        await using var story = await SshStory.StartAsync(PromptStory.Basic, replace: scripted.Replace);
        await PromptStory.GiveAsync(story.Gateway, story.Ann);
        using var first = await BeginAsync(story);
        var asked = await scripted.Duo.NextAsync();
        asked.Prompt.Say(Said);
        asked.Prompt.Say("and a second line");
        Assert.Contains($"countersign: {Shown}\ncountersign: and a second line\n", await first.ReadErrorsAsync("second line\n"), StringComparison.Ordinal);

        using var joined = await BeginAsync(story);
        var heard = await joined.ReadErrorsAsync("second line\n");
        Assert.Equal(2, heard.Split("waiting for your approval").Length);
        Assert.Contains($"countersign: {Shown}\ncountersign: and a second line\n", heard, StringComparison.Ordinal);

        asked.Prompt.Say("and a third");
        Assert.DoesNotContain("second", await first.ReadErrorsAsync("third\n"), StringComparison.Ordinal);
        Assert.DoesNotContain("second", await joined.ReadErrorsAsync("third\n"), StringComparison.Ordinal);
        Assert.Equal(1, scripted.Duo.Times);
        asked.Answer.SetResult(scripted.Duo.Approved());
        Assert.Equal((0, 0), (await first.EndAsync(), await joined.EndAsync()));
    }

    [Fact]
    public async Task A_command_that_comes_when_the_first_has_gone_undecided_hears_them_too()
    {
        await using var story = await PromptStory.StartAsync();
        var announcements = story.Gateway.Get<Enforcement.ChallengeAnnouncements>();
        var request = await story.OpenAsync();
        var first = announcements.Wait(request.Id);
        story.Prompter.Begin(request);
        var asked = await story.Duo.NextAsync();
        asked.Prompt.Say("one");
        Assert.Equal(["one"], first.TakeNews().Lines);
        Assert.True(first.Leave());

        var second = announcements.Wait(request.Id);
        asked.Prompt.Say("two"); // before it has joined
        story.Prompter.Begin(request);
        Assert.Equal(["one", "two"], second.TakeNews().Lines);
        story.Prompter.Begin(request);
        var (lines, more) = second.TakeNews();
        Assert.Empty(lines);
        Assert.False(more.IsCompleted);
        Assert.True(second.Leave());
        await story.Ann.DenyAsync(request);
        story.AssertNobodyIsAsked();
    }

    [Fact]
    public async Task A_far_side_that_goes_on_and_on_fills_neither_terminal_nor_memory()
    {
        await using var story = await PromptStory.StartAsync();
        var request = await story.BeginAsync();
        var asked = await story.Duo.NextAsync();
        for (var line = 0; line < 1000; line++)
        {
            asked.Prompt.Say(line == 0 ? " \r\n\t" : new string('x', 10_000));
        }

        Assert.Equal(Enumerable.Repeat(new string('x', 160), Enforcement.PromptRound.MostLines), story.Prompter.SaidOf(request.Id));
        await story.Ann.DenyAsync(request);
        story.AssertNobodyIsAsked();
        asked.Prompt.Say("after the end");
        Assert.Empty(story.Prompter.SaidOf(request.Id));
    }

    private static async Task<HandSession> BeginAsync(SshStory story)
    {
        var session = story.Relay.Begin(story.Key, "git-upload-archive '/ACME/core.git'");
        await session.WriteAsync("0012argument main\n0000", last: true);
        return session;
    }

    private static async Task SayAndApproveAsync(ScriptedPrompt prompt, GatewayFixture gateway)
    {
        var asked = await prompt.NextAsync();
        var shown = gateway.Clock.WhenArmedAsync(TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(4)); // the next sign of life comes after the line
        asked.Prompt.Say(Said);
        await shown;
        asked.Answer.SetResult(prompt.Approved());
    }

    private static async Task AssertShownOnceAsync(GitClient.RunningGit running, string mark)
    {
        var result = await running.Completion;
        Assert.True(result.ExitCode == 0, result.Error);
        Assert.True(result.Error.Split("Duo push sent").Length == 2, result.Error);
        Assert.Contains($"{mark}{Shown}", result.Shown, StringComparison.Ordinal);
        Assert.DoesNotContain("\e]", result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain('\a', result.Error);
    }
}
