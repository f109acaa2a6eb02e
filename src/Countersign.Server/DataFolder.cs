namespace Countersign.Server;

/// <summary>The data folder, for its owner alone.</summary>
internal static class DataFolder
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Makes what is missing, empties the spool, and finds out now whether anything can be written. Throws <see cref="StartupException"/>.</summary>
    public static void Prepare(GatewayOptions options)
    {
        try
        {
            foreach (var folder in new[] { options.Data, options.KeysFolder, options.RepositoriesFolder, options.SpoolFolder })
            {
                Directory.CreateDirectory(folder, OwnerOnly);
            }

            foreach (var left in new DirectoryInfo(options.SpoolFolder).EnumerateFileSystemInfos())
            {
                if (left is DirectoryInfo folder)
                {
                    folder.Delete(recursive: true);
                }
                else
                {
                    left.Delete();
                }
            }

            var probe = Path.Combine(options.SpoolFolder, "probe");
            File.WriteAllText(probe, "probe");
            File.Delete(probe);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new StartupException($"the data folder {options.Data} cannot be written: {exception.Message} Free some space or correct its permissions, or choose another with --data.");
        }
    }
}
