using Countersign.Server.Storage.Sqlite;
using Microsoft.EntityFrameworkCore;

namespace Countersign.Server.Storage;

/// <summary>Makes <c>countersign.db</c> ready before anything is served: makes it for its owner alone, refuses a newer one, migrates an older one.</summary>
internal sealed class GatewayDatabase(GatewayOptions options, IDbContextFactory<GatewayDbContext> databases) : IHostedLifecycleService
{
    /// <summary>Safe to call again. Throws <see cref="NewerDatabaseException"/>.</summary>
    public async Task PrepareAsync(CancellationToken cancellation)
    {
        Directory.CreateDirectory(options.Data);
        MakePrivate(options.DatabaseFile);
        await using var database = await databases.CreateDbContextAsync(cancellation);
        var known = database.Database.GetMigrations().ToHashSet();
        var applied = (await database.Database.GetAppliedMigrationsAsync(cancellation)).ToList();
        if (!applied.All(known.Contains))
        {
            throw new NewerDatabaseException(options.DatabaseFile, applied.Count, known.Count);
        }

        if ((await database.Database.GetPendingMigrationsAsync(cancellation)).Any())
        {
            await database.Database.ExecuteSqlRawAsync("PRAGMA journal_mode=WAL", cancellation);
            await ForgetStaleLockAsync(database, cancellation);
            await database.Database.MigrateAsync(cancellation);
        }
    }

    public Task StartingAsync(CancellationToken cancellationToken) => PrepareAsync(cancellationToken);

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    // Entity Framework's migration lock is a row; a gateway killed while migrating leaves it behind and the next start would
    // wait for ever. One gateway owns a data folder, so a lock found at start belongs to nobody.
    private static async Task ForgetStaleLockAsync(GatewayDbContext database, CancellationToken cancellation)
    {
        var tables = await database.Database
            .SqlQuery<int>($"SELECT count(*) AS Value FROM sqlite_master WHERE name = '__EFMigrationsLock'")
            .SingleAsync(cancellation);
        if (tables > 0)
        {
            await database.Database.ExecuteSqlRawAsync("DELETE FROM __EFMigrationsLock", cancellation);
        }
    }

    // SQLite gives its -wal and -shm files the mode of the database file.
    private static void MakePrivate(string file)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using (new FileStream(file, new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.ReadWrite, UnixCreateMode = OwnerOnly }))
        {
        }

        File.SetUnixFileMode(file, OwnerOnly);
    }
}
