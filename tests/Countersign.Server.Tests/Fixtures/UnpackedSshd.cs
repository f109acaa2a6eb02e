
namespace Countersign.Server.Tests.Fixtures;

/// <summary>
/// Debian's sshd as <c>./test</c> unpacks it, in a folder that every user may enter: tests that run as root have it run as
/// another. Nothing is installed, no service is started.
/// </summary>
internal static class UnpackedSshd
{
    private static readonly Lazy<string> Copy = new(Make);

    /// <summary>sshd itself.</summary>
    public static string Path => Copy.Value;

    private static string Make()
    {
        var unpacked = System.IO.Path.Combine(Checkout.Root, ".peers", "root");
        var sshd = System.IO.Path.Combine(unpacked, "usr", "sbin", "sshd");
        Assert.True(File.Exists(sshd), $"{sshd} is not there: ./test unpacks it, or tools/unpack openssh-server libwrap0");
        var root = Directory.CreateTempSubdirectory("countersign-sshd-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(root, recursive: true);
        Open(root);
        Put(sshd, "usr/sbin");
        var libraries = Directory.EnumerateDirectories(System.IO.Path.Combine(unpacked, "usr", "lib"), "*-linux-gnu").Single();
        foreach (var library in Directory.EnumerateFiles(libraries, "libwrap.so*"))
        {
            Put(library, $"usr/lib/{System.IO.Path.GetFileName(libraries)}");
        }

        foreach (var program in Directory.Exists($"{unpacked}/usr/lib/openssh") ? Directory.EnumerateFiles($"{unpacked}/usr/lib/openssh", "sshd-*") : [])
        {
            Put(program, "usr/lib/openssh"); // 9.8 and later
        }

        return System.IO.Path.Combine(root, "usr", "sbin", "sshd");

        void Put(string file, string folder)
        {
            var into = root;
            foreach (var part in folder.Split('/'))
            {
                into = System.IO.Path.Combine(into, part);
                Directory.CreateDirectory(into);
                Open(into);
            }

            File.Copy(file, System.IO.Path.Combine(into, System.IO.Path.GetFileName(file)));
            Open(System.IO.Path.Combine(into, System.IO.Path.GetFileName(file)));
        }
    }

    private static void Open(string path)
    {
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, (UnixFileMode)0b111_101_101);
        }
    }
}
