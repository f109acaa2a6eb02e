using Countersign.Core.Challenges;
using Countersign.Server.Enforcement;
using Countersign.Server.Tests.Fixtures;

namespace Countersign.Server.Tests.Mail;

/// <summary>What approves nothing: robots, guesses, links that are over, links of others.</summary>
[Trait("Category", "slow")]
public sealed class EmailApprovalAttacks
{
    [Fact]
    public async Task Opened_by_GET_and_HEAD_and_sent_without_a_number_a_hundred_times_it_approves_nothing()
    {
        await using var story = await MailStory.StartAsync();
        var (git, request, mail) = await story.CloneAsync();
        var (browser, _, address) = await story.OpenAsync(mail.LinkAfter("Approve"));
        var path = mail.LinkAfter("Approve")[story.Gateway.Url.Length..];
        for (var times = 0; times < 100; times++)
        {
            Assert.Equal(302, (await browser.GetAsync(path)).Status);
            Assert.Equal(302, (await browser.SendAsync(new(HttpMethod.Head, path))).Status);
            Assert.Equal(200, (await browser.GetAsync(address)).Status);
            Assert.Contains((await browser.SendFormAsync(path, [])).Status, (int[])[400, 405]);
            Assert.Equal(400, (await browser.SendFormAsync($"{address}?handler=Approve", [])).Status); // no form key
        }

        Assert.Equal(200, (await MailStory.ApproveAsync(browser, address, null)).Status);
        Assert.Equal(200, (await MailStory.ApproveAsync(browser, address, "12")).Status);
        Assert.Equal(200, (await MailStory.ApproveAsync(browser, address, "12345x")).Status);
        Assert.Equal(new ChallengeState.Pending(), story.Now(request).State);
        Assert.Equal(0, story.Now(request).WrongNumbers);
        git.Kill();
        await git.Completion;
        browser.Dispose();
    }

    [Fact]
    public async Task Opening_the_link_that_denies_a_hundred_times_denies_nothing()
    {
        await using var story = await MailStory.StartAsync();
        var (git, request, mail) = await story.CloneAsync();
        var (browser, _, address) = await story.OpenAsync(mail.LinkAfter("Deny"));
        var path = mail.LinkAfter("Deny")[story.Gateway.Url.Length..];
        for (var times = 0; times < 100; times++)
        {
            Assert.Equal(302, (await browser.GetAsync(path)).Status);
            Assert.Equal(302, (await browser.SendAsync(new(HttpMethod.Head, path))).Status);
            Assert.Equal(200, (await browser.GetAsync(address)).Status);
            Assert.Equal(200, (await browser.SendAsync(new(HttpMethod.Head, $"{address}?handler=Deny"))).Status);
            Assert.Equal(200, (await browser.GetAsync($"{address}?handler=Deny")).Status);
        }

        Assert.Equal(new ChallengeState.Pending(), story.Now(request).State);
        git.Kill();
        await git.Completion;
        browser.Dispose();
    }

    [Fact]
    public async Task The_third_wrong_number_ends_the_request_and_the_right_one_comes_too_late()
    {
        await using var story = await MailStory.StartAsync();
        var (git, request, mail) = await story.CloneAsync();
        var (browser, _, address) = await story.OpenAsync(mail.LinkAfter("Approve"));
        Assert.Contains("2 tries left", (await MailStory.ApproveAsync(browser, address, MailStory.Wrong(request))).Body, StringComparison.Ordinal);
        Assert.Contains("One more wrong number", (await MailStory.ApproveAsync(browser, address, MailStory.Wrong(request, 2))).Body, StringComparison.Ordinal);
        Assert.Contains("Ended after three wrong numbers", (await MailStory.ApproveAsync(browser, address, MailStory.Wrong(request, 3))).Body, StringComparison.Ordinal);
        await MailStory.ApproveAsync(browser, address, request.Number);
        Assert.Equal(new ChallengeState.Denied(DenialCause.WrongNumbers), story.Now(request).State);
        Assert.NotEqual(0, (await git.Completion).ExitCode);
        browser.Dispose();
    }

