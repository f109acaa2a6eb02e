using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

namespace Countersign.Server.Storage;

internal static class Saving
{
    /// <summary>Saves; false when somebody else took the same key first. Every other failure throws.</summary>
    public static async Task<bool> TrySaveAsync(this GatewayDbContext database)
    {
        try
        {
            await database.SaveChangesAsync(CancellationToken.None);
            return true;
        }
        catch (DbUpdateException failure) when (IsTaken(failure))
        {
            return false;
        }
    }

    public static bool IsTaken(DbUpdateException failure) =>
        failure.InnerException is SqliteException { SqliteExtendedErrorCode: SQLitePCL.raw.SQLITE_CONSTRAINT_PRIMARYKEY or SQLitePCL.raw.SQLITE_CONSTRAINT_UNIQUE };
}
