using System.Net;
using System.Text;
using Countersign.Server.People;
using Countersign.Server.Upstreams;
using Countersign.Server.Upstreams.Passed;

namespace Countersign.Server.Tests.Upstreams.Passed;

/// <summary>Being somebody else, finding out who is somebody, and using the gateway against the host behind it.</summary>
[Trait("Category", "slow")]
public sealed class PassedCredentialAttacks
{
    [Fact]
    public async Task A_public_repository_vouches_for_nobody()
    {
        await using var story = await PassedStory.StartAsync();
        story.Accounts.ReadsAreOpen = true;
        Assert.Equal(HttpStatusCode.Unauthorized, (await story.AskAsync("ann", "made up")).Status);
        Assert.Equal(HttpStatusCode.OK, (await story.AskAsync("ann", story.Accounts.SecretOf("ann"))).Status); // told by who may write
        story.Accounts.WritesAreOpen = true;
        story.Gateway.Clock.Advance(TimeSpan.FromSeconds(60));
        var shown = story.Accounts.Shown.Count;
        var (status, body) = await story.AskAsync("ann", "made up");
        Assert.Equal(HttpStatusCode.Forbidden, status);
        Assert.Contains("Tell your administrator", body, StringComparison.Ordinal);
        Assert.Equal(shown, story.Accounts.Shown.Count); // there was nothing to learn from showing it
    }

    [Fact]
    public async Task A_repository_that_is_opened_or_made_meanwhile_vouches_for_nobody()
    {
        await using var story = await PassedStory.StartAsync();
        Assert.Equal(HttpStatusCode.Unauthorized, (await story.AskAsync("bob", "made up")).Status); // closed, and remembered so
        story.Accounts.ReadsAreOpen = true;
        Assert.Equal(HttpStatusCode.Unauthorized, (await story.AskAsync("ann", "made up")).Status);
        Assert.Equal(HttpStatusCode.OK, (await story.AskAsync("ann", story.Accounts.SecretOf("ann"))).Status);
    }

    [Fact]
    public async Task A_header_that_everybody_gets_names_nobody()
    {
        await using var story = await PassedStory.StartAsync("--identity header:Server-Name");
        story.Host.Before = context =>
        {
            context.Response.Headers["Server-Name"] = "ann";
            return Task.FromResult(false);
        };
        Assert.Equal(HttpStatusCode.Forbidden, (await story.AskAsync("ann", "made up")).Status);
    }

    [Fact]
    public async Task A_public_repository_with_a_header_still_names_who_asks()
    {
        await using var story = await PassedStory.StartAsync("--identity header:X-AUSERNAME");
        (story.Accounts.ReadsAreOpen, story.Accounts.NamesThem) = (true, true);
        Assert.Equal(HttpStatusCode.Unauthorized, (await story.AskAsync("ann", "made up")).Status);
        Assert.Equal(HttpStatusCode.OK, (await story.AskAsync("ann", story.Accounts.SecretOf("ann"))).Status);
    }