    [Fact]
    public async Task Of_five_hundred_numbers_at_once_no_more_than_three_are_looked_at()
    {
        await using var story = await MailStory.StartAsync();
        var (git, request, mail) = await story.CloneAsync();
        var token = mail.LinkAfter("Approve").Split('/')[^1];
        var approvals = story.Gateway.Get<Approvals>();
        var guesses = Enumerable.Range(1, 500).Select(step => Task.Run(() => approvals.ApproveAsync(
            story.Ann.Principal, request.Id, new(MailStory.Wrong(request, step), null, null, null) { MailToken = token, InSession = false }, CancellationToken.None)));
        var results = await Task.WhenAll(guesses);

        Assert.Equal(3, results.Count(result => result.Outcome == ApprovalOutcome.NumberWrong));
        Assert.Equal(497, results.Count(result => result.Outcome == ApprovalOutcome.AlreadySettled));
        Assert.Equal(new ChallengeState.Denied(DenialCause.WrongNumbers), story.Now(request).State);
        Assert.NotEqual(0, (await git.Completion).ExitCode);
    }

    [Fact]
    public async Task A_link_approves_once_and_is_over_when_its_request_is()
    {
        await using var story = await MailStory.StartAsync();
        var (git, request, mail) = await story.CloneAsync();
        var (browser, _, address) = await story.OpenAsync(mail.LinkAfter("Approve"));
        await MailStory.ApproveAsync(browser, address, request.Number);
        Assert.Equal(0, (await git.Completion).ExitCode);
        Assert.Equal(404, (await story.OpenAsync(browser, mail.LinkAfter("Approve"))).Page.Status);
        Assert.Equal(404, (await browser.GetAsync(address)).Status);

        story.Gateway.Clock.Advance(TimeSpan.FromHours(1));
        var (second, other, late) = await story.CloneAsync();
        story.Gateway.Clock.Advance(TimeSpan.FromMinutes(20));
        Assert.Equal(404, (await story.OpenAsync(browser, late.LinkAfter("Approve"))).Page.Status);
        Assert.NotEqual(0, (await second.Completion).ExitCode);
        Assert.IsNotType<ChallengeState.Approved>(story.Now(other).State);
        browser.Dispose();
    }

    [Fact]
    public async Task After_a_denial_the_link_approves_nothing()
    {
        await using var story = await MailStory.StartAsync();
        var (git, request, mail) = await story.CloneAsync();
        var (browser, _, address) = await story.OpenAsync(mail.LinkAfter("Approve"));
        Assert.Equal(ApprovalOutcome.Done, (await story.Ann.DenyAsync(request)).Outcome);
        await MailStory.ApproveAsync(browser, address, request.Number);
        Assert.Equal(new ChallengeState.Denied(DenialCause.Declined), story.Now(request).State);
        Assert.NotEqual(0, (await git.Completion).ExitCode);
        browser.Dispose();
    }

    [Fact]
    public async Task A_link_serves_its_own_request_and_person_only()
    {
        await using var story = await MailStory.StartAsync();
        var bob = await story.Gateway.AddPersonAsync("bob");
        var (first, one, mail) = await story.CloneAsync();
        var token = mail.LinkAfter("Approve").Split('/')[^1];
        var (second, two, _) = await story.CloneAsync();
        var approvals = story.Gateway.Get<Approvals>();

        var crossed = await approvals.ApproveAsync(story.Ann.Principal, two.Id, new(two.Number, null, null, null) { MailToken = token, InSession = false }, CancellationToken.None);
        Assert.Equal(ApprovalOutcome.ProofRefused, crossed.Outcome);
        var foreign = await approvals.ApproveAsync(bob.Principal, one.Id, new(one.Number, null, null, null) { MailToken = token, InSession = false }, CancellationToken.None);
        Assert.Equal(ApprovalOutcome.NotFound, foreign.Outcome);
        Assert.Null(await Record.ExceptionAsync(() => approvals.ApproveAsync(story.Ann.Principal, one.Id, new(one.Number, null, null, null) { MailToken = "x" }, CancellationToken.None)));

        // The page of one request does not take the cookie of the other.
        var (browser, _, _) = await story.OpenAsync(mail.LinkAfter("Approve"));
        browser.Cookies[$"__Host-countersign-mail-{two.Id}"] = token;
        Assert.Equal(404, (await browser.GetAsync($"/mail/{two.Id}")).Status);
        Assert.Equal(new ChallengeState.Pending(), story.Now(one).State);
        Assert.Equal(new ChallengeState.Pending(), story.Now(two).State);
        first.Kill();
        second.Kill();
        await Task.WhenAll(first.Completion, second.Completion);
        browser.Dispose();
    }

