using Countersign.Core.Challenges;
using Countersign.Server.Audit;
using Countersign.Server.Enforcement;
using Countersign.Server.Factors.EmailApproval;
using Countersign.Server.Mail;
using Countersign.Server.People;
using Countersign.Server.Tests.Fixtures;

namespace Countersign.Server.Tests.Mail;

/// <summary>A command waits, a mail comes, its reader decides. Git, the mail server and the sockets are real.</summary>
[Trait("Category", "slow")]
public sealed class EmailApprovalStories
{
    private const string Writes = "version: 1\nmode: enforce\nrules:\n  - { name: reads, operations: [read], effect: allow }\n  - name: writes\n    operations: [write]\n    require: { strength: basic }\n";

    [Fact]
    public async Task A_clone_goes_on_once_the_number_from_the_terminal_is_typed_on_the_mails_page()
    {
        await using var story = await MailStory.StartAsync();
        var (git, request, mail) = await story.CloneAsync();
        Assert.Equal(["ann@example.org"], mail.To);
        Assert.Equal(6, request.Number.Length);
        Assert.DoesNotContain(request.Number, mail.Raw + mail.Text + mail.Html, StringComparison.Ordinal);

        var (browser, page, address) = await story.OpenAsync(mail.LinkAfter("Approve"));
        Assert.Equal(200, page.Status);
        Assert.Equal($"/mail/{request.Id}", address);
        Assert.False(git.Completion.IsCompleted);
        var verdict = await MailStory.ApproveAsync(browser, address, request.Number);

        Assert.Contains("your command goes on", verdict.Body, StringComparison.Ordinal);
        Assert.Equal(0, (await git.Completion).ExitCode);
        var proof = Assert.IsType<ChallengeState.Spent>(story.Now(request).State).Proof;
        Assert.Equal((FactorKind.EmailApproval, Strength.Basic, "a mail to a...@example.org"), (proof.Kind, proof.Strength, proof.Authenticator));
        browser.Dispose();
        await story.Gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task A_push_is_shown_in_the_mail_as_on_the_page_and_passes_when_approved()
    {
        await using var story = await MailStory.StartAsync(Writes);
        var folder = Path.Combine(story.Gateway.Folder.FullName, "work");
        var tree = new GitClient(folder);
        await new GitClient(story.Gateway.Folder.FullName).SucceedAsync("-c", "safe.directory=*", "clone", "-q", story.Gateway.BareFolder(story.Core), folder);
        await tree.SucceedAsync("-c", "safe.directory=*", "push", "-q", "origin", "main:refs/heads/old-idea");
        var tip = await tree.CommitAsync("new.txt", "new\n");
        await tree.SucceedAsync("remote", "set-url", "origin", story.Ann.UrlOf("ACME/core"));

        var git = tree.StartAsync("push", "origin", "main", ":refs/heads/old-idea");
        var request = await story.Ann.NextRequestAsync();
        var mail = await story.MailAboutAsync(request);
        Assert.StartsWith("Push to ACME/core?", mail.Subject, StringComparison.Ordinal);
        Assert.Contains("2 refs: 1 deleted", mail.Text, StringComparison.Ordinal);
        Assert.True(mail.Text.IndexOf("! [deleted] old-idea", StringComparison.Ordinal) is > 0 and var deleted && deleted < mail.Text.IndexOf("main  ", StringComparison.Ordinal), mail.Text);
        Assert.Contains(tip[..7], mail.Text, StringComparison.Ordinal);
        Assert.Contains("[deleted] old-idea", mail.Html, StringComparison.Ordinal);
        Assert.Contains("From: 127.0.0.1", mail.Text, StringComparison.Ordinal);

        var (browser, page, address) = await story.OpenAsync(mail.LinkAfter("Approve"));
        Assert.Contains("old-idea", page.Body, StringComparison.Ordinal);
        Assert.True(SpinWait.SpinUntil(() => story.Gateway.Get<Prompter>().SaidOf(request.Id) is ["mail sent to a...@example.org"], TimeSpan.FromSeconds(30)));
        await MailStory.ApproveAsync(browser, address, request.Number);
        var result = await git.Completion;
        Assert.Equal(0, result.ExitCode);
        Assert.Contains("mail sent to a...@example.org", result.Error, StringComparison.Ordinal);
        Assert.Equal(tip, await story.Gateway.TipAsync(story.Core));
        browser.Dispose();
    }

    [Fact]
    public async Task One_click_on_the_page_of_Deny_refuses_the_command()
    {
        await using var story = await MailStory.StartAsync();
        var (git, request, mail) = await story.CloneAsync();

        var (browser, page, address) = await story.OpenAsync(mail.LinkAfter("Deny"));
        Assert.Equal($"/mail/{request.Id}/deny", address);
        Assert.Contains("Nothing has been decided yet", page.Body, StringComparison.Ordinal);
        Assert.IsType<ChallengeState.Pending>(story.Now(request).State);
        var verdict = await MailStory.DenyAsync(browser, address);

        Assert.Contains("Denied", verdict.Body, StringComparison.Ordinal);
        Assert.NotEqual(0, (await git.Completion).ExitCode);
        Assert.Equal(new ChallengeState.Denied(DenialCause.Declined), story.Now(request).State);
        browser.Dispose();
    }

    [Fact]
    public async Task In_a_session_of_the_same_person_no_number_is_asked_and_in_anybody_elses_it_is()
    {
        await using var story = await MailStory.StartAsync();
        var bob = await story.Gateway.AddPersonAsync("bob");
        var (git, request, mail) = await story.CloneAsync();
        using var visitor = new Visitor(story.Gateway);
        await visitor.BrowseAsync(bob);
        var (page, address) = await story.OpenAsync(visitor, mail.LinkAfter("Approve"));
        Assert.Contains("data-test=\"number\"", page.Body, StringComparison.Ordinal);
        Assert.Contains("Type the number", (await MailStory.ApproveAsync(visitor, address, null)).Body, StringComparison.Ordinal);
        Assert.IsType<ChallengeState.Pending>(story.Now(request).State);

        using var own = new Visitor(story.Gateway);
        await own.BrowseAsync(story.Ann);
        (page, address) = await story.OpenAsync(own, mail.LinkAfter("Approve"));
        Assert.DoesNotContain("data-test=\"number\"", page.Body, StringComparison.Ordinal);
        await MailStory.ApproveAsync(own, address, null);
        Assert.Equal(0, (await git.Completion).ExitCode);
    }

    [Fact]
    public async Task A_rule_that_asks_for_more_than_basic_sends_no_mail()
    {
        await using var story = await MailStory.StartAsync(MailStory.Policy.Replace("basic", "strong", StringComparison.Ordinal));
        var folder = Path.Combine(story.Gateway.Folder.FullName, "work");
        var git = new GitClient(folder).StartAsync("clone", story.Ann.UrlOf("ACME/core"), Path.Combine(folder, "clone"));
        await story.Ann.ApproveNextAsync();
        Assert.Equal(0, (await git.Completion).ExitCode);
        Assert.Equal(0, story.Gateway.Get<Countersign.Server.Mail.Outbox>().Count());
        Assert.DoesNotContain(story.Server.Rest(), mail => mail.Subject.Contains("Request", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("away", MailSender.Unreachable)]
    [InlineData("rcpt ann@example.org 550", MailSender.Refused)]
    [InlineData("data ann@example.org 451", MailSender.NotTaken)]
    [InlineData("data ann@example.org stall", MailSender.NotTaken)]
    public async Task Where_the_mail_is_not_taken_the_terminal_says_so_and_the_next_factor_is_asked_at_once(string order, string why)
    {
        await using var story = await MailStory.StartAsync(Writes);
        story.AwaitQuiet();
        await (order == "away" ? story.Server.StopAsync() : story.Server.OrderAsync(order));
        var tree = new GitClient(Path.Combine(story.Gateway.Folder.FullName, "work"));
        await new GitClient(story.Gateway.Folder.FullName).SucceedAsync("-c", "safe.directory=*", "clone", "-q", story.Gateway.BareFolder(story.Core), tree.Folder);
        await tree.SucceedAsync("remote", "set-url", "origin", story.Ann.UrlOf("ACME/core"));
        var tip = await tree.CommitAsync("new.txt", "new\n");

        var git = tree.StartAsync("push", "origin", "main");
        var request = await story.Ann.NextRequestAsync();
        var prompter = story.Gateway.Get<Prompter>();
        if (order.EndsWith("stall", StringComparison.Ordinal))
        {
            await story.Server.Stalled;
            Assert.Empty(prompter.SaidOf(request.Id)); // it is not sent before the server has taken it
            story.Gateway.Clock.Advance(MailLane.Patience);
        }

        await FailedAsync(1);
        Assert.Equal([why], prompter.SaidOf(request.Id));
        if (order == "away")
        {
            Assert.Equal(AskOutcome.Begun, prompter.TryAsk(story.Ann.Principal, request, FactorKind.EmailApproval));
            await FailedAsync(2); // the server is left alone for a while: nobody waits for that
        }

        Assert.False(git.Completion.IsCompleted);
        Assert.Equal(ApprovalOutcome.Done, (await story.Ann.ApproveAsync(request)).Outcome);
        var result = await git.Completion;
        Assert.True(result.ExitCode == 0, result.Error);
        Assert.Contains(why, result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("mail sent", result.Error, StringComparison.Ordinal);
        Assert.Equal(tip, await story.Gateway.TipAsync(story.Core));

        async Task FailedAsync(int times)
        {
            while ((await story.Gateway.AuditAsync()).Count(record => record.Event.Type == AuditTypes.ChallengePromptFailed && record.Event.Facts["why"] == why) < times
                || prompter.StateOf(request.Id, FactorKind.EmailApproval).OnItsWay)
            {
                TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
                await Task.Yield();
            }
        }
    }

    [Fact]
    public async Task While_the_mail_server_is_away_the_request_is_approved_on_its_page_and_no_late_mail_comes()
    {
        await using var story = await MailStory.StartAsync();
        await story.Server.OrderAsync("rcpt ann@example.org 450");
        var folder = Path.Combine(story.Gateway.Folder.FullName, "work");
        var git = new GitClient(folder).StartAsync("clone", story.Ann.UrlOf("ACME/core"), Path.Combine(folder, "clone"));
        await story.Ann.ApproveNextAsync();
        Assert.Equal(0, (await git.Completion).ExitCode);

        await story.Server.OrderAsync("well");
        await story.Gateway.Get<Countersign.Server.Mail.AccountMail>().TellAsync(story.Ann.Id, "after");
        await story.Server.NextAsync(mail => mail.Text.Contains("after", StringComparison.Ordinal));
        Assert.True(SpinWait.SpinUntil(() => story.Gateway.Get<Countersign.Server.Mail.Outbox>().Count() <= 1, TimeSpan.FromSeconds(30)));
        story.Gateway.Clock.Advance(TimeSpan.FromSeconds(11));
        story.Gateway.Get<Countersign.Server.Mail.Outbox>().Wake(); // it may have begun to wait just after the clock was moved
        Assert.True(SpinWait.SpinUntil(() => story.Gateway.Get<Countersign.Server.Mail.Outbox>().Count() == 0, TimeSpan.FromSeconds(30)));
        Assert.DoesNotContain(story.Server.Rest(), mail => mail.Subject.Contains("Request", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Without_the_switch_of_the_instance_nobody_has_it_and_the_terminal_shows_two_digits()
    {
        await using var story = await MailStory.StartAsync();
        await using var off = await MailStory.StartAsync(switchOn: false, settings: new() { ["Factors:EmailApproval:Enabled"] = "false" });
        await using (var database = await off.Gateway.Get<Microsoft.EntityFrameworkCore.IDbContextFactory<Countersign.Server.Storage.GatewayDbContext>>().CreateDbContextAsync(TestContext.Current.CancellationToken))
        {
            foreach (var person in database.Users)
            {
                person.EmailApprovalSince = off.Gateway.Clock.GetUtcNow();
            }

            await database.SaveChangesAsync(TestContext.Current.CancellationToken);
        }

        Assert.Contains(FactorKind.EmailApproval, story.Ann.Principal.Factors);
        Assert.DoesNotContain(FactorKind.EmailApproval, off.Ann.Principal.Factors);
        Assert.DoesNotContain((await off.Gateway.Get<IPeople>().FindAsync("ann", TestContext.Current.CancellationToken))!.Factors, factor => factor.Kind == FactorKind.EmailApproval);
        Assert.Equal("email_approval_off", (await off.Gateway.Get<EmailEnrolment>().BeginAsync(off.Ann.Id)).Refusal!.Code);
        Assert.Equal(2, off.Gateway.Get<ChallengeNumber>().Draw().Length);
    }
}
