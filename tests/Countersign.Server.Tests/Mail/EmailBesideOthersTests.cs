using Countersign.Core.Challenges;
using Countersign.Server.Factors.EmailApproval;
using Countersign.Server.People;
using Countersign.Server.Storage;
using Countersign.Server.Tests.Fixtures;
using Microsoft.EntityFrameworkCore;

namespace Countersign.Server.Tests.Mail;

/// <summary>Email comes beside a factor that works, and for administrators it never counts without one.</summary>
[Trait("Category", "slow")]
public sealed class EmailBesideOthersTests
{
    [Fact]
    public async Task Of_two_who_remove_the_last_two_other_factors_at_once_one_is_refused()
    {
        await using var story = await MailStory.StartAsync();
        for (var round = 0; round < 5; round++)
        {
            await ChangeAsync(story, database => database.TotpAuthenticators.Add(new()
            {
                Id = Guid.NewGuid(), PersonId = story.Ann.Id.Value, Name = $"spare {round}", SealedSecret = [1], CreatedAt = story.Gateway.Clock.GetUtcNow(), ConfirmedAt = story.Gateway.Clock.GetUtcNow(),
            }));
            var apps = (await story.Gateway.Get<IPeople>().FindAsync("ann", Token))!.Factors.Where(factor => factor.Kind is FactorKind.Totp).ToList();
            Assert.Equal(2, apps.Count);
            var removed = await Task.WhenAll(apps.Select(app => Task.Run(() => story.Gateway.Get<IFactorEnrolment>().RemoveAsync(story.Ann.Id, app.Id, "ann", Token))));
            Assert.Equal("last_but_email", Assert.Single(removed, result => result.Refusal is not null).Refusal!.Code);
            Assert.Contains(FactorKind.Totp, story.Ann.Principal.Factors);
        }
    }

    [Fact]
    public async Task A_Duo_account_where_Duo_is_not_used_is_nothing_that_email_comes_beside()
    {
        await using var story = await MailStory.StartAsync();
        var bob = await story.Gateway.AddPersonAsync("bob", factor: false);
        await AddDuoAsync(story, story.Ann);
        await AddDuoAsync(story, bob);
        var app = (await story.Gateway.Get<IPeople>().FindAsync("ann", Token))!.Factors.Single(factor => factor.Kind is FactorKind.Totp);
        Assert.Equal("last_but_email", (await story.Gateway.Get<IFactorEnrolment>().RemoveAsync(story.Ann.Id, app.Id, "ann", Token)).Refusal!.Code);
        Assert.Equal("other_factor_first", (await story.Gateway.Get<EmailEnrolment>().BeginAsync(bob.Id)).Refusal!.Code);
    }

    [Fact]
    public async Task An_app_that_was_removed_after_the_code_was_sent_leaves_email_off()
    {
        await using var story = await MailStory.StartAsync(switchOn: false);
        Assert.Null((await story.Gateway.Get<EmailEnrolment>().BeginAsync(story.Ann.Id)).Refusal);
        var code = (await story.Server.NextAsync(mail => mail.Subject.StartsWith("Your code", StringComparison.Ordinal))).Code;
        await RemoveAppAsync(story);
        Assert.Equal("other_factor_first", (await story.Gateway.Get<EmailEnrolment>().ConfirmAsync(story.Ann.Id, code, "ann")).Refusal!.Code);
        Assert.Empty(story.Ann.Principal.Factors);
    }

    [Fact]
    public async Task An_administrator_whose_Duo_was_switched_off_is_not_asked_by_mail_and_reads_why()
    {
        await using var story = await MailStory.StartAsync();
        using var browser = new Visitor(story.Gateway);
        await browser.BrowseAsync(story.Ann);
        await AddDuoAsync(story, story.Ann);
        await RemoveAppAsync(story);
        Assert.Contains(FactorKind.EmailApproval, story.Ann.Principal.Factors); // not an administrator
        Assert.DoesNotContain("It does not count now", (await browser.GetAsync("/security")).Body, StringComparison.Ordinal);

        await story.Gateway.MakeAdministratorAsync("ann");
        Assert.Equal([FactorKind.DuoPush], story.Ann.Principal.Factors);
        Assert.Contains("It does not count now: email is never an administrator&#x27;s only second factor", (await browser.GetAsync("/security")).Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_becomes_an_administrator_with_email_alone_has_no_second_factor()
    {
        await using var story = await MailStory.StartAsync();
        await RemoveAppAsync(story);
        await story.Gateway.MakeAdministratorAsync("ann");
        Assert.Empty(story.Ann.Principal.Factors);
    }

    [Fact]
    public async Task Email_that_is_not_offered_now_goes_with_the_last_other_factor_and_is_not_the_only_one_once_it_is_offered_again()
    {
        await using var story = await MailStory.StartAsync(switchOn: false, settings: new() { ["Factors:EmailApproval:Enabled"] = "false" });
        await ChangeAsync(story, database => database.Users.Single(person => person.Id == story.Ann.Id.Value).EmailApprovalSince = story.Gateway.Clock.GetUtcNow());
        var app = (await story.Gateway.Get<IPeople>().FindAsync("ann", Token))!.Factors.Single();
        Assert.Null((await story.Gateway.Get<IFactorEnrolment>().RemoveAsync(story.Ann.Id, app.Id, "ann", Token)).Refusal);
        await ChangeAsync(story, database => Assert.Null(database.Users.Single(person => person.Id == story.Ann.Id.Value).EmailApprovalSince));
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static Task AddDuoAsync(MailStory story, TestPerson person) => ChangeAsync(story, database => database.DuoAccounts.Add(new()
    {
        Id = Guid.NewGuid(), PersonId = person.Id.Value, UserName = person.Name, Name = "phone", CreatedAt = story.Gateway.Clock.GetUtcNow(),
    }));

    private static Task RemoveAppAsync(MailStory story) =>
        ChangeAsync(story, database => database.TotpAuthenticators.RemoveRange(database.TotpAuthenticators.Where(app => app.PersonId == story.Ann.Id.Value)));

    private static async Task ChangeAsync(MailStory story, Action<GatewayDbContext> change)
    {
        await using var database = await story.Gateway.Get<IDbContextFactory<GatewayDbContext>>().CreateDbContextAsync(Token);
        change(database);
        await database.SaveChangesAsync(Token);
    }
}