    [Fact]
    public async Task Who_has_switched_it_off_meanwhile_approves_nothing_by_an_old_mail()
    {
        await using var story = await MailStory.StartAsync();
        var (git, request, mail) = await story.CloneAsync();
        var removed = await story.Gateway.Get<Server.People.IFactorEnrolment>().RemoveAsync(story.Ann.Id, story.Ann.Id.Value.ToString("N"), "ann", CancellationToken.None);
        Assert.Null(removed.Refusal);
        var (browser, _, address) = await story.OpenAsync(mail.LinkAfter("Approve"));
        var answer = await MailStory.ApproveAsync(browser, address, request.Number);
        Assert.True(answer.Status is 400 or 404, answer.Body); // neither page nor form any more
        Assert.Equal(new ChallengeState.Pending(), story.Now(request).State);
        git.Kill();
        await git.Completion;
        browser.Dispose();
    }

    [Fact]
    public async Task The_token_is_in_no_audit_record_no_page_and_no_database_in_clear()
    {
        await using var story = await MailStory.StartAsync();
        var (git, request, mail) = await story.CloneAsync();
        var token = mail.LinkAfter("Approve").Split('/')[^1];
        using var browser = new Visitor(story.Gateway);
        var opened = await browser.GetAsync($"/m/{token}");
        Assert.Equal("no-referrer", opened.Headers["Referrer-Policy"]);
        var page = await browser.GetAsync(opened.Headers["Location"]);
        Assert.DoesNotContain(token, page.Body, StringComparison.Ordinal);
        Assert.DoesNotContain(token, opened.Headers["Location"], StringComparison.Ordinal);
        await MailStory.ApproveAsync(browser, opened.Headers["Location"], request.Number);
        await git.Completion;
        Assert.All(await story.Gateway.AuditAsync(), record => Assert.DoesNotContain(token, string.Concat(record.Event.Facts.Values), StringComparison.Ordinal));
        foreach (var file in Directory.EnumerateFiles(story.Gateway.Options.Data, "*.db*"))
        {
            await using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using var reader = new StreamReader(stream, System.Text.Encoding.Latin1);
            Assert.DoesNotContain(token, await reader.ReadToEndAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Another_sites_form_and_a_form_without_origin_are_refused()
    {
        await using var story = await MailStory.StartAsync();
        var (git, request, mail) = await story.CloneAsync();
        var (browser, _, address) = await story.OpenAsync(mail.LinkAfter("Approve"));
        var fields = new Dictionary<string, string> { ["number"] = request.Number };
        Assert.Equal(403, (await browser.SubmitAsync(address, $"{address}?handler=Approve", fields, "https://evil.example")).Status);
        Assert.Equal(403, (await browser.SubmitAsync(address, $"{address}?handler=Approve", fields, null)).Status);
        Assert.Equal(400, (await browser.SendFormAsync($"{address}?handler=Deny", [])).Status);
        Assert.Equal(new ChallengeState.Pending(), story.Now(request).State);
        git.Kill();
        await git.Completion;
        browser.Dispose();
    }
}
