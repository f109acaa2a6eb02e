using System.Security.Cryptography;
using Countersign.Server.Storage.Sqlite;

namespace Countersign.Server.Transports.Ssh;

/// <summary>
/// The keys by which clients know this gateway again. Made once and then left alone: a changed host key makes every client
/// refuse with a warning of an attack. Three kinds, for old and new clients.
/// </summary>
internal static class HostKeys
{
    private static readonly (string Name, string Type, string[] Options)[] Kinds =
    [
        ("ed25519", "ED25519", ["-t", "ed25519"]),
        ("ecdsa", "ECDSA", ["-t", "ecdsa", "-b", "256"]),
        ("rsa", "RSA", ["-t", "rsa", "-b", "3072"]),
    ];

    /// <summary>The private keys' files in the order in which they are offered.</summary>
    public static IEnumerable<string> FilesIn(string folder) => Kinds.Select(kind => Path.Combine(folder, $"host_{kind.Name}"));

    /// <summary>Makes what is missing. Throws <see cref="SshUnavailableException"/>.</summary>
    /// <param name="folder">Made when it is not there.</param>
    /// <param name="programs">With ssh-keygen, which does nothing for a user without an account.</param>
    /// <param name="account">The library that gives it one.</param>
    /// <param name="cancellation">Ends the making.</param>
    public static async Task EnsureAsync(string folder, SshPrograms programs, string account, CancellationToken cancellation)
    {
        PrivateFiles.CreateFolder(folder);
        foreach (var ((_, _, options), file) in Kinds.Zip(FilesIn(folder)))
        {
            if (!File.Exists(file))
            {
                await MakeAsync(file, options, programs, account, cancellation);
            }
            else if (Exposure(file) is { } exposure)
            {
                throw new SshUnavailableException(exposure);
            }
        }
    }

    /// <summary>What is wrong when somebody else may read a private key, and what to do; null when nobody may.</summary>
    public static string? Exposure(string file) =>
        !OperatingSystem.IsWindows() && (File.GetUnixFileMode(file) & ~(UnixFileMode.UserRead | UnixFileMode.UserWrite)) != 0
            ? $"others may read the host key {file}; if nobody has, chmod 600 it, else delete it and tell people of the new one"
            : null;

    /// <summary>The fingerprints of the keys that are there, from their public halves.</summary>
    public static IReadOnlyList<HostKey> Read(string folder) =>
        [.. from kind in Kinds.Zip(FilesIn(folder))
            let file = kind.Second + ".pub"
            where File.Exists(file)
            select new HostKey(kind.First.Type, Fingerprint(File.ReadAllText(file)))];

    /// <summary>The private half appears last and whole: where it is, its other half is, too.</summary>
    private static async Task MakeAsync(string file, string[] options, SshPrograms programs, string account, CancellationToken cancellation)
    {
        var fresh = file + ".new";
        File.Delete(fresh);
        File.Delete(fresh + ".pub");
        var (exit, said) = await SshPrograms.RunAsync(programs, programs.KeyGen, ["-q", .. options, "-N", "", "-C", "countersign", "-f", fresh], cancellation, account);
        if (exit != 0)
        {
            throw new SshUnavailableException($"ssh-keygen makes no host key: {said.ReplaceLineEndings(" ").Trim()}");
        }

        File.Move(fresh + ".pub", file + ".pub", overwrite: true);
        File.Move(fresh, file);
        PrivateFiles.FlushFolder(Path.GetDirectoryName(file)!);
    }

    private static string Fingerprint(string line) =>
        line.Split(' ') is [_, var base64, ..] ? $"SHA256:{Convert.ToBase64String(SHA256.HashData(Convert.FromBase64String(base64))).TrimEnd('=')}" : "unreadable";
}
