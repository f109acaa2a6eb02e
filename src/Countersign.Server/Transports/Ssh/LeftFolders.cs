using System.Text;
using Countersign.Server.Storage.Sqlite;

namespace Countersign.Server.Transports.Ssh;

/// <summary>
/// Folders outside the data folder that a killed gateway leaves behind: with copies of its host keys, and one more for each time. A gateway
/// takes away its own, and as root those of data folders that are no more; never what could be a running gateway's.
/// </summary>
[System.Runtime.Versioning.SupportedOSPlatform("linux")]
internal static class LeftFolders
{
    private const string Owner = "data-folder";
    private const string Last = "ssh-folder";
    private const int MaxPath = 4096;

    /// <summary>Makes a folder with a name of its own, and takes away the one that this data folder's last gateway made so.</summary>
    public static string Renew(string data, Func<string> make)
    {
        var note = Path.Combine(data, Last);
        if (Read(note) is { } before && Path.GetFileName(before).StartsWith(SshPlaces.TemporaryPrefix, StringComparison.Ordinal) && Directory.Exists(before))
        {
            TryDelete(before); // a data folder has one gateway at a time
        }

        var folder = make();
        Write(note, folder);
        return folder;
    }

    /// <summary>Says whose a folder is.</summary>
    public static void Mark(string folder, string data) => Write(Path.Combine(folder, Owner), data);

    /// <summary>Takes away the folders of data folders that are no more. <paramref name="parent"/> must be one where only root makes folders.</summary>
    public static void Sweep(string parent, string pattern)
    {
        foreach (var folder in Directory.EnumerateDirectories(parent, pattern))
        {
            if (new DirectoryInfo(folder).LinkTarget is null && Read(Path.Combine(folder, Owner)) is { } data && Path.IsPathFullyQualified(data) && !Directory.Exists(data))
            {
                TryDelete(folder);
            }
        }
    }

    private static string? Read(string file) =>
        new FileInfo(file) is { Exists: true, LinkTarget: null, Length: > 0 and <= MaxPath } ? File.ReadAllText(file) : null;

    private static void Write(string file, string text)
    {
        File.Delete(file);
        using var fresh = PrivateFiles.Open(file, FileMode.CreateNew);
        fresh.Write(Encoding.UTF8.GetBytes(text));
    }

    private static void TryDelete(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: true); // links are taken away, not followed
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Not ours any more, or being taken away by another start: it does not hinder this one.
        }
    }
}
