using Countersign.Core.Git;
using Countersign.Core.Identities;
using Countersign.Core.Policies;
using Countersign.Server.People;
using Countersign.Server.Storage;
using Countersign.Server.Tests.Fakes;
using Microsoft.EntityFrameworkCore;

namespace Countersign.Server.Tests.Storage;

public sealed class RememberedTests
{
    private readonly DatabaseVersion version = new();
    private int asked;

    [Fact]
    public void An_answer_is_asked_for_once_until_something_changes()
    {
        var answers = new Remembered<string, string>(version, key => $"{key} {++asked}");

        Assert.Equal("a 1", answers.Find("a"));
        Assert.Equal("a 1", answers.Find("a"));
        Change();
        Assert.Equal("a 2", answers.Find("a"));
    }

    [Fact]
    public void What_changes_while_it_is_read_is_read_again()
    {
        var answers = new Remembered<string, string>(version, key =>
        {
            if (++asked == 1)
            {
                Change(); // between reading the file and keeping the answer
            }

            return $"{key} {asked}";
        });

        Assert.Equal("a 1", answers.Find("a"));
        Assert.Equal("a 2", answers.Find("a"));
        Assert.Equal("a 2", answers.Find("a"));
    }

    [Fact]
    public void Guesses_fill_no_memory_and_what_appears_is_seen_at_once()
    {
        string? there = null;
        var answers = new Remembered<int, string>(version, _ =>
        {
            asked++;
            return there;
        });
        for (var guess = 0; guess < 100; guess++)
        {
            Assert.Null(answers.Find(guess));
            Assert.Null(answers.Find(guess));
        }

        Assert.Equal(200, asked);
        there = "now";
        Assert.Equal("now", answers.Find(7));
    }

    [Fact]
    public async Task Every_way_of_changing_the_database_is_noticed()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        await gateway.AddPersonAsync("ann");
        var seen = gateway.Get<DatabaseVersion>();
        await using var database = await gateway.Get<IDbContextFactory<GatewayDbContext>>().CreateDbContextAsync(CancellationToken.None);

        async Task ChangesAsync(Func<Task> change)
        {
            var before = seen.Current;
            await change();
            Assert.True(seen.Current > before);
        }

        var ann = await database.Users.SingleAsync(CancellationToken.None);
        await ChangesAsync(() =>
        {
            ann.Email = "ann@example.com";
            return database.SaveChangesAsync(CancellationToken.None);
        });
        await ChangesAsync(() => database.Users.ExecuteUpdateAsync(set => set.SetProperty(row => row.Email, "a@example.org"), CancellationToken.None));
        await ChangesAsync(() => database.Database.ExecuteSqlAsync($"UPDATE AspNetUsers SET Email = 'b@example.org'", CancellationToken.None));
        await ChangesAsync(() => database.Sessions.ExecuteDeleteAsync(CancellationToken.None));
        await ChangesAsync(async () =>
        {
            await using var transaction = await database.Database.BeginTransactionAsync(CancellationToken.None);
            await database.Database.ExecuteSqlAsync($"UPDATE AspNetUsers SET Email = 'c@example.org'", CancellationToken.None);
            var inside = seen.Current;
            await transaction.CommitAsync(CancellationToken.None);
            Assert.True(seen.Current > inside, "what was read before the commit must be read again after it");
        });
    }

    [Fact]
    public async Task What_is_taken_away_is_gone_at_the_next_question()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        var ann = (await gateway.AddPersonAsync("ann")).Id;
        var (people, tokens, workspaces) = (gateway.Get<IPeople>(), gateway.Get<IAccessTokens>(), gateway.Get<IWorkspaces>());
        var (token, secret) = (await tokens.AddAsync(ann, "laptop", 90, "test", CancellationToken.None)).Value;
        await workspaces.AddAsync("ACME", null, null, "test", CancellationToken.None);
        await workspaces.AddMemberAsync("ACME", "ann", Role.Write, true, "test", CancellationToken.None);
        _ = RepositoryPath.TryParse("ACME/core", out var core);
        await gateway.Get<IRepositories>().AddAsync(core!, RepositoryKind.Repository, false, null, "test", CancellationToken.None);
        Assert.NotNull(tokens.Authenticate("ann", secret, ClientAddress.Unknown));
        Assert.True(tokens.IsLive(ann, token.Id));
        Assert.Equal(Role.Write, gateway.Get<IRepositories>().Find(core!, ann).Role);

        await workspaces.RemoveMemberAsync("ACME", "ann", "test", CancellationToken.None);
        Assert.Equal(Role.None, gateway.Get<IRepositories>().Find(core!, ann).Role);

        await people.DisableAsync("ann", "test", CancellationToken.None);
        Assert.Null(people.FindPrincipal(ann));
        Assert.Null(tokens.Authenticate("ann", secret, ClientAddress.Unknown));
        Assert.False(tokens.IsLive(ann, token.Id));

        await people.EnableAsync("ann", "test", CancellationToken.None);
        Assert.NotNull(people.FindPrincipal(ann));
    }

    private void Change() => version.SavedChanges(null!, 0);
}
