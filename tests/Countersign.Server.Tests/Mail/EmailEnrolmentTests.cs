using Countersign.Core.Challenges;
using Countersign.Server.Audit;
using Countersign.Server.Factors.EmailApproval;
using Countersign.Server.People;
using Countersign.Server.Tests.Fixtures;

namespace Countersign.Server.Tests.Mail;

/// <summary>Switching approval by email on and off, and changing the address.</summary>
[Trait("Category", "slow")]
public sealed class EmailEnrolmentTests
{
    [Fact]
    public async Task A_person_without_another_factor_cannot_switch_it_on()
    {
        await using var story = await MailStory.StartAsync(switchOn: false);
        var bob = await story.Gateway.AddPersonAsync("bob", factor: false);
        Assert.Equal("other_factor_first", (await Enrolment(story).BeginAsync(bob.Id)).Refusal!.Code);
        Assert.Equal("other_factor_first", (await Enrolment(story).ConfirmAsync(bob.Id, "123456", "bob")).Refusal!.Code);
    }

    [Fact]
    public async Task The_last_other_factor_stays_while_email_is_on_and_an_administrator_left_with_it_alone_has_none()
    {
        await using var story = await MailStory.StartAsync();
        var factors = (await story.Gateway.Get<IPeople>().FindAsync("ann", Token))!.Factors;
        var app = factors.Single(factor => factor.Kind == FactorKind.Totp);
        Assert.Equal("last_but_email", (await story.Gateway.Get<IFactorEnrolment>().RemoveAsync(story.Ann.Id, app.Id, "ann", Token)).Refusal!.Code);
        var mail = factors.Single(factor => factor.Kind == FactorKind.EmailApproval);
        Assert.Null((await story.Gateway.Get<IFactorEnrolment>().RemoveAsync(story.Ann.Id, mail.Id, "ann", Token)).Refusal);
        Assert.DoesNotContain(FactorKind.EmailApproval, story.Ann.Principal.Factors);
        Assert.Contains("removed from your two-step", (await story.Server.NextAsync(sent => sent.Text.Contains("removed", StringComparison.Ordinal))).Text, StringComparison.Ordinal);
        Assert.Contains((await story.Gateway.AuditAsync()).Select(record => record.Event), record => record.Type == AuditTypes.FactorRemoved && record.Facts["factor"] == "EmailApproval");
    }

    [Fact]
    public async Task A_reset_by_an_administrator_takes_it_too()
    {
        await using var story = await MailStory.StartAsync();
        Assert.Null((await story.Gateway.Get<IFactorEnrolment>().ResetAsync("ann", "test", Token)).Refusal);
        Assert.Empty(story.Ann.Principal.Factors);
    }

    [Fact]
    public async Task Guesses_at_the_code_are_delayed_however_many_come_at_once_and_a_new_code_does_not_help()
    {
        await using var story = await MailStory.StartAsync(switchOn: false);
        Assert.Null((await Enrolment(story).BeginAsync(story.Ann.Id)).Refusal);
        var code = (await story.Server.NextAsync(mail => mail.Subject.StartsWith("Your code", StringComparison.Ordinal))).Code;
        var wrong = Enumerable.Range(0, 300).Select(number => number.ToString("D6", System.Globalization.CultureInfo.InvariantCulture)).Where(guess => guess != code);
        var results = await Task.WhenAll(wrong.Select(guess => Task.Run(() => Enrolment(story).ConfirmAsync(story.Ann.Id, guess, "ann"))));
        Assert.Equal(3, results.Count(result => result.Refusal!.Code == "wrong_code"));
        Assert.All(results.Where(result => result.Refusal!.Code != "wrong_code"), result => Assert.Equal("delayed", result.Refusal!.Code));
        Assert.Null((await Enrolment(story).BeginAsync(story.Ann.Id)).Refusal);
        Assert.Equal("delayed", (await Enrolment(story).ConfirmAsync(story.Ann.Id, code, "ann")).Refusal!.Code);
    }

