using Countersign.Core.Git;
using Countersign.Core.Identities;
using Countersign.Core.Policies;
using Countersign.Server.Audit;
using Countersign.Server.Storage;
using Countersign.Server.Upstreams;
using Microsoft.EntityFrameworkCore;

namespace Countersign.Server.People;

internal sealed class Workspaces(
    IDbContextFactory<GatewayDbContext> databases, UpstreamStore upstreams, TakenPlaces places, AuditTrail audit, INotices notices, AccessEndings endings, TimeProvider clock) : IWorkspaces
{
    public async Task<Result<WorkspaceSummary>> AddAsync(
        string key, Mode? mode, UpstreamFolder? folder, PrincipalId? firstAdmin, string actor, CancellationToken cancellation)
    {
        if (!RepositoryPath.IsWorkspaceKey(key))
        {
            return new Refusal("bad_key", "A workspace key has 1 to 64 of the characters A-Z, 0-9, '_' and '-', and starts with a letter or digit.");
        }

        var canonical = Canonical(key);
        var now = clock.GetUtcNow();
        using var held = await places.HoldAsync(cancellation);
        await using var database = await databases.CreateDbContextAsync(cancellation);
        if (await database.Workspaces.AnyAsync(row => row.Key == canonical, cancellation))
        {
            return Taken;
        }

        if (folder is not null && await WhyNotThereAsync(database, canonical, folder, cancellation) is { } refusal)
        {
            return refusal;
        }

        if (firstAdmin is { } admin && !await database.Users.AnyAsync(row => row.Id == admin.Value, cancellation))
        {
            return Refusals.NoSuchPerson;
        }

        await audit.RecordAsync(
            AuditTypes.WorkspaceAdded, actor,
            ("workspace", canonical), ("mode", mode?.ToString() ?? ""), ("first_admin", firstAdmin?.ToString() ?? ""),
            ("upstream", folder?.Upstream ?? ""), ("upstream_path", folder?.Folder ?? ""));
        database.Workspaces.Add(new() { Key = canonical, Mode = mode, UpstreamName = folder?.Upstream, UpstreamPath = folder?.Folder, CreatedAt = now });
        if (firstAdmin is { } owner)
        {
            database.Memberships.Add(new() { WorkspaceKey = canonical, PersonId = owner.Value, Role = Role.Admin, InvitedAt = now, AcceptedAt = now });
        }

        if (!await database.TrySaveAsync())
        {
            return Taken;
        }

        await upstreams.ReloadAsync(CancellationToken.None); // it may be served under a prefix of its own from now on
        return (await FindAsync(canonical, CancellationToken.None))!;
    }

    public async Task<Result<WorkspaceSummary>> RemoveAsync(string key, string actor, CancellationToken cancellation)
    {
        using var held = await places.HoldAsync(cancellation);
        await using var database = await databases.CreateDbContextAsync(cancellation);
        if (await RowAsync(database, key, cancellation) is not { } row)
        {
            return Refusals.NoSuchWorkspace;
        }

        if (await database.Repositories.CountAsync(repository => repository.WorkspaceKey == row.Key, cancellation) is var count and > 0)
        {
            return new Refusal("repositories_there_already", $"{row.Key} has {count} {(count == 1 ? "repository" : "repositories")}: remove those first (countersign repo remove KEY/REPO).");
        }

        var summary = await SummaryAsync(database, row, cancellation);
        await audit.RecordAsync(AuditTypes.WorkspaceRemoved, actor, ("workspace", row.Key), ("upstream", row.UpstreamName ?? ""), ("upstream_path", row.UpstreamPath ?? ""));
        await using var transaction = await database.Database.BeginTransactionAsync(CancellationToken.None);
        await database.Memberships.Where(member => member.WorkspaceKey == row.Key).ExecuteDeleteAsync(CancellationToken.None);
        await database.Workspaces.Where(workspace => workspace.Key == row.Key).ExecuteDeleteAsync(CancellationToken.None);
        await transaction.CommitAsync(CancellationToken.None);
        await upstreams.ReloadAsync(CancellationToken.None);
        endings.Raise(AccessEnded.ByMoving(row.Key));
        return summary;
    }

    public async Task<IReadOnlyList<WorkspaceSummary>> ListAsync(CancellationToken cancellation)
    {
        await using var database = await databases.CreateDbContextAsync(cancellation);
        var rows = await database.Workspaces.AsNoTracking().OrderBy(row => row.Key).ToListAsync(cancellation);
        var found = new List<WorkspaceSummary>();
        foreach (var row in rows)
        {
            found.Add(await SummaryAsync(database, row, cancellation));
        }

        return found;
    }

    public async Task<WorkspaceSummary?> FindAsync(string key, CancellationToken cancellation)
    {
        await using var database = await databases.CreateDbContextAsync(cancellation);
        return await RowAsync(database, key, cancellation) is { } row ? await SummaryAsync(database, row, cancellation) : null;
    }

    public async Task<Result<MemberSummary>> AddMemberAsync(string key, string name, Role role, bool accepted, string actor, CancellationToken cancellation)
    {
        await using var database = await databases.CreateDbContextAsync(cancellation);
        if (role is Role.None)
        {
            return new Refusal("bad_role", "The role of a member is read, write or admin.");
        }

        if (await RowAsync(database, key, cancellation) is not { } workspace)
        {
            return Refusals.NoSuchWorkspace;
        }

        if (await PersonAsync(database, name, cancellation) is not { } person)
        {
            return Refusals.NoSuchPerson;
        }

        if (await database.Memberships.AnyAsync(row => row.WorkspaceKey == workspace.Key && row.PersonId == person.Id, cancellation))
        {
            return new Refusal("member_already", "That person is a member or invited already.");
        }

        var now = clock.GetUtcNow();
        await audit.RecordAsync(
            AuditTypes.MemberAdded, actor,
            ("workspace", workspace.Key), ("person", person.UserName!), ("person_id", person.PrincipalId.ToString()), ("role", role.ToString()), ("accepted", accepted ? "true" : "false"));
        database.Memberships.Add(new() { WorkspaceKey = workspace.Key, PersonId = person.Id, Role = role, InvitedAt = now, AcceptedAt = accepted ? now : null });
        if (!await database.TrySaveAsync())
        {
            return new Refusal("member_already", "That person is a member or invited already.");
        }

        if (!accepted)
        {
            await notices.InviteAsync(person.PrincipalId, $"You are invited to the workspace {workspace.Key}. Its admins will see whether you use two-step verification.", CancellationToken.None);
        }

        return await MemberAsync(database, workspace.Key, person.UserName!, CancellationToken.None);
    }

    public async Task<Result<MemberSummary>> AcceptAsync(string key, PrincipalId person, CancellationToken cancellation)
    {
        var canonical = Canonical(key);
        await using var database = await databases.CreateDbContextAsync(cancellation);
        var invitation = await database.Memberships.SingleOrDefaultAsync(row => row.WorkspaceKey == canonical && row.PersonId == person.Value, cancellation);
        var invited = await database.Users.SingleOrDefaultAsync(row => row.Id == person.Value, cancellation);
        if (invitation is null || invited is null)
        {
            return new Refusal("no_invitation", "There is no such invitation.");
        }

        if (invitation.AcceptedAt is null)
        {
            await audit.RecordAsync(AuditTypes.MemberAccepted, invited.UserName!, ("workspace", canonical), ("person_id", person.ToString()));
            invitation.AcceptedAt = clock.GetUtcNow();
            await database.SaveChangesAsync(CancellationToken.None);
        }

        return await MemberAsync(database, canonical, invited.UserName!, CancellationToken.None);
    }

    public async Task<Result<MemberSummary>> RemoveMemberAsync(string key, string name, string actor, CancellationToken cancellation)
    {
        await using var database = await databases.CreateDbContextAsync(cancellation);
        var canonical = Canonical(key);
        var person = await PersonAsync(database, name, cancellation);
        var membership = person is null
            ? null
            : await database.Memberships.SingleOrDefaultAsync(row => row.WorkspaceKey == canonical && row.PersonId == person.Id, cancellation);
        if (person is null || membership is null)
        {
            return new Refusal("no_such_member", "There is no such member.");
        }

        var summary = await MemberAsync(database, canonical, person.UserName!, cancellation);
        await audit.RecordAsync(AuditTypes.MemberRemoved, actor, ("workspace", canonical), ("person", person.UserName!), ("person_id", person.PrincipalId.ToString()));
        database.Memberships.Remove(membership);
        await database.SaveChangesAsync(CancellationToken.None);
        endings.Raise(new(person.PrincipalId, null, canonical));
        return summary;
    }

    public async Task<IReadOnlyList<(WorkspaceSummary Workspace, Role Role, bool Accepted)>> OfAsync(PrincipalId person, CancellationToken cancellation)
    {
        await using var database = await databases.CreateDbContextAsync(cancellation);
        var memberships = await database.Memberships.AsNoTracking()
            .Where(row => row.PersonId == person.Value).OrderBy(row => row.WorkspaceKey).ToListAsync(cancellation);
        var found = new List<(WorkspaceSummary, Role, bool)>();
        foreach (var membership in memberships)
        {
            var workspace = await database.Workspaces.AsNoTracking().SingleAsync(row => row.Key == membership.WorkspaceKey, cancellation);
            found.Add((await SummaryAsync(database, workspace, cancellation), membership.Role, membership.AcceptedAt is not null));
        }

        return found;
    }

    private async Task<Refusal?> WhyNotThereAsync(GatewayDbContext database, string key, UpstreamFolder folder, CancellationToken cancellation) =>
        upstreams.Find(folder.Upstream) is { } upstream
            ? await places.WhyNotAsync(database, [new(key, upstream, folder.Folder)], cancellation)
            : new("no_such_upstream", "There is no such Git host.");

    private static readonly Refusal Taken = new("workspace_taken", "That workspace exists already.");

    private static string Canonical(string key) => key.ToUpperInvariant();

    private static Task<WorkspaceRow?> RowAsync(GatewayDbContext database, string key, CancellationToken cancellation)
    {
        var canonical = Canonical(key);
        return database.Workspaces.AsNoTracking().SingleOrDefaultAsync(row => row.Key == canonical, cancellation);
    }

    private static Task<Person?> PersonAsync(GatewayDbContext database, string name, CancellationToken cancellation) =>
        PersonName.TryParse(name, out var canonical)
            ? database.Users.AsNoTracking().SingleOrDefaultAsync(row => row.NormalizedUserName == canonical, cancellation)
            : Task.FromResult<Person?>(null);

    private static async Task<MemberSummary> MemberAsync(GatewayDbContext database, string key, string name, CancellationToken cancellation) =>
        (await MembersAsync(database, key, cancellation)).Single(member => member.Name == name);

    private static async Task<WorkspaceSummary> SummaryAsync(GatewayDbContext database, WorkspaceRow row, CancellationToken cancellation) =>
        new(row.Key, row.Mode, await MembersAsync(database, row.Key, cancellation))
        {
            Folder = row.UpstreamName is { } upstream ? new(upstream, row.UpstreamPath ?? "") : null,
        };

    // Somebody who was only invited has not agreed to show whether a second factor is on.
    private static async Task<IReadOnlyList<MemberSummary>> MembersAsync(GatewayDbContext database, string key, CancellationToken cancellation)
    {
        var rows = await (
            from membership in database.Memberships
            join person in database.Users on membership.PersonId equals person.Id
            where membership.WorkspaceKey == key
            orderby person.UserName
            select new
            {
                person.UserName,
                membership.Role,
                Accepted = membership.AcceptedAt != null,
                HasFactor = database.PasskeyFacts.Any(row => row.PersonId == person.Id)
                    || database.TotpAuthenticators.Any(row => row.PersonId == person.Id && row.ConfirmedAt != null),
            }).ToListAsync(cancellation);
        return [.. rows.Select(row => new MemberSummary(row.UserName!, row.Role, row.Accepted, row.Accepted ? row.HasFactor : null))];
    }
}
