using Countersign.Core.Git;
using Countersign.Core.Identities;
using Countersign.Core.Policies;
using Countersign.Server.Storage.Sqlite;
using Countersign.Server.Tests.Fakes;

namespace Countersign.Server.Tests.People;

public sealed class WorkspacesTests
{
    private static readonly RepositoryPath Core = RepositoryPath.TryParse("ACME/core", out var path) ? path : throw new InvalidOperationException();

    [Fact]
    public async Task An_invitation_gives_no_access_until_it_is_accepted_and_shows_no_second_factor()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        var ann = await gateway.AddPersonAsync("ann");
        await gateway.AddTotpAsync(ann);
        await gateway.Workspaces.AddAsync("acme", Mode.Report, null, "root", CancellationToken.None);
        Assert.Null((await gateway.Repositories.AddAsync(Core, RepositoryKind.Repository, false, null, "root", CancellationToken.None)).Refusal);

        var invited = (await gateway.Workspaces.AddMemberAsync("ACME", "Ann", Role.Write, false, "root", CancellationToken.None)).Value!;
        Assert.Equal((false, null), (invited.Accepted, invited.HasSecondFactor));
        Assert.Equal((Mode.Report, Role.None), (gateway.Repositories.Find(Core, ann.Id).Facts!.WorkspaceMode, gateway.Repositories.Find(Core, ann.Id).Role));
        Assert.Empty(await gateway.Repositories.VisibleToAsync(ann.Id, CancellationToken.None));

        var accepted = (await gateway.Workspaces.AcceptAsync("ACME", ann.Id, CancellationToken.None)).Value!;
        Assert.Equal((true, true), (accepted.Accepted, accepted.HasSecondFactor));
        Assert.Equal(Role.Write, gateway.Repositories.Find(Core, ann.Id).Role);
        Assert.Equal(Role.Write, Assert.Single(await gateway.Repositories.VisibleToAsync(ann.Id, CancellationToken.None)).Role);

        Assert.Null((await gateway.Workspaces.RemoveMemberAsync("acme", "ann", "root", CancellationToken.None)).Refusal);
        Assert.Equal(Role.None, gateway.Repositories.Find(Core, ann.Id).Role);
    }

    [Fact]
    public async Task Nobody_accepts_an_invitation_of_somebody_else()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        await gateway.AddPersonAsync("ann");
        var eve = await gateway.AddPersonAsync("eve");
        await gateway.Workspaces.AddAsync("ACME", null, null, "root", CancellationToken.None);
        await gateway.Workspaces.AddMemberAsync("ACME", "ann", Role.Read, false, "root", CancellationToken.None);

        Assert.Equal("no_invitation", (await gateway.Workspaces.AcceptAsync("ACME", eve.Id, CancellationToken.None)).Refusal?.Code);
        Assert.Empty(await gateway.Workspaces.OfAsync(eve.Id, CancellationToken.None));
    }

    [Fact]
    public async Task What_cannot_be_recorded_does_not_happen()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        var ann = await gateway.AddPersonAsync("ann", PeopleFixture.Password);
        await gateway.Workspaces.AddAsync("ACME", null, null, "root", CancellationToken.None);
        await gateway.Get<Ledger>().DisposeAsync();

        await Assert.ThrowsAsync<LedgerUnavailableException>(() => gateway.AddPersonAsync("bob"));
        await Assert.ThrowsAsync<LedgerUnavailableException>(() => gateway.Tokens.AddAsync(ann.Id, "laptop", 1, "ann", CancellationToken.None));
        await Assert.ThrowsAsync<LedgerUnavailableException>(() => gateway.Workspaces.AddMemberAsync("ACME", "ann", Role.Admin, true, "root", CancellationToken.None));
        await Assert.ThrowsAsync<LedgerUnavailableException>(() => gateway.Repositories.AddAsync(Core, RepositoryKind.Repository, true, null, "root", CancellationToken.None));
        await Assert.ThrowsAsync<LedgerUnavailableException>(() => gateway.SignIn.PasswordAsync("ann", PeopleFixture.Password, null, PeopleFixture.Home, CancellationToken.None));

        Assert.Empty(await gateway.Tokens.ListAsync(ann.Id, CancellationToken.None));
        Assert.Empty(await gateway.Workspaces.OfAsync(ann.Id, CancellationToken.None));
        Assert.Empty(await gateway.Repositories.ListAsync(CancellationToken.None));
    }

    [Fact]
    public async Task Names_are_taken_once_in_every_spelling()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        await gateway.AddPersonAsync("ann");
        Assert.Equal("name_taken", (await gateway.People.AddAsync("ANN", "other@example.org", null, false, "root", CancellationToken.None)).Refusal?.Code);
        Assert.Equal("email_taken", (await gateway.People.AddAsync("ann2", "ANN@example.org", null, false, "root", CancellationToken.None)).Refusal?.Code);
        await gateway.Workspaces.AddAsync("ACME", null, null, "root", CancellationToken.None);
        Assert.Equal("workspace_taken", (await gateway.Workspaces.AddAsync("acme", null, null, "root", CancellationToken.None)).Refusal?.Code);
        await gateway.Repositories.AddAsync(Core, RepositoryKind.Repository, false, null, "root", CancellationToken.None);
        Assert.Equal("repository_taken", (await gateway.Repositories.AddAsync(Core, RepositoryKind.Wiki, true, null, "root", CancellationToken.None)).Refusal?.Code);
    }

    [Fact]
    public async Task A_repository_whose_files_cannot_be_made_is_not_registered()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        await gateway.Workspaces.AddAsync("ACME", null, null, "root", CancellationToken.None);

        var refused = await gateway.Repositories.AddAsync(Core, RepositoryKind.Repository, false, "/nowhere", "root", CancellationToken.None);

        Assert.Equal("files_failed", refused.Refusal?.Code);
        Assert.Empty(await gateway.Repositories.ListAsync(CancellationToken.None));
    }

    [Fact]
    public async Task A_public_repository_is_seen_by_all_and_an_unknown_one_by_none()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        var ann = await gateway.AddPersonAsync("ann");
        await gateway.Workspaces.AddAsync("ACME", null, null, "root", CancellationToken.None);
        Assert.Null(gateway.Repositories.Find(Core, ann.Id).Facts);
        await gateway.Repositories.AddAsync(Core, RepositoryKind.Wiki, true, null, "root", CancellationToken.None);

        var (facts, role) = gateway.Repositories.Find(Core, ann.Id);
        Assert.Equal((true, RepositoryKind.Wiki, Role.None), (facts!.IsPublic, facts.Kind, role));
        Assert.Single(await gateway.Repositories.VisibleToAsync(ann.Id, CancellationToken.None));
    }
}