    [Fact]
    public async Task Ten_wrong_codes_are_recorded_and_lock_until_an_administrator_unlocks()
    {
        await using var story = await MailStory.StartAsync(switchOn: false);
        var (gateway, ann) = (story.Gateway, story.Ann.Id);
        for (var guess = 1; guess <= 10; guess++)
        {
            Assert.Equal("wrong_code", (await gateway.Get<EmailCodes>().TakeAsync(ann, guess % 2 == 0 ? EmailPurpose.Approval : EmailPurpose.Address, "000000")).Refusal!.Code);
            story.AwaitQuiet();
            gateway.Clock.Advance(TimeSpan.FromMinutes(6)); // more than the longest delay
            if (guess == 5)
            {
                await gateway.RestartAsync();
            }
        }

        gateway.Clock.Advance(TimeSpan.FromDays(2)); // no time heals it
        Assert.Null(await gateway.Get<EmailCodes>().SendAsync(ann, EmailPurpose.Approval, "ann@example.org"));
        var code = (await story.Server.NextAsync(mail => mail.Subject.StartsWith("Your code", StringComparison.Ordinal))).Code;
        Assert.Equal("locked", (await gateway.Get<EmailCodes>().TakeAsync(ann, EmailPurpose.Approval, code)).Refusal!.Code);
        var records = (await gateway.AuditAsync()).Select(record => record.Event).Where(record => record.Facts.GetValueOrDefault("factor") == "EmailApproval").ToList();
        Assert.Equal(9, records.Count(record => record.Type == AuditTypes.FactorFailed && record.Facts["purpose"] == "register"));
        Assert.Equal("10", Assert.Single(records, record => record.Type == AuditTypes.FactorLocked).Facts["failures"]);
        Assert.Contains((await gateway.Get<ILocks>().ReadAsync(Token)).Locks, one => one is { What: "email", Person: "ann" });
        Assert.Contains(await gateway.Get<INotices>().ListAsync(ann, Token), notice => notice.Text.Contains("codes by email were locked", StringComparison.Ordinal));

        Assert.Null((await gateway.Get<IPeople>().UnlockAsync("ann", "test", Token)).Refusal);
        Assert.Equal("ann@example.org", (await gateway.Get<EmailCodes>().TakeAsync(ann, EmailPurpose.Approval, code)).Value);
        Assert.Contains("unlocked your account", (await story.Server.NextAsync(mail => mail.Text.Contains("unlocked", StringComparison.Ordinal))).Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"ann b\"@example.org")]
    [InlineData("\u00e4nn@example.org")]
    [InlineData("ann@[127.0.0.1]")]
    [InlineData("ann@exam_ple.org")]
    [InlineData("Ann <ann@example.org>")]
    [InlineData("<ann@example.org>")]
    [InlineData("ann@example.org\r\nBcc: x@example.org")]
    public async Task Nobody_gets_an_address_that_no_mail_can_be_sent_to(string address)
    {
        await using var gateway = await GatewayFixture.StartAsync();
        await gateway.AddPersonAsync();
        Assert.Equal("bad_email", (await gateway.Get<IPeople>().AddAsync("bob", address, null, false, "test", Token)).Refusal!.Code);
        Assert.Equal("bad_email", (await gateway.Get<EmailAddresses>().SetAsync("ann", address, "test", Token)).Refusal!.Code);
    }

