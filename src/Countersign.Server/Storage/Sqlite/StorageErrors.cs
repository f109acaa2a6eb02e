using Microsoft.Data.Sqlite;
using static SQLitePCL.raw;

namespace Countersign.Server.Storage.Sqlite;

/// <summary>Tells trouble with the file, which hits everybody, from a statement that was wrong by itself.</summary>
internal static class StorageErrors
{
    public static bool Is(Exception exception) => exception switch
    {
        LedgerUnavailableException or BrokenSealException => true,
        SqliteException sqlite => sqlite.SqliteErrorCode
            is SQLITE_FULL or SQLITE_IOERR or SQLITE_READONLY or SQLITE_CANTOPEN or SQLITE_CORRUPT or SQLITE_NOTADB or SQLITE_NOMEM
            or SQLITE_BUSY or SQLITE_LOCKED or SQLITE_PROTOCOL or SQLITE_INTERRUPT or SQLITE_PERM or SQLITE_NOLFS or SQLITE_SCHEMA,
        _ => false,
    };
}