    /// <summary>The documented limit of identity name, and why the other two are there.</summary>
    [Fact]
    public async Task A_host_that_ignores_names_lets_bob_be_ann_unless_it_is_asked_who_he_is()
    {
        await using var trusting = await PassedStory.StartAsync();
        trusting.Accounts.IgnoresNames = true;
        Assert.Equal(HttpStatusCode.OK, (await trusting.AskAsync("ann", trusting.Accounts.SecretOf("bob"))).Status);
        Assert.Contains("wrong where any name goes with a token", (await Cli.CommandLineTests.RunAsync(
            ["upstream", "add", "x", "--kind", "smart-http", "--base", "https://x", "--credentials", "passed", "--workspace", "none", "--data", trusting.Gateway.Options.Data])).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Disabled_unknown_and_wrong_look_the_same_and_cost_the_host_the_same()
    {
        await using var story = await PassedStory.StartAsync();
        await story.Gateway.Get<IPeople>().DisableAsync("bob", "test", TestContext.Current.CancellationToken);
        var answers = new[]
        {
            await story.AskAsync("ann", "wrong"),
            await story.AskAsync("bob", story.Accounts.SecretOf("bob")), // disabled here, good there
            await story.AskAsync("carl", story.Accounts.SecretOf("carl")), // nobody here, good there
            await story.AskAsync("nobody", "wrong"), // nobody anywhere
            await story.AskAsync("ann", "wrong2", "ACME/none"),
        };
        Assert.Single(answers.Distinct());
        Assert.Equal(HttpStatusCode.Unauthorized, answers[0].Status);
        Assert.Equal(5, story.Accounts.Shown.Count);
    }

    [Fact]
    public async Task A_person_of_the_host_who_is_no_member_finds_nothing()
    {
        await using var story = await PassedStory.StartAsync();
        await story.Gateway.AddPersonAsync("carl", Countersign.Core.Identities.Role.None);
        Assert.NotEqual(HttpStatusCode.OK, (await story.AskAsync("carl", story.Accounts.SecretOf("carl"), service: "git-receive-pack")).Status);
        Assert.NotEqual(0, (await story.Git("carl").RunAsync("ls-remote", story.UrlOf("carl", story.Accounts.SecretOf("carl")))).ExitCode);
    }

    [Fact]
    public async Task The_gateways_own_tokens_are_never_shown_to_a_host()
    {
        await using var story = await PassedStory.StartAsync();
        Assert.Equal(HttpStatusCode.Unauthorized, (await story.AskAsync("ann", story.Ann.Token)).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await story.AskAsync("ann", story.Ann.Token.ToUpperInvariant())).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await story.AskAsync(story.Ann.Token, "x")).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await story.AskRawAsync($"Bearer {story.Ann.Token}")).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await story.AskRawAsync(null)).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await story.AskAsync("ann", "")).Status);
        Assert.Empty(story.Accounts.Shown);
        Assert.DoesNotContain(story.Host.Seen, seen => seen.Header("Authorization") is not null);
    }

    [Fact]
    public async Task Guessing_through_the_gateway_stops_before_the_host_would_lock_somebody_out()
    {
        await using var story = await PassedStory.StartAsync();
        var secret = story.Accounts.SecretOf("ann");
        Assert.Equal(HttpStatusCode.OK, (await story.AskAsync("ann", secret)).Status);
        story.Gateway.Clock.Advance(TimeSpan.FromSeconds(60));
        var before = story.Accounts.Shown.Count;
        foreach (var name in new[] { "ann", "nobody" })
        {
            for (var guess = 0; guess < AttemptBounds.PerName; guess++)
            {
                Assert.Equal(HttpStatusCode.Unauthorized, (await story.AskAsync(name, $"guess {guess}")).Status);
            }

            Assert.Equal(HttpStatusCode.TooManyRequests, (await story.AskAsync(name.ToUpperInvariant(), "one more")).Status);
        }

        Assert.Equal(before + (2 * AttemptBounds.PerName), story.Accounts.Shown.Count);
        Assert.Equal(HttpStatusCode.OK, (await story.AskAsync("ann", secret)).Status); // whom the host knew is not kept out by others
        story.Gateway.Clock.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal(HttpStatusCode.Unauthorized, (await story.AskAsync("ann", "one more")).Status);
    }

    [Fact]
    public async Task One_network_does_not_try_many_names()
    {
        await using var story = await PassedStory.StartAsync();
        for (var number = 0; number < AttemptBounds.PerNetwork; number++)
        {
            Assert.Equal(HttpStatusCode.Unauthorized, (await story.AskAsync($"name{number}", "Summer2026")).Status);
        }

        Assert.Equal(HttpStatusCode.TooManyRequests, (await story.AskAsync("ann", "Summer2026")).Status);
        Assert.Equal(AttemptBounds.PerNetwork, story.Accounts.Shown.Count);
    }

    [Fact]
    public async Task A_redirect_gets_no_credential()
    {
        await using var story = await PassedStory.StartAsync();
        await using var thief = await SmartHttp.GitHost.StartAsync(Path.Combine(story.Gateway.Folder.FullName, "thief"));
        story.Host.Before = context =>
        {
            context.Response.Redirect($"{thief.Base}core.git/info/refs?service=git-upload-pack");
            return Task.FromResult(true);
        };
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await story.AskAsync("ann", story.Accounts.SecretOf("ann"))).Status);
        Assert.Empty(thief.Seen);
    }

    [Theory]
    [InlineData("ann\u0001")]
    [InlineData("ann,bob")]
    [InlineData("ann; admin")]
    [InlineData("bob\nann")]
    [InlineData("../ann")]
    [InlineData("\uff41nn")]
    [InlineData("ann@example.org")]
    [InlineData("")]
    public async Task A_name_that_is_not_plain_is_nobodys(string theirs)
    {
        await using var story = await PassedStory.StartAsync();
        var names = story.Gateway.Get<HostNames>();
        var upstream = story.Gateway.Get<UpstreamStore>().Find("far")!;
        Assert.NotNull(names.Find(upstream, " Ann\n"));
        Assert.Null(names.Find(upstream, theirs));
    }

    [Theory]
    [InlineData("Basic YW5uOg==")] // ann and nothing
    [InlineData("Basic OmFubg==")] // nobody and something
    [InlineData("Basic YW5u")] // no colon
    [InlineData("Basic YW5uOngNClgtRXZpbDogMQ==")] // a line break in the password
    [InlineData("Basic !!!!")]
    [InlineData("Bearer a b")]
    [InlineData("Bearer a\u0001")]
    [InlineData("Negotiate abc")]
    [InlineData("Basic")]
    public void What_is_no_credential_is_none(string header) => Assert.Null(PresentedCredential.Parse(header));

    [Fact]
    public void One_credential_has_one_spelling_and_keeps_its_bytes()
    {
        var latin = Convert.ToBase64String(Encoding.Latin1.GetBytes("ann:p\u00e4ss"));
        Assert.Equal($"Basic {latin}", PresentedCredential.Parse($"basic  {latin}")!.Passed.Reveal());
        Assert.Equal("Bearer abc", PresentedCredential.Parse("BEARER abc")!.Passed.Reveal());
        Assert.Null(PresentedCredential.Parse(new(["Basic YW5uOng=", "Basic Ym9iOng="])));
        Assert.Equal("[secret]", PresentedCredential.Parse("Basic YW5uOng=")!.ToString());
    }
}
