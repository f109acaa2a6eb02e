namespace Countersign.Server.Storage.Sqlite;

/// <summary>Where the ledger is.</summary>
/// <param name="Path">Absolute.</param>
internal sealed record LedgerFile(string Path)
{
    /// <summary>The most pages (of 4 KiB) that the file may have; null for no bound but the disk. For trying out a full disk.</summary>
    public int? MaxPages { get; set; }

    /// <summary>Makes the folder (mode 0700) and an empty file (mode 0600; SQLite gives its companions the same) where they are missing.</summary>
    public void EnsureExists()
    {
        PrivateFiles.CreateFolder(System.IO.Path.GetDirectoryName(Path)!);
        if (!File.Exists(Path))
        {
            using var created = PrivateFiles.Open(Path, FileMode.OpenOrCreate);
        }
    }
}
