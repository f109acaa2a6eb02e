namespace Countersign.Server.Storage.Sqlite;

/// <summary>Nothing could be recorded, so nothing may happen.</summary>
internal sealed class LedgerUnavailableException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>The file was written by a version that knows more than this one.</summary>
internal sealed class NewerDatabaseException(string file, long found, long known)
    : Exception($"{file} was written by a newer version of Countersign (schema {found}; this one knows {known}): run that version, or restore a backup.")
{
    public string File { get; } = file;

    public long Found { get; } = found;

    public long Known { get; } = known;
}

/// <summary>The audit log's head is not what this gateway's key has sealed: the keys were lost, or the file was edited.</summary>
internal sealed class BrokenSealException(string file)
    : Exception($"The audit log in {file} does not end as it was sealed with the keys of this data folder: restore the keys, or run `audit verify`.");
