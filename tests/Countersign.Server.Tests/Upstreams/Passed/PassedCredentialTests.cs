using System.Net;
using System.Text;
using Countersign.Server.Audit;
using Countersign.Server.Enforcement;
using Countersign.Server.People;
using Countersign.Server.Tests.Fixtures;

namespace Countersign.Server.Tests.Upstreams.Passed;

/// <summary>The Git host checks the first factor, the gateway the second one: with real git, a real host, and each person's own password there.</summary>
[Trait("Category", "slow")]
public sealed class PassedCredentialTests
{
    [Fact]
    public async Task Clone_and_push_with_the_hosts_own_password_are_held_until_approved()
    {
        await using var story = await PassedStory.StartAsync(policy: "version: 1\nmode: enforce\nrules:\n  - { name: all, require: { strength: strong } }\n");
        var git = story.Git("work");
        var url = story.UrlOf("ann", story.Accounts.SecretOf("ann"));
        var clone = git.StartAsync("clone", "-q", url, ".");
        var challenge = await story.Ann.ApproveNextAsync();
        Assert.Equal("far password of ann", challenge.Credential.Label);
        Assert.Equal(0, (await clone.Completion).ExitCode);
        var commit = await git.CommitAsync("new.txt", "new");
        var push = git.StartAsync("push", "-q", "origin", "main");
        await story.Ann.ApproveNextAsync();
        Assert.Equal(0, (await push.Completion).ExitCode);
        Assert.Equal(commit, (await GitClient.RunBareAsync(Path.Combine(story.Host.Folder, "core.git"), "rev-parse", "main")).Output.Trim());
        Assert.All(story.Accounts.Shown, shown => Assert.Equal(Basic("ann", story.Accounts.SecretOf("ann")), shown.Authorization));
    }

    [Fact]
    public async Task A_wrong_password_reaches_the_host_once_however_often_it_is_tried()
    {
        await using var story = await PassedStory.StartAsync();
        for (var attempt = 0; attempt < 3; attempt++)
        {
            Assert.Equal(HttpStatusCode.Unauthorized, (await story.AskAsync("ann", "wrong")).Status);
        }

        // In another spelling, for another repository, another service: still the same credential.
        var header = Basic("ann", "wrong");
        foreach (var (authorization, repository, service) in new[]
        {
            (header.Replace("Basic", "bAsIc", StringComparison.Ordinal), "ACME/core", "git-upload-pack"),
            (header.Replace(" ", "   ", StringComparison.Ordinal), "ACME/core", "git-receive-pack"),
            (header, "ACME/tools", "git-upload-pack"),
            (header, "ACME/none", "git-upload-pack"),
        })
        {
            Assert.Equal(HttpStatusCode.Unauthorized, (await story.AskRawAsync(authorization, repository, service)).Status);
        }

        Assert.Single(story.Accounts.Shown);
        story.Gateway.Clock.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal(HttpStatusCode.Unauthorized, (await story.AskAsync("ann", "wrong")).Status);
        Assert.Equal(2, story.Accounts.Shown.Count);
        Assert.Contains(await story.Gateway.AuditAsync(), record => record.Event.Type == AuditTypes.CredentialRejected && record.Event.Facts["claimed_name"] == "ann");
    }

    [Fact]
    public async Task Many_at_once_with_one_wrong_password_are_one_question()
    {
        await using var story = await PassedStory.StartAsync();
        story.Accounts.Gate = new(TaskCreationOptions.RunContinuationsAsynchronously);
        var asking = Enumerable.Range(0, 10).Select(number => story.AskAsync("ann", "wrong", number % 2 == 0 ? "ACME/core" : "ACME/tools")).ToList();
        story.Accounts.Gate.SetResult();
        Assert.All(await Task.WhenAll(asking), answer => Assert.Equal(HttpStatusCode.Unauthorized, answer.Status));
        Assert.Single(story.Accounts.Shown);
    }

