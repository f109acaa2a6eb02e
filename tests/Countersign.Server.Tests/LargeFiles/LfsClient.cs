using System.Security.Cryptography;
using Countersign.Server.Tests.Fixtures;

namespace Countersign.Server.Tests.LargeFiles;

/// <summary>The real git with the real git-lfs, as <c>git lfs install</c> sets it up.</summary>
internal static class LfsClient
{
    private static readonly Dictionary<string, string> Filter = Configuration(
        ("filter.lfs.clean", "git-lfs clean -- %f"),
        ("filter.lfs.smudge", "git-lfs smudge -- %f"),
        ("filter.lfs.process", "git-lfs filter-process"),
        ("filter.lfs.required", "true"),
        ("lfs.locksverify", "true"),
        ("safe.directory", "*"));

    /// <summary>For a client with an environment of its own.</summary>
    public static IReadOnlyDictionary<string, string> Environment => Filter;

    public static GitClient In(string folder, int protocol = 2) => new(folder, protocol, Filter);

    /// <summary>A work tree of ACME/core, from the repository's files, in which *.bin are large files; its remote is the person's gateway.</summary>
    public static async Task<GitClient> WorkTreeAsync(GatewayFixture gateway, TestPerson person, string name = "tree")
    {
        var folder = Path.Combine(gateway.Folder.FullName, "work", name);
        return await WorkTreeAsync(Path.Combine(gateway.Options.RepositoriesFolder, "ACME", "core.git"), folder, person.UrlOf("ACME/core"));
    }

    /// <summary>A work tree of the bare repository, whose remote is <paramref name="url"/>.</summary>
    public static async Task<GitClient> WorkTreeAsync(string bare, string folder, string url)
    {
        var environment = new Dictionary<string, string>(Filter) { ["GIT_LFS_SKIP_SMUDGE"] = "1" };
        await new GitClient(Path.GetDirectoryName(folder)!, 2, environment).SucceedAsync("clone", "-q", bare, folder);
        var git = In(folder);
        await git.SucceedAsync("remote", "set-url", "origin", url);
        await git.SucceedAsync("lfs", "install", "--local");
        if (!File.Exists(Path.Combine(folder, ".gitattributes")))
        {
            await git.SucceedAsync("lfs", "track", "*.bin", "--lockable");
        }

        return git;
    }

    /// <summary>Commits random content; returns its name.</summary>
    public static async Task<(string Oid, byte[] Content)> CommitAsync(GitClient git, string file, int size = 100_000)
    {
        var content = RandomNumberGenerator.GetBytes(size);
        await File.WriteAllBytesAsync(Path.Combine(git.Folder, file), content, TestContext.Current.CancellationToken);
        await git.SucceedAsync("add", "-A");
        await git.SucceedAsync("commit", "-q", "-m", $"Add {file}");
        return (Convert.ToHexStringLower(SHA256.HashData(content)), content);
    }

    public static string StoredAt(GatewayFixture gateway, string oid, string repository = "core") =>
        Path.Combine(gateway.Options.LfsFolder, "ACME", repository, oid[..2], oid[2..4], oid);

    private static Dictionary<string, string> Configuration(params (string Key, string Value)[] settings)
    {
        var environment = new Dictionary<string, string> { ["GIT_CONFIG_COUNT"] = $"{settings.Length}" };
        foreach (var (index, (key, value)) in settings.Index())
        {
            (environment[$"GIT_CONFIG_KEY_{index}"], environment[$"GIT_CONFIG_VALUE_{index}"]) = (key, value);
        }

        return environment;
    }
}
