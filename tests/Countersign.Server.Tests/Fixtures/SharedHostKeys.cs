using System.Runtime.Versioning;
using Countersign.Server.Transports.Ssh;

namespace Countersign.Server.Tests.Fixtures;

/// <summary>Host keys that the product has made once for all tests of a run: an RSA key takes a second or two.</summary>
[SupportedOSPlatform("linux")]
internal static class SharedHostKeys
{
    private static readonly Lazy<string> Made = new(Make);

    public static void PutInto(string folder)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(folder)!, (UnixFileMode)0b111_000_000);
        Directory.CreateDirectory(folder, (UnixFileMode)0b111_000_000);
        foreach (var file in Directory.EnumerateFiles(Made.Value))
        {
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)), overwrite: true);
        }
    }

    private static string Make()
    {
        var folder = Directory.CreateTempSubdirectory("countersign-hostkeys-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
        var programs = SshPrograms.FindAsync(new() { Sshd = UnpackedSshd.Path }, CancellationToken.None).GetAwaiter().GetResult();
        HostKeys.EnsureAsync(folder, programs, Path.Combine(SshPlaces.BuiltPrograms, "countersign-account.so"), CancellationToken.None).GetAwaiter().GetResult();
        return folder;
    }
}
