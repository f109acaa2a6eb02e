using Countersign.Server.Storage;
using Countersign.Server.Storage.Sqlite;
using Countersign.Server.Tests.Fakes;
using Microsoft.EntityFrameworkCore;

namespace Countersign.Server.Tests.People;

public sealed class GatewayDatabaseTests
{
    [Fact]
    public async Task The_database_is_durable_and_its_owners_alone()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        await gateway.AddPersonAsync("ann");
        await using var database = await gateway.Get<IDbContextFactory<GatewayDbContext>>().CreateDbContextAsync(CancellationToken.None);
        await database.Database.OpenConnectionAsync(CancellationToken.None);
        var pragmas = new Dictionary<string, string> { ["journal_mode"] = "wal", ["synchronous"] = "2", ["foreign_keys"] = "1" };
        foreach (var (name, value) in pragmas)
        {
            await using var command = database.Database.GetDbConnection().CreateCommand();
            command.CommandText = "PRAGMA " + name;
            Assert.Equal(value, Convert.ToString(await command.ExecuteScalarAsync(CancellationToken.None), System.Globalization.CultureInfo.InvariantCulture));
        }

        foreach (var file in OperatingSystem.IsWindows() ? [] : Directory.GetFiles(gateway.Folder, "countersign.db*"))
        {
            Assert.Equal("-rw-------", FileMode(file));
        }

        Assert.False(database.Database.HasPendingModelChanges());
    }

    [Fact]
    public async Task A_database_from_a_newer_version_is_refused_untouched()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        await using (var database = await gateway.Get<IDbContextFactory<GatewayDbContext>>().CreateDbContextAsync(CancellationToken.None))
        {
            await database.Database.ExecuteSqlRawAsync("INSERT INTO __EFMigrationsHistory VALUES ('29990101000000_FromTheFuture', '99.0.0')", CancellationToken.None);
        }

        var refused = await Assert.ThrowsAsync<NewerDatabaseException>(() => gateway.Get<GatewayDatabase>().PrepareAsync(CancellationToken.None));

        Assert.Contains("countersign.db", refused.Message, StringComparison.Ordinal);
    }

    private static string FileMode(string file) => !OperatingSystem.IsWindows() && File.GetUnixFileMode(file) == (UnixFileMode.UserRead | UnixFileMode.UserWrite) ? "-rw-------" : "wider";
}
