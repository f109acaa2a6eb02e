namespace Countersign.Bench.Ssh;

/// <summary>sshd where every user may reach it: installed, or a copy of what bench/run unpacked. A root gateway's sshd runs as another user.</summary>
internal static class UnpackedSshd
{
    private const UnixFileMode ForAll = (UnixFileMode)0b111_101_101;

    public static string In(string folder)
    {
        var unpacked = Environment.GetEnvironmentVariable("BENCH_SSHD");
        if (unpacked is null)
        {
            return "/usr/sbin/sshd";
        }

        var root = unpacked[..^"/usr/sbin/sshd".Length];
        Put(unpacked);
        foreach (var library in Directory.EnumerateFiles(Path.Combine(root, "usr/lib"), "libwrap.so*", SearchOption.AllDirectories))
        {
            Put(library);
        }

        return Path.Combine(folder, "usr/sbin/sshd");

        void Put(string file)
        {
            var to = Path.Combine(folder, Path.GetRelativePath(root, file));
            Directory.CreateDirectory(Path.GetDirectoryName(to)!);
            File.Copy(file, to);
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(to, ForAll);
            }
        }
    }
}
