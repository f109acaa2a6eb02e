using System.Net;
using Countersign.Core.Identities;
using Countersign.Server.Enforcement;
using Countersign.Server.Factors.RecoveryCodes;
using Countersign.Server.People;
using Countersign.Server.Storage.Sqlite;

namespace Countersign.Server.Tests.Mail;

/// <summary>What happens to an account reaches its owner by mail.</summary>
[Trait("Category", "slow")]
public sealed class NoticesByMailTests
{
    [Fact]
    public async Task New_tokens_keys_and_factors_are_told_in_a_mail_that_no_robot_answers()
    {
        await using var story = await MailStory.StartAsync(switchOn: false);
        var mail = await story.Server.NextAsync(mail => mail.Text.Contains("access token \"laptop\" was made", StringComparison.Ordinal));
        Assert.Equal(["ann@example.org"], mail.To);
        Assert.Equal("auto-generated", mail.Header("Auto-Submitted"));
        Assert.Equal("Countersign <git@gateway.example.org>", mail.Header("From"));
        Assert.Contains("@gateway.example.org>", mail.Header("Message-ID"), StringComparison.Ordinal);
        Assert.Empty(mail.Defects);
        Assert.Contains($"{story.Gateway.Url}/security", mail.Text, StringComparison.Ordinal);
        Assert.Contains("was made", mail.Html, StringComparison.Ordinal);
        const string Key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICeIPWAb4HcNv31hAzR1GegXhRP59USInS1aCfp0UB7U laptop";
        Assert.Null((await story.Gateway.Get<ISshKeys>().AddAsync(story.Ann.Id, Key, null, null, "ann", TestContext.Current.CancellationToken)).Refusal);
        Assert.Contains("SHA256:", (await story.Server.NextAsync(told => told.Text.Contains("SSH key", StringComparison.Ordinal))).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_sign_in_from_a_new_network_is_news_and_the_first_and_a_known_one_are_not()
    {
        await using var story = await MailStory.StartAsync(switchOn: false);
        var sessions = story.Gateway.Get<ISessions>();
        await SignInAsync("192.0.2.1");
        await SignInAsync("192.0.2.1");
        await SignInAsync("2001:db8::1");
        await SignInAsync("2001:db8::2"); // the same /64
        await SignInAsync("192.0.2.1");
        await SignInAsync("198.51.100.7");
        var first = await story.Server.NextAsync(IsNews);
        var second = await story.Server.NextAsync(IsNews);
        Assert.Contains("2001:db8::1", first.Text, StringComparison.Ordinal);
        Assert.Contains("198.51.100.7", second.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(story.Server.Rest(), IsNews);

        async Task SignInAsync(string address) => await sessions.StartAsync(
            new(story.Ann.Id, "ann", true, false), new ClientAddress(IPAddress.Parse(address)), "test", TestContext.Current.CancellationToken);

        static bool IsNews(ReceivedMail mail) => mail.Text.Contains("from a new address", StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_first_use_of_a_token_from_another_network_is_told_once()
    {
        await using var story = await MailStory.StartAsync(switchOn: false);
        var (tokens, uses) = (story.Gateway.Get<IAccessTokens>(), story.Gateway.Get<LastUses>());
        foreach (var address in new[] { "192.0.2.1", "198.51.100.7", "198.51.100.7", "192.0.2.1" })
        {
            Assert.NotNull(tokens.Authenticate("ann", story.Ann.Token, new(IPAddress.Parse(address))));
            await uses.DrainAsync(TestContext.Current.CancellationToken);
            story.AwaitQuiet();
            story.Gateway.Clock.Advance(TimeSpan.FromMinutes(2));
        }

        var told = await story.Server.NextAsync(mail => mail.Text.Contains("from a new address", StringComparison.Ordinal));
        Assert.Contains("Your access token \"laptop\" was used from a new address: 198.51.100.7", told.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(story.Server.Rest(), mail => mail.Text.Contains("from a new address", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_use_from_a_second_network_within_the_same_minute_is_told()
    {
        await using var story = await MailStory.StartAsync(switchOn: false);
        foreach (var address in new[] { "192.0.2.1", "198.51.100.7" })
        {
            Assert.NotNull(story.Gateway.Get<IAccessTokens>().Authenticate("ann", story.Ann.Token, new(IPAddress.Parse(address))));
            await story.Gateway.Get<LastUses>().DrainAsync(TestContext.Current.CancellationToken);
        }

        var told = await story.Server.NextAsync(mail => mail.Text.Contains("from a new address", StringComparison.Ordinal));
        Assert.Contains("198.51.100.7", told.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task News_of_a_network_that_could_not_be_told_is_told_the_next_time_and_then_no_more()
    {
        await using var story = await MailStory.StartAsync(switchOn: false);
        var notices = new FailingNotices();
        using var networks = new KnownNetworks(story.Gateway.Get<Ledger>(), notices, story.Gateway.Clock);
        var (home, away) = (new ClientAddress(IPAddress.Parse("192.0.2.1")), new ClientAddress(IPAddress.Parse("198.51.100.7")));
        await networks.SeenAsync(story.Ann.Id, home, "Somebody signed in as you");
        await Assert.ThrowsAsync<InvalidOperationException>(() => networks.SeenAsync(story.Ann.Id, away, "Somebody signed in as you"));
        notices.IsWell = true;
        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => networks.SeenAsync(story.Ann.Id, away, "Somebody signed in as you")));
        Assert.Equal(["Somebody signed in as you from a new address: 198.51.100.7."], notices.Told);
    }

    [Fact]
    public async Task What_ends_what_a_person_holds_and_what_an_administrator_does_to_them_is_mailed()
    {
        await using var story = await MailStory.StartAsync(switchOn: false);
        var (gateway, ann) = (story.Gateway, story.Ann.Id);
        var token = Assert.Single(await gateway.Get<IAccessTokens>().ListAsync(ann, Cancellation));
        Assert.Null((await gateway.Get<IAccessTokens>().RevokeAsync(ann, token.Id, "ann", Cancellation)).Refusal);
        await ToldAsync("The access token \"laptop\" was revoked");
        const string Key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICeIPWAb4HcNv31hAzR1GegXhRP59USInS1aCfp0UB7U laptop";
        var key = await gateway.Get<ISshKeys>().AddAsync(ann, Key, null, null, "ann", Cancellation);
        Assert.Null((await gateway.Get<ISshKeys>().RemoveAsync(ann, key.Value!.Id, "ann", Cancellation)).Refusal);
        await ToldAsync("The SSH key \"laptop\" was removed");
        Assert.Null((await gateway.Get<IPeople>().UnlockAsync("ann", "root", Cancellation)).Refusal);
        await ToldAsync("An administrator unlocked your account");
        Assert.Null((await gateway.Get<IFactorEnrolment>().ResetAsync("ann", "root", Cancellation)).Refusal);
        await ToldAsync("An administrator removed your two-step verification");
        Assert.Null((await gateway.Get<IPeople>().DisableAsync("ann", "root", Cancellation)).Refusal);
        await ToldAsync("An administrator disabled your account");
        Assert.Null((await gateway.Get<IPeople>().EnableAsync("ann", "root", Cancellation)).Refusal);
        await ToldAsync("An administrator enabled your account again");

        async Task ToldAsync(string words) => Assert.Equal(
            ["ann@example.org"], (await story.Server.NextAsync(mail => mail.Text.Contains(words, StringComparison.Ordinal))).To);
    }

    [Fact]
    public async Task A_recovery_code_that_is_used_a_lock_and_a_factor_that_is_removed_are_mailed()
    {
        await using var story = await MailStory.StartAsync(switchOn: false);
        var (gateway, ann) = (story.Gateway, story.Ann.Id);
        var codes = await gateway.Get<IFactorEnrolment>().MakeRecoveryCodesAsync(ann, "ann", Cancellation);
        Assert.Equal(FactorFailure.None, await TryAsync(codes[0]));
        await ToldAsync("A recovery code was used. 9 left");
        story.AwaitQuiet();
        for (var attempt = 0; attempt < 10; attempt++)
        {
            Assert.Equal(FactorFailure.Refused, await TryAsync("AAAA-AAAA-AAAA-AAAA"));
            gateway.Clock.Advance(TimeSpan.FromMinutes(attempt < 9 ? 5 : 0));
        }

        await ToldAsync("Your recovery codes were locked after 10 wrong codes");
        var app = Assert.Single((await gateway.Get<IPeople>().FindAsync(ann, Cancellation))!.Factors);
        Assert.Null((await gateway.Get<IFactorEnrolment>().RemoveAsync(ann, app.Id, "ann", Cancellation)).Refusal);
        await ToldAsync($"\"{app.Name}\" was removed from your two-step verification");

        async Task<FactorFailure> TryAsync(string code) =>
            (await gateway.Get<RecoveryCodeFactor>().VerifyAsync(story.Ann.Principal, new("step-up", "", ""), new(code, null), Cancellation)).Failure;

        async Task ToldAsync(string words) => Assert.Equal(
            ["ann@example.org"], (await story.Server.NextAsync(mail => mail.Text.Contains(words, StringComparison.Ordinal))).To);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private sealed class FailingNotices : INotices
    {
        public bool IsWell { get; set; }

        public List<string> Told { get; } = [];

        public Task TellAsync(PrincipalId person, string text, CancellationToken cancellation)
        {
            Told.AddRange(IsWell ? [text] : throw new InvalidOperationException("the disk is full"));
            return Task.CompletedTask;
        }

        public Task InviteAsync(PrincipalId person, string text, CancellationToken cancellation) => TellAsync(person, text, cancellation);

        public Task<IReadOnlyList<Notice>> ListAsync(PrincipalId person, CancellationToken cancellation) => Task.FromResult<IReadOnlyList<Notice>>([]);

        public Task DismissAsync(PrincipalId person, string id, CancellationToken cancellation) => Task.CompletedTask;
    }
}
