using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Text;
using Countersign.Server.Storage.Sqlite;

namespace Countersign.Server.Transports.Ssh;

/// <summary>
/// Where the files are that sshd, and what it starts, must reach. Without root that is the gateway's own user, and they lie in
/// the data folder. A root gateway's sshd is a user that may not even enter the data folder: it gets a folder below /run, which
/// only root can write and only that user can enter.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed partial class SshPlaces
{
    public const string TemporaryPrefix = "countersign-ssh-";

    private static readonly string[] Names = ["countersign-shell", "countersign-keeper", "countersign-account.so"];

    private readonly bool temporary;

    private SshPlaces(string data, string folder, string socket, string programs, uint? user, bool temporary)
    {
        (Lock, Folder, Socket, Programs, User, this.temporary) = (Path.Combine(data, "sshd.lock"), folder, socket, programs, user, temporary);
    }

    /// <summary>A keeper holds it while it lives: the next one waits until the last one's sshd has left the port.</summary>
    public string Lock { get; }

    /// <summary>The user that sshd is made to run as; null for the gateway's own.</summary>
    public uint? User { get; }

    /// <summary>The user that connects to <see cref="Socket"/>.</summary>
    public uint PeerUser => User ?? GetUser();

    public string Socket { get; }

    public string Config => Path.Combine(Folder, "sshd_config");

    public string Shell => Path.Combine(Programs, Names[0]);

    public string Keeper => Path.Combine(Programs, Names[1]);

    public string Account => Path.Combine(Programs, Names[2]);

    /// <summary>Private keys, as sshd is told.</summary>
    public IEnumerable<string> HostKeys { get; private set; } = [];

    private string Folder { get; }

    private string Programs { get; }

    /// <summary>Where the build puts the programs of src/Countersign.Shell.</summary>
    public static string BuiltPrograms => Path.Combine(AppContext.BaseDirectory, "shell");

    public static string KeysFolder(GatewayOptions options) => Path.Combine(options.KeysFolder, "ssh");

    /// <summary>Makes the folders. Throws <see cref="SshUnavailableException"/>, and <see cref="IOException"/> and the like where the machine does not let us.</summary>
    public static SshPlaces Prepare(GatewayOptions options, SshOptions ssh, SshPrograms programs)
    {
        if (Names.FirstOrDefault(name => !File.Exists(Path.Combine(BuiltPrograms, name))) is not null)
        {
            throw new SshUnavailableException("this build has no SSH shell, for want of a C compiler; install gcc or clang and build again");
        }

        return GetUser() == 0 ? ForRoot(options, (uint)ssh.User, programs) : ForOwnUser(options);
    }

    /// <summary>Puts the host keys where sshd can read them and nobody can change them.</summary>
    public void Share(IEnumerable<string> hostKeys) =>
        HostKeys = User is null ? [.. hostKeys] : [.. hostKeys.Select(file => Give(file, Path.Combine(Folder, Path.GetFileName(file)), UnixFileMode.GroupRead))];

    public void WriteConfig(string text)
    {
        File.Delete(Config);
        using (var file = PrivateFiles.Open(Config, FileMode.CreateNew))
        {
            file.Write(Encoding.UTF8.GetBytes(text));
        }

        Hand(Config, UnixFileMode.GroupRead);
    }

    /// <summary>Lets sshd's user use what is ours: its group gets <paramref name="rights"/>, and nobody else any.</summary>
    public void Hand(string path, UnixFileMode rights)
    {
        if (User is { } user && ChangeOwner(path, 0, user) != 0)
        {
            throw new IOException($"{path} cannot be given to group {user}: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");
        }

        File.SetUnixFileMode(path, (File.GetUnixFileMode(path) & ~(UnixFileMode)0x3F) | (User is null ? UnixFileMode.None : rights));
    }

    /// <summary>Takes away what is of no use to the next start.</summary>
    public void Clear()
    {
        if (temporary && Directory.Exists(Folder))
        {
            Directory.Delete(Folder, recursive: true); // with the socket
        }
        else if (!temporary)
        {
            File.Delete(Socket);
        }
    }

    /// <summary>sshd is of the gateway's own user.</summary>
    public static SshPlaces ForOwnUser(GatewayOptions options)
    {
        var socket = Path.Combine(options.Data, "ssh.sock"); // shorter than the administration socket, which has found its path short enough
        if (IsPlain(BuiltPrograms))
        {
            var folder = Path.Combine(options.Data, "ssh");
            PrivateFiles.CreateFolder(folder);
            return new(options.Data, folder, socket, BuiltPrograms, user: null, temporary: false);
        }

        var places = LeftFolders.Renew(options.Data, () => Directory.CreateTempSubdirectory(TemporaryPrefix).FullName); // mode 0700
        var made = new SshPlaces(options.Data, places, socket, places, user: null, temporary: true);
        made.CopyPrograms();
        return made;
    }

    private static SshPlaces ForRoot(GatewayOptions options, uint user, SshPrograms programs)
    {
        if (!IsOpen(programs.Sshd))
        {
            throw new SshUnavailableException($"user {user}, which sshd runs as, cannot reach {programs.Sshd}; let others enter the folders to it");
        }

        // The data folder has one gateway at a time, and this one has none but its.
        var name = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(options.Data)))[..12];
        var folder = $"/run/countersign-{name}";
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }

        LeftFolders.Sweep("/run", "countersign-*");
        PrivateFiles.CreateFolder(folder);
        LeftFolders.Mark(folder, options.Data);
        var inPlace = IsPlain(BuiltPrograms) && IsOpen(Path.Combine(BuiltPrograms, Names[0]));
        var made = new SshPlaces(options.Data, folder, Path.Combine(folder, "ssh.sock"), inPlace ? BuiltPrograms : folder, user, temporary: true);
        made.Hand(folder, UnixFileMode.GroupExecute);
        if (!inPlace)
        {
            made.CopyPrograms();
        }

        return made;
    }

    private void CopyPrograms()
    {
        foreach (var name in Names)
        {
            Give(Path.Combine(BuiltPrograms, name), Path.Combine(Folder, name), UnixFileMode.GroupRead | UnixFileMode.GroupExecute);
        }
    }

    private string Give(string file, string to, UnixFileMode rights)
    {
        File.Copy(file, to, overwrite: true);
        Hand(to, rights);
        return to;
    }

    /// <summary>ld.so(8) takes spaces and colons for separators, env(1) an equals sign for a setting; no quoting helps.</summary>
    private static bool IsPlain(string path) => path.AsSpan().IndexOfAny(" :=\n") < 0;

    /// <summary>Others may enter each folder on the way and read the file.</summary>
    private static bool IsOpen(string path)
    {
        for (var folder = Path.GetDirectoryName(path); folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if ((File.GetUnixFileMode(folder) & UnixFileMode.OtherExecute) == 0)
            {
                return false;
            }
        }

        return (File.GetUnixFileMode(path) & UnixFileMode.OtherRead) != 0;
    }

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint GetUser();

    [LibraryImport("libc", EntryPoint = "chown", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int ChangeOwner(string path, uint user, uint group);
}