    [Fact]
    public async Task A_good_verdict_is_remembered_for_a_minute_and_for_nothing_else()
    {
        await using var story = await PassedStory.StartAsync();
        var secret = story.Accounts.SecretOf("ann");
        int Checks() => story.Accounts.Shown.Count(shown => shown.Authorization == Basic("ann", secret));

        // Each allowed command is itself forwarded with the credential, so questions are told from commands by their number.
        Assert.Equal(HttpStatusCode.OK, (await story.AskAsync("ann", secret)).Status);
        var first = Checks();
        Assert.Equal(HttpStatusCode.OK, (await story.AskAsync("ann", secret)).Status);
        var perCommand = Checks() - first;
        Assert.InRange(first, perCommand + 1, 2);
        Assert.Equal(HttpStatusCode.OK, (await story.AskAsync("ann", secret, "ACME/tools")).Status); // another repository is another question
        Assert.Equal(first + perCommand + first, Checks());
        story.Gateway.Clock.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal(HttpStatusCode.OK, (await story.AskAsync("ann", secret)).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await story.AskAsync("bob", secret)).Status); // and another name another credential
    }

    [Fact]
    public async Task A_verdict_of_one_host_is_none_of_another()
    {
        await using var story = await PassedStory.StartAsync();
        await using var second = await SmartHttp.GitHost.StartAsync(Path.Combine(story.Gateway.Folder.FullName, "second"));
        await second.AddRepositoryAsync("core.git");
        var others = new HostAccounts { Fails = 401 };
        others.Serve(second);
        await story.AdministerAsync($"upstream add second --kind smart-http --base {second.Base} --mount none --credentials passed --workspace none");
        await story.AdministerAsync("workspace add SECOND --upstream second --upstream-path /");
        var secret = story.Accounts.SecretOf("ann");
        Assert.Equal(HttpStatusCode.OK, (await story.AskAsync("ann", secret)).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await story.AskAsync("ann", secret, "SECOND/core")).Status);
        Assert.Equal(HttpStatusCode.OK, (await story.AskAsync("ann", secret)).Status); // nor does a refusal there spoil it here
    }

    [Theory]
    [InlineData("--identity get:/whoami")]
    [InlineData("--identity get:/api/user#login")]
    [InlineData("--identity header:X-AUSERNAME")]
    public async Task The_host_itself_can_say_who_it_is(string options)
    {
        await using var story = await PassedStory.StartAsync(options);
        (story.Accounts.NamesThem, story.Accounts.IgnoresNames) = (true, true);
        Assert.Equal(HttpStatusCode.OK, (await story.AskAsync("ann", story.Accounts.SecretOf("bob"))).Status);
        Assert.Equal("bob", (await story.Gateway.AuditAsync()).Last(record => record.Event.Type == AuditTypes.CommandDecided).Event.Actor);
        Assert.Equal(HttpStatusCode.OK, (await story.AskRawAsync("Bearer anns-far-password")).Status);
        Assert.Equal("ann", (await story.Gateway.AuditAsync()).Last(record => record.Event.Type == AuditTypes.CommandDecided).Event.Actor);
        Assert.Equal(HttpStatusCode.Unauthorized, (await story.AskAsync("ann", "wrong")).Status);
    }

    [Fact]
    public async Task Names_are_mapped_and_nobody_is_two_people()
    {
        await using var story = await PassedStory.StartAsync("--identity name --map carl=ann");
        Assert.Equal(HttpStatusCode.OK, (await story.AskAsync("CARL", story.Accounts.SecretOf("carl"))).Status);
        Assert.Equal("ann", (await story.Gateway.AuditAsync()).Last(record => record.Event.Type == AuditTypes.CommandDecided).Event.Actor);
        Assert.Equal(HttpStatusCode.Unauthorized, (await story.AskAsync("ann", story.Accounts.SecretOf("ann"))).Status); // their ann is not ours
    }

    [Fact]
    public async Task A_host_that_is_down_costs_nobody_a_stored_password()
    {
        await using var story = await PassedStory.StartAsync();
        foreach (var status in new[] { 500, 502, 429, 302 })
        {
            story.Accounts.Fails = status;
            var (answered, body) = await story.AskAsync("ann", story.Accounts.SecretOf("ann"));
            Assert.Equal(HttpStatusCode.ServiceUnavailable, answered);
            Assert.DoesNotContain(story.Host.Base.Authority, body, StringComparison.Ordinal);
        }

        Assert.Contains("failed", await story.AdministerAsync("upstream list"), StringComparison.Ordinal);
        story.Accounts.Fails = null;
        Assert.Equal(HttpStatusCode.OK, (await story.AskAsync("ann", story.Accounts.SecretOf("ann"))).Status);
    }

    [Fact]
    public async Task What_was_reported_is_refused_here_in_every_spelling_until_it_is_lifted()
    {
        await using var story = await PassedStory.StartAsync("--identity header:X-AUSERNAME", "version: 1\nmode: enforce\nrules:\n  - { name: all, require: { strength: strong } }\n");
        (story.Accounts.NamesThem, story.Accounts.IgnoresNames) = (true, true);
        await story.Gateway.MakeAdministratorAsync("bob");
        var secret = story.Accounts.SecretOf("ann");
        var git = story.Git("thief");
        var theft = git.StartAsync("ls-remote", story.UrlOf("ann", secret));
        var challenge = await story.Ann.NextRequestAsync();
        Assert.Equal(ApprovalOutcome.Done, (await story.Ann.DenyAsync(challenge, reported: true)).Outcome);
        Assert.NotEqual(0, (await theft.Completion).ExitCode);
        Assert.Contains(await story.Gateway.Get<INotices>().ListAsync(story.Bob.Id, TestContext.Current.CancellationToken), notice => notice.Text.Contains("a password of theirs for a Git host", StringComparison.Ordinal));

        Assert.Equal(HttpStatusCode.Unauthorized, (await story.AskAsync("ann", secret)).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await story.AskAsync("somebody", secret)).Status);
        await story.Gateway.RestartAsync();
        Assert.Equal(HttpStatusCode.Unauthorized, (await story.AskAsync("Ann", secret)).Status);
        Assert.Equal(HttpStatusCode.OK, (await story.AskAsync("bob", story.Accounts.SecretOf("bob"))).Status);

        Assert.Equal("lifted 1\n", await story.AdministerAsync("upstream lift ann"));
        Assert.Contains(
            await story.Gateway.Get<INotices>().ListAsync(story.Ann.Id, TestContext.Current.CancellationToken),
            notice => notice.Text.Contains("lets in again what you reported", StringComparison.Ordinal));
        Assert.Equal(HttpStatusCode.OK, (await story.AskAsync("ann", secret)).Status);
    }

    private static string Basic(string user, string secret) => $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{secret}"))}";
}
