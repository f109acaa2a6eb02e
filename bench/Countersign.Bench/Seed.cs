using System.Net;
using Countersign.Core.Git;
using Countersign.Core.Identities;
using Countersign.Core.Policies;
using Countersign.Server;
using Countersign.Server.People;
using Countersign.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace Countersign.Bench;

/// <summary>
/// Fills a data folder: people with an authenticator app and an access token each, all members of one workspace with one
/// repository. Rows are written in bulk, because hashing so many passwords would take an hour.
/// </summary>
internal static class Seed
{
    private const int Batch = 2_000;

    public static async Task RunAsync(string data, int people)
    {
        var options = new GatewayOptions { Data = data, Http = new(IPAddress.Loopback, 0), Url = new("http://localhost:1") };
        using var folder = DataFolder.Open(options);
        await using var app = Gateway.Build(options, new ConfigurationBuilder().Build());
        await app.StartAsync();
        await app.Services.GetRequiredService<IWorkspaces>().AddAsync(Names.Workspace, null, null, "bench", default);
        _ = RepositoryPath.TryParse(Names.Repository, out var path);
        await app.Services.GetRequiredService<IRepositories>().AddAsync(path!, RepositoryKind.Repository, false, null, "bench", default);
        var databases = app.Services.GetRequiredService<IDbContextFactory<GatewayDbContext>>();
        for (var first = 0; first < people; first += Batch)
        {
            await using var database = await databases.CreateDbContextAsync();
            database.ChangeTracker.AutoDetectChangesEnabled = false;
            for (var number = first; number < Math.Min(first + Batch, people); number++)
            {
                Add(database, number, app.Services.GetRequiredService<TimeProvider>().GetUtcNow());
            }

            await database.SaveChangesAsync();
        }

        await app.StopAsync();
    }

    private static void Add(GatewayDbContext database, int number, DateTimeOffset now)
    {
        var (name, id) = (Names.Person(number), Guid.NewGuid());
        database.Add(new Person
        {
            Id = id, UserName = name, NormalizedUserName = name, Email = $"{name}@example.org",
            NormalizedEmail = $"{name}@example.org", CreatedAt = now,
        });
        database.Add(new TotpRow { Id = Guid.NewGuid(), PersonId = id, Name = "app", SealedSecret = [1], CreatedAt = now, ConfirmedAt = now });
        database.Add(new AccessTokenRow
        {
            Id = Guid.NewGuid(), OwnerId = id, Label = "laptop", Hash = StoredSecret.Hash(Names.Token(number)), CreatedAt = now, ExpiresAt = now.AddDays(1),
        });
        database.Add(new MembershipRow { WorkspaceKey = Names.Workspace, PersonId = id, Role = Role.Write, InvitedAt = now, AcceptedAt = now });
    }
}
