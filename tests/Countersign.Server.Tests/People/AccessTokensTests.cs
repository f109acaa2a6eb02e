using System.Net;
using Countersign.Core.Identities;
using Countersign.Server.People;
using Countersign.Server.Tests.Fakes;

namespace Countersign.Server.Tests.People;

public sealed class AccessTokensTests
{
    [Fact]
    public async Task A_token_is_its_owner_until_it_expires()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        var ann = await gateway.AddPersonAsync("ann");
        var (token, secret) = await AddAsync(gateway, ann, days: 1);
        Assert.Matches("^csn_[a-z2-7]{32}$", secret);

        var found = gateway.Tokens.Authenticate("Ann ", secret, PeopleFixture.Home);
        Assert.Equal((ann.Id, token.Id, "laptop"), (found!.Principal.Id, found.Credential.Id, found.Credential.Label));
        Assert.NotNull(gateway.Tokens.Authenticate(null, secret, PeopleFixture.Home));
        Assert.True(gateway.Tokens.IsLive(ann.Id, token.Id));

        gateway.Clock.Advance(TimeSpan.FromDays(1));
        Assert.Null(gateway.Tokens.Authenticate("ann", secret, PeopleFixture.Home));
        Assert.False(gateway.Tokens.IsLive(ann.Id, token.Id));
    }

    [Fact]
    public async Task A_token_under_another_name_is_refused()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        var ann = await gateway.AddPersonAsync("ann");
        var bob = await gateway.AddPersonAsync("bob");
        var (token, secret) = await AddAsync(gateway, ann);

        Assert.Null(gateway.Tokens.Authenticate("bob", secret, PeopleFixture.Home));
        Assert.Null(gateway.Tokens.Authenticate("", secret, PeopleFixture.Home));
        Assert.False(gateway.Tokens.IsLive(bob.Id, token.Id));
    }

    [Theory]
    [InlineData("")]
    [InlineData("csn_")]
    [InlineData("csn_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    [InlineData("' OR 1=1 --")]
    public async Task What_is_no_token_is_nobody(string secret)
    {
        await using var gateway = await PeopleFixture.StartAsync();
        await AddAsync(gateway, await gateway.AddPersonAsync("ann"));

        Assert.Null(gateway.Tokens.Authenticate("ann", secret, PeopleFixture.Home));
    }

    [Fact]
    public async Task Revoking_ends_a_token_at_once_and_says_so()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        var ann = await gateway.AddPersonAsync("ann");
        var bob = await gateway.AddPersonAsync("bob");
        var (token, secret) = await AddAsync(gateway, ann);
        var ended = new List<AccessEnded>();
        using var subscription = gateway.Get<AccessEndings>().Subscribe(ended.Add);

        Assert.Equal("no_such_token", (await gateway.Tokens.RevokeAsync(bob.Id, token.Id, "bob", CancellationToken.None)).Refusal?.Code);
        Assert.NotNull(gateway.Tokens.Authenticate("ann", secret, PeopleFixture.Home));
        Assert.Null((await gateway.Tokens.RevokeAsync(ann.Id, token.Id, "ann", CancellationToken.None)).Refusal);

        Assert.Null(gateway.Tokens.Authenticate("ann", secret, PeopleFixture.Home));
        Assert.False(gateway.Tokens.IsLive(ann.Id, token.Id));
        Assert.Equal([new AccessEnded(ann.Id, token.Id)], ended);
        Assert.Empty(await gateway.Tokens.ListAsync(ann.Id, CancellationToken.None));
    }

    [Fact]
    public async Task Disabling_the_owner_ends_tokens_and_sessions_for_good_and_enabling_brings_back_only_the_account()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        var ann = await gateway.AddPersonAsync("ann");
        var (token, secret) = await AddAsync(gateway, ann);
        var (session, _) = await gateway.Sessions.StartAsync(new(ann.Id, ann.Name, true, false), PeopleFixture.Home, "test", CancellationToken.None);
        var ended = new List<AccessEnded>();
        using var subscription = gateway.Get<AccessEndings>().Subscribe(ended.Add);

        Assert.True((await gateway.People.DisableAsync("ann", "root", CancellationToken.None)).Value!.IsDisabled);

        Assert.Equal([new AccessEnded(ann.Id, null)], ended);
        Assert.Null(gateway.People.FindPrincipal(ann.Id));
        Assert.Null(gateway.Sessions.Find(session));
        Assert.False(gateway.Tokens.IsLive(ann.Id, token.Id));

        Assert.False((await gateway.People.EnableAsync("ann", "root", CancellationToken.None)).Value!.IsDisabled);
        Assert.NotNull(gateway.People.FindPrincipal(ann.Id));
        Assert.Null(gateway.Tokens.Authenticate("ann", secret, PeopleFixture.Home));
        Assert.Null(gateway.Sessions.Find(session));
    }

    [Fact]
    public async Task Last_use_is_written_off_the_path_and_at_most_once_a_minute_for_each_network()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        var ann = await gateway.AddPersonAsync("ann");
        var (_, secret) = await AddAsync(gateway, ann);
        var first = gateway.Clock.GetUtcNow();
        gateway.Tokens.Authenticate("ann", secret, PeopleFixture.Home);
        gateway.Clock.Advance(TimeSpan.FromSeconds(58));
        gateway.Tokens.Authenticate("ann", secret, PeopleFixture.Home);
        await gateway.Get<LastUses>().DrainAsync(CancellationToken.None);
        var used = Assert.Single(await gateway.Tokens.ListAsync(ann.Id, CancellationToken.None));
        Assert.Equal((first, "192.0.2.7"), (used.LastUsedAt, used.LastUsedFrom));

        gateway.Clock.Advance(TimeSpan.FromSeconds(1));
        gateway.Tokens.Authenticate("ann", secret, new(IPAddress.Parse("198.51.100.9")));
        await gateway.Get<LastUses>().DrainAsync(CancellationToken.None);
        Assert.Equal("198.51.100.9", Assert.Single(await gateway.Tokens.ListAsync(ann.Id, CancellationToken.None)).LastUsedFrom);
        gateway.Clock.Advance(TimeSpan.FromSeconds(1));
        gateway.Tokens.Authenticate("ann", secret, PeopleFixture.Home);
        await gateway.Get<LastUses>().DrainAsync(CancellationToken.None);
        Assert.Equal("192.0.2.7", Assert.Single(await gateway.Tokens.ListAsync(ann.Id, CancellationToken.None)).LastUsedFrom);
    }

    [Theory]
    [InlineData("laptop", 0)]
    [InlineData("laptop", 367)]
    [InlineData("", 90)]
    [InlineData("two\nlines", 90)]
    [InlineData("right\u202eleft", 90)]
    public async Task Endless_and_unreadable_tokens_are_not_made(string label, int days)
    {
        await using var gateway = await PeopleFixture.StartAsync();
        var ann = await gateway.AddPersonAsync("ann");

        Assert.NotNull((await gateway.Tokens.AddAsync(ann.Id, label, days, "ann", CancellationToken.None)).Refusal);
    }

    [Fact]
    public async Task The_secret_is_neither_in_the_database_nor_in_the_audit_log()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        var ann = await gateway.AddPersonAsync("ann");
        var (token, secret) = await AddAsync(gateway, ann);

        Assert.Contains(gateway.AuditBodies(), body => body.Contains("token.added", StringComparison.Ordinal) && body.Contains(token.Id, StringComparison.Ordinal));
        Assert.DoesNotContain(gateway.AuditBodies(), body => body.Contains(secret, StringComparison.Ordinal));
        foreach (var file in Directory.EnumerateFiles(gateway.Folder, "countersign.db*"))
        {
            await using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using var reader = new StreamReader(stream, System.Text.Encoding.Latin1);
            Assert.DoesNotContain(secret, await reader.ReadToEndAsync(CancellationToken.None), StringComparison.Ordinal);
        }
    }

    private static async Task<(TokenSummary Token, string Secret)> AddAsync(PeopleFixture gateway, Principal owner, int days = AccessTokens.DefaultDays) =>
        (await gateway.Tokens.AddAsync(owner.Id, "laptop", days, "test", CancellationToken.None)).Value;
}
