using Countersign.Core.Git;
using Countersign.Core.Identities;
using Countersign.Server.People;
using Countersign.Server.Tests.Fakes;

namespace Countersign.Server.Tests.People;

public sealed class SetupTests
{
    [Fact]
    public async Task The_link_makes_the_owner_a_workspace_and_a_sample_once()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        var setup = gateway.Get<ISetup>();
        var secret = (await setup.IssueLinkAsync(CancellationToken.None))!;
        Assert.True(setup.IsValid(secret));

        var start = (await CompleteAsync(setup, secret)).Value!;

        Assert.Equal(("owner", false, true), (start.Name, start.SecondFactorPassed, start.MustSetUpFactor));
        Assert.True(gateway.People.FindPrincipal(start.Person)!.IsAdministrator);
        Assert.True(RepositoryPath.TryParse("DEMO/hello", out var hello));
        Assert.Equal((hello, Role.Admin), (gateway.Repositories.Find(hello, start.Person).Facts!.Path, gateway.Repositories.Find(hello, start.Person).Role));
        Assert.False(setup.IsValid(secret));
        Assert.Equal("link_spent", (await CompleteAsync(setup, secret)).Refusal?.Code);
        Assert.Null(await setup.IssueLinkAsync(CancellationToken.None));
    }

    [Fact]
    public async Task Of_many_who_use_the_link_at_once_one_becomes_the_owner()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        var setup = gateway.Get<ISetup>();
        var secret = (await setup.IssueLinkAsync(CancellationToken.None))!;

        var results = await Task.WhenAll(Enumerable.Range(0, 8).Select(number => Task.Run(
            () => setup.CompleteAsync(secret, $"owner{number}", $"owner{number}@example.org", PeopleFixture.Password, CancellationToken.None))));

        Assert.Single(results, result => result.Refusal is null);
        Assert.Single(await gateway.People.ListAsync(CancellationToken.None));
    }

    [Fact]
    public async Task The_link_lives_half_an_hour_and_a_new_one_ends_the_old()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        var setup = gateway.Get<ISetup>();
        var old = (await setup.IssueLinkAsync(CancellationToken.None))!;
        var secret = (await setup.IssueLinkAsync(CancellationToken.None))!;
        Assert.Equal((false, true, false), (setup.IsValid(old), setup.IsValid(secret), setup.IsValid("")));

        gateway.Clock.Advance(TimeSpan.FromMinutes(30));

        Assert.False(setup.IsValid(secret));
        Assert.Equal("link_spent", (await CompleteAsync(setup, secret)).Refusal?.Code);
        Assert.False(await gateway.People.AnyAsync(CancellationToken.None));
    }

    [Theory]
    [InlineData("owner", "owner@example.org", "short", "bad_password")]
    [InlineData("an-owner-name", "owner@example.org", "An-Owner-Name", "bad_password")]
    [InlineData("owner", "owner@example.org", "Owner@Example.org", "bad_password")]
    [InlineData("own er", "owner@example.org", PeopleFixture.Password, "bad_name")]
    [InlineData("owner", "owner", PeopleFixture.Password, "bad_email")]
    [InlineData("owner", "Owner <owner@example.org>", PeopleFixture.Password, "bad_email")]
    public async Task A_mistyped_field_is_refused_and_leaves_the_link_as_it_was(string name, string email, string password, string code)
    {
        await using var gateway = await PeopleFixture.StartAsync();
        var setup = gateway.Get<ISetup>();
        var secret = (await setup.IssueLinkAsync(CancellationToken.None))!;

        Assert.Equal(code, (await setup.CompleteAsync(secret, name, email, password, CancellationToken.None)).Refusal?.Code);

        Assert.Null((await CompleteAsync(setup, secret)).Refusal);
    }

    private static Task<Result<SessionStart>> CompleteAsync(ISetup setup, string secret) =>
        setup.CompleteAsync(secret, "Owner", "owner@example.org", PeopleFixture.Password, CancellationToken.None);
}
