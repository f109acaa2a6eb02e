using System.Net;
using System.Text;
using Countersign.Core.Identities;
using Countersign.Server.People;
using Countersign.Server.Storage;
using Countersign.Server.Tests.Fixtures;
using Countersign.Server.Upstreams;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Countersign.Server.Tests.Upstreams.Passed;

/// <summary>People's own tokens for Git hosts, kept for commands over SSH.</summary>
[Trait("Category", "slow")]
public sealed class UpstreamTokenTests
{
    private static readonly ClientAddress Home = new(IPAddress.Parse("192.0.2.7"));

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_token_is_kept_sealed_for_its_person_alone_and_comes_out_only_for_the_host()
    {
        await using var story = await PassedStory.StartAsync();
        var tokens = story.Gateway.Get<IUpstreamTokens>();
        Assert.Equal([(false, null)], (await tokens.ListAsync(story.Ann.Id, Cancellation)).Select(host => (host.IsSet, host.UserName)));
        Assert.Null(tokens.Find(story.Ann.Id, "far"));

        Assert.Null((await SetAsync(story, story.Ann, "ann", "ann's far password")).Refusal);
        Assert.Equal($"Basic {Convert.ToBase64String("ann:ann's far password"u8)}", tokens.Find(story.Ann.Id, "far")?.Reveal());
        Assert.Null(tokens.Find(story.Bob.Id, "far"));
        Assert.Null(tokens.Find(story.Ann.Id, "other"));
        Assert.Equal([(true, "ann")], (await tokens.ListAsync(story.Ann.Id, Cancellation)).Select(host => (host.IsSet, host.UserName)));
        await story.Gateway.RestartAsync();
        tokens = story.Gateway.Get<IUpstreamTokens>();
        Assert.NotNull(tokens.Find(story.Ann.Id, "far"));

        // Neither in the files nor in a row that was moved to somebody else.
        var kept = Convert.ToBase64String("ann:ann's far password"u8);
        foreach (var file in Directory.EnumerateFiles(story.Gateway.Options.Data, "*.db*"))
        {
            await using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using var reader = new StreamReader(stream, Encoding.Latin1);
            var content = await reader.ReadToEndAsync(Cancellation);
            Assert.DoesNotContain("ann's far password", content, StringComparison.Ordinal);
            Assert.DoesNotContain(kept, content, StringComparison.Ordinal);
        }

        await using (var database = await story.Gateway.Get<IDbContextFactory<GatewayDbContext>>().CreateDbContextAsync(Cancellation))
        {
            await database.UpstreamTokens.ExecuteUpdateAsync(set => set.SetProperty(row => row.PersonId, story.Bob.Id.Value), Cancellation);
        }

        Assert.Null(tokens.Find(story.Bob.Id, "far"));
        Assert.False(Assert.Single(await tokens.ListAsync(story.Bob.Id, Cancellation)).IsSet);
    }

    [Theory]
    [InlineData("--identity name", "bob", "ann's far password", "not_yours")]
    [InlineData("--identity name", "", "secret", "user_owed")]
    [InlineData("--identity get:/api/user#login", "ann", "wrong", "token_refused")]
    [InlineData("--identity get:/api/user#login", "bob", "bob's far password", "not_yours")]
    [InlineData("--identity name", "ann", "csn_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "bad_token")]
    [InlineData("--identity name", "ann", "", "bad_token")]
    [InlineData("--identity name", "ann", "two\nlines", "bad_token")]
    [InlineData("--identity name", "ann:x", "secret", "bad_token")]
    [InlineData("--identity header:X-AUSERNAME", "", "two words", "bad_token")]
    public async Task What_is_wrong_or_somebody_elses_is_not_kept(string identity, string user, string token, string code)
    {
        await using var story = await PassedStory.StartAsync(identity);
        Assert.Equal(code, (await SetAsync(story, story.Ann, user, token)).Refusal?.Code);
        Assert.Null(story.Gateway.Get<IUpstreamTokens>().Find(story.Ann.Id, "far"));
    }

    [Fact]
    public async Task The_host_is_asked_where_it_can_say_whose_the_token_is_and_guessing_is_bounded()
    {
        await using var story = await PassedStory.StartAsync("--identity get:/api/user#login");
        Assert.Null((await SetAsync(story, story.Ann, "ann", "ann's far password")).Refusal);
        Assert.Contains(story.Accounts.Shown, shown => shown.Target.StartsWith("/api/user", StringComparison.Ordinal));

        List<string?> codes = [];
        for (var guess = 0; guess < 10; guess++)
        {
            codes.Add((await SetAsync(story, story.Ann, "bob", $"guess {guess}")).Refusal?.Code);
        }

        Assert.Contains("delayed", codes);
        story.Accounts.Fails = 500;
        Assert.Equal("upstream_silent", (await SetAsync(story, story.Ann, "ann", "another")).Refusal?.Code);
    }

    [Fact]
    public async Task Removing_it_disabling_its_person_and_removing_the_host_end_it()
    {
        await using var story = await PassedStory.StartAsync();
        var tokens = story.Gateway.Get<IUpstreamTokens>();
        Assert.Equal("no_such_upstream", (await tokens.RemoveAsync(story.Ann.Id, "far", "ann", Cancellation)).Refusal?.Code);
        await SetAsync(story, story.Ann, "ann", "ann's far password");
        Assert.Null((await tokens.RemoveAsync(story.Ann.Id, "far", "ann", Cancellation)).Refusal);
        Assert.Null(tokens.Find(story.Ann.Id, "far"));
        var told = (await story.Gateway.Get<INotices>().ListAsync(story.Ann.Id, Cancellation)).Select(notice => notice.Text).ToList();
        Assert.Contains("Your token for the Git host far was set.", told);
        Assert.Contains("Your token for the Git host far was removed.", told);

        await SetAsync(story, story.Ann, "ann", "ann's far password");
        await SetAsync(story, story.Bob, "bob", "bob's far password");
        await story.Gateway.Get<IPeople>().DisableAsync("bob", "root", Cancellation);
        await story.Gateway.Get<IPeople>().EnableAsync("bob", "root", Cancellation);
        Assert.Null(tokens.Find(story.Bob.Id, "far"));

        // A host of the same name elsewhere does not get what was kept for this one.
        await story.AdministerAsync("workspace move ACME --upstream local");
        await story.AdministerAsync("upstream remove far");
        await story.AdministerAsync("upstream add far --kind smart-http --base https://elsewhere.example.org --credentials passed --workspace none --identity name");
        Assert.Null(tokens.Find(story.Ann.Id, "far"));
        string[] types = ["upstream_token.set", "upstream_token.removed"];
        Assert.All(types, type => Assert.Contains(story.Gateway.AuditAsync().GetAwaiter().GetResult(), record => record.Event.Type == type));
    }

    [Fact]
    public async Task Only_hosts_that_check_people_themselves_want_one()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        await Cli.CommandLineTests.RunAsync([.. "upstream add open --kind smart-http --base https://open.example.org --credentials none --workspace none --data".Split(' '), gateway.Options.Data]);
        Assert.Empty(await gateway.Get<IUpstreamTokens>().ListAsync(ann.Id, Cancellation));
        Assert.Equal("no_such_upstream", (await gateway.Get<IUpstreamTokens>().SetAsync(ann.Id, "open", "ann", "secret", Home, "ann", Cancellation)).Refusal?.Code);
    }

    private static Task<Result<UpstreamTokenSummary>> SetAsync(PassedStory story, TestPerson person, string user, string token) =>
        story.Gateway.App.Services.GetRequiredService<IUpstreamTokens>().SetAsync(person.Id, "far", user, token, Home, person.Name, Cancellation);
}