    [Fact]
    public async Task A_domain_beyond_ASCII_is_kept_as_it_goes_over_the_wire()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var added = await gateway.Get<IPeople>().AddAsync("bob", " bob@b\u00fccher.example ", null, false, "test", Token);
        Assert.Equal("bob@xn--bcher-kva.example", added.Value!.Email);
    }

    [Fact]
    public async Task A_code_serves_its_purpose_once_and_for_ten_minutes()
    {
        await using var story = await MailStory.StartAsync(switchOn: false);
        var (codes, ann) = (story.Gateway.Get<EmailCodes>(), story.Ann.Id);
        Assert.Null(await codes.SendAsync(ann, EmailPurpose.Approval, "ann@example.org"));
        var code = (await story.Server.NextAsync(mail => mail.Subject.StartsWith("Your code", StringComparison.Ordinal))).Code;
        Assert.NotNull((await codes.TakeAsync(ann, EmailPurpose.Address, code)).Refusal);
        Assert.Equal("ann@example.org", (await codes.TakeAsync(ann, EmailPurpose.Approval, code)).Value);
        Assert.NotNull((await codes.TakeAsync(ann, EmailPurpose.Approval, code)).Refusal);
        Assert.Null(await codes.SendAsync(ann, EmailPurpose.Approval, "ann@example.org"));
        code = (await story.Server.NextAsync(mail => mail.Subject.StartsWith("Your code", StringComparison.Ordinal))).Code;
        story.Gateway.Clock.Advance(EmailCodes.Lifetime);
        Assert.NotNull((await codes.TakeAsync(ann, EmailPurpose.Approval, code)).Refusal);
    }

    [Fact]
    public async Task Nobody_fills_a_mailbox_with_codes()
    {
        await using var story = await MailStory.StartAsync(switchOn: false);
        var codes = story.Gateway.Get<EmailCodes>();
        var results = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => codes.SendAsync(story.Ann.Id, EmailPurpose.Address, "victim@example.org")));
        Assert.Equal(5, results.Count(refusal => refusal is null));
    }

    [Fact]
    public async Task Over_the_API_the_address_changes_by_a_code_both_addresses_are_told_and_approval_by_email_ends()
    {
        await using var story = await MailStory.StartAsync();
        using var visitor = await Visitor.SignedInAsync(story.Gateway, story.Ann);
        story.Gateway.Clock.Advance(TimeSpan.FromMinutes(10));
        Assert.Equal("step_up_required", (await visitor.PostAsync("me/email", new { email = "new@example.org" })).Code);
        visitor.Token = (await visitor.PostAsync("step-up", new { totp = story.Ann.FreshCode() })).Json.GetProperty("token").GetString();
        Assert.Equal("bad_email", (await visitor.PostAsync("me/email", new { email = "new@example.org\r\nBcc: x@example.org" })).Code);
        Assert.Equal(200, (await visitor.PostAsync("me/email", new { email = "new@example.org" })).Status);
        var sent = await story.Server.NextAsync(mail => mail.Subject.StartsWith("Your code", StringComparison.Ordinal));
        Assert.Equal(["new@example.org"], sent.To);
        var wrong = sent.Code == "000000" ? "000001" : "000000";
        Assert.Equal("wrong_code", (await visitor.PostAsync("me/email/confirm", new { code = wrong })).Code);
        Assert.Equal("ann@example.org", (await story.Gateway.Get<IPeople>().FindAsync("ann", Token))!.Email);
        Assert.Equal(200, (await visitor.PostAsync("me/email/confirm", new { code = sent.Code })).Status);

        Assert.Equal("new@example.org", (await story.Gateway.Get<IPeople>().FindAsync("ann", Token))!.Email);
        Assert.DoesNotContain(FactorKind.EmailApproval, story.Ann.Principal.Factors);
        var told = new[] { await ChangedAsync(story), await ChangedAsync(story) };
        Assert.Equal(["ann@example.org", "new@example.org"], told.SelectMany(mail => mail.To).Order());
        Assert.Contains((await story.Gateway.AuditAsync()).Select(record => record.Event), record => record.Type == AuditTypes.PersonEmailChanged && record.Facts["email"] == "new@example.org");

        // and on again for the new one
        Assert.Equal(200, (await visitor.PostAsync("me/email-approval", new { })).Status);
        sent = await story.Server.NextAsync(mail => mail.Subject.StartsWith("Your code", StringComparison.Ordinal));
        Assert.Equal(["new@example.org"], sent.To);
        var confirmed = await visitor.PostAsync("me/email-approval/confirm", new { code = sent.Code });
        Assert.Equal("email-approval", confirmed.Json.GetProperty("kind").GetString());
        Assert.Contains(FactorKind.EmailApproval, story.Ann.Principal.Factors);
    }

    [Fact]
    public async Task A_code_for_the_address_of_before_switches_nothing_on_after_the_change()
    {
        await using var story = await MailStory.StartAsync(switchOn: false);
        Assert.Null((await Enrolment(story).BeginAsync(story.Ann.Id)).Refusal);
        var code = (await story.Server.NextAsync(mail => mail.Subject.StartsWith("Your code", StringComparison.Ordinal))).Code;
        Assert.Null((await story.Gateway.Get<EmailAddresses>().SetAsync("ann", "other@example.org", "test", Token)).Refusal);
        Assert.Equal("address_changed", (await Enrolment(story).ConfirmAsync(story.Ann.Id, code, "ann")).Refusal!.Code);
    }

    [Fact]
    public async Task An_address_of_somebody_else_is_refused_when_it_would_be_taken()
    {
        await using var story = await MailStory.StartAsync(switchOn: false);
        await story.Gateway.AddPersonAsync("bob");
        Assert.Equal("email_taken", (await story.Gateway.Get<EmailAddresses>().SetAsync("ann", "BOB@example.org", "test", Token)).Refusal!.Code);
        Assert.Equal("no_such_person", (await story.Gateway.Get<EmailAddresses>().SetAsync("nobody", "x@example.org", "test", Token)).Refusal!.Code);
    }

    [Fact]
    public async Task On_the_pages_it_is_switched_on_with_the_standards_objection_in_sight()
    {
        await using var story = await MailStory.StartAsync(switchOn: false);
        using var browser = new Visitor(story.Gateway);
        await browser.BrowseAsync(story.Ann);
        var page = await browser.GetAsync("/security/email-approval");
        Assert.Contains("NIST SP 800-63B-4 and OWASP ASVS 5.0 do not accept email", page.Body, StringComparison.Ordinal);
        Assert.Contains("Six digits", (await browser.SubmitAsync("/security/email-approval", "/security/email-approval?handler=Send", [])).Body, StringComparison.Ordinal);
        var code = (await story.Server.NextAsync(mail => mail.Subject.StartsWith("Your code", StringComparison.Ordinal))).Code;
        var done = await browser.SubmitAsync("/security/email-approval", "/security/email-approval?handler=Confirm", new() { ["code"] = code });
        Assert.Equal("/security?done=email-on", done.Headers["Location"]);
        Assert.Contains("approves requests since", (await browser.GetAsync("/security")).Body, StringComparison.Ordinal);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static EmailEnrolment Enrolment(MailStory story) => story.Gateway.Get<EmailEnrolment>();

    private static Task<ReceivedMail> ChangedAsync(MailStory story) => story.Server.NextAsync(mail => mail.Text.Contains("was changed from", StringComparison.Ordinal));
}
