using System.Text;
using Countersign.Core.Git;
using Countersign.Server.Enforcement;
using Countersign.Server.People;

namespace Countersign.Server.Upstreams.LocalRepositories;

/// <summary>
/// The bare repositories under <see cref="GatewayOptions.RepositoriesFolder"/>, as <c>KEY/name.git</c>. A repository comes
/// into being in a folder beside and is moved to its place whole, so that a half-made one is never served.
/// </summary>
internal sealed class LocalRepositoryStore(GatewayOptions options, GitRunner git, LfsLocks locks, TimeProvider clock) : IRepositoryFiles
{
    private const string Removed = ".removed";

    public bool Exists(RepositoryPath repository) => File.Exists(Path.Combine(FolderOf(repository), "HEAD"));

    /// <summary>The repository's folder, absolute.</summary>
    /// <exception cref="UpstreamUnavailableException">It is not there.</exception>
    public string Locate(RepositoryPath repository) => Exists(repository)
        ? FolderOf(repository)
        : throw new UpstreamUnavailableException($"The files of {repository} are not on this server.");

    public Task CreateAsync(RepositoryPath path, CancellationToken cancellation) => CreateAsync(path, ObjectFormat.Sha1, cancellation);

    /// <summary>Makes an empty repository whose first branch will be <c>main</c>.</summary>
    /// <exception cref="UpstreamUnavailableException">It exists, or the disk did not take it; the message says which.</exception>
    public Task CreateAsync(RepositoryPath repository, ObjectFormat format, CancellationToken cancellation) =>
        PlaceAsync(repository, folder => InitAsync(folder, format, cancellation));

    /// <summary>
    /// Copies branches and tags of a repository on this machine, a working clone or a bare one. Only objects and refs
    /// come along: no hooks, no settings, nothing shared with the source, and nothing of the source runs.
    /// </summary>
    /// <exception cref="UpstreamUnavailableException">It exists already, or the source is not a repository.</exception>
    public Task ImportAsync(RepositoryPath path, string source, CancellationToken cancellation) =>
        PlaceAsync(path, async folder =>
        {
            // The far end reads the source's own settings, so it gets the same limits as everything we run.
            const string Reader = "env GIT_ALLOW_PROTOCOL=none GIT_NO_LAZY_FETCH=1 git -c core.hooksPath=/dev/null -c core.alternateRefsCommand=true -c 'safe.directory=*' upload-pack";
            var command = git.Command(
                null, "-c", "protocol.file.allow=always", "clone", "--quiet", "--bare", "--no-local", "--no-hardlinks", "--template=", $"--upload-pack={Reader}", "--", Path.GetFullPath(source), folder);
            command.Environment["GIT_ALLOW_PROTOCOL"] = "file";
            var clone = await git.RunAsync(command, null, cancellation);
            Require(clone, "The repository cannot be imported");
            Require(await git.RunAsync(git.Command(folder, $"--git-dir={folder}", "config", "--remove-section", "remote.origin"), null, cancellation), "The repository cannot be imported");
        });

    /// <summary>Makes a repository with one commit, to try things on.</summary>
    /// <exception cref="UpstreamUnavailableException">It exists, or the disk did not take it.</exception>
    public Task CreateSampleAsync(RepositoryPath path, CancellationToken cancellation) =>
        PlaceAsync(path, async folder =>
        {
            await InitAsync(folder, ObjectFormat.Sha1, cancellation);
            var blob = await WriteAsync(folder, SampleText(path), cancellation, "hash-object", "-w", "--stdin");
            var tree = await WriteAsync(folder, $"100644 blob {blob}\tREADME.md\n", cancellation, "mktree");
            var commit = await WriteAsync(folder, "Say hello\n", cancellation, "commit-tree", tree);
            await WriteAsync(folder, "", cancellation, "update-ref", "refs/heads/main", commit);
        });

    // A name that no workspace can have, on the same file systems, so that each move is one step.
    public string AsideOf(RepositoryPath path, string name) => Path.Combine(options.RepositoriesFolder, Removed, path.Workspace, name + ".git");

    public async Task SetAsideAsync(RepositoryPath path, string name)
    {
        await locks.ForgetAsync(path);
        foreach (var (from, to) in new[]
        {
            (FolderOf(path), AsideOf(path, name)),
            (Path.Combine(options.LfsFolder, path.Workspace, path.Name), Path.Combine(options.LfsFolder, Removed, path.Workspace, name)),
        })
        {
            if (Directory.Exists(from))
            {
                CreateFolder(Path.GetDirectoryName(to)!);
                Directory.Move(from, to);
            }
        }
    }

    private string FolderOf(RepositoryPath repository) =>
        Path.Combine(options.RepositoriesFolder, repository.Workspace, repository.Name + ".git");

    private async Task PlaceAsync(RepositoryPath repository, Func<string, Task> make)
    {
        var folder = FolderOf(repository);
        if (Directory.Exists(folder))
        {
            throw new UpstreamUnavailableException($"{repository} exists already.");
        }

        // A name that no workspace can have, on the same file system, so that the move is one step.
        var draft = Path.Combine(options.RepositoriesFolder, $".new-{Guid.NewGuid():N}");
        try
        {
            CreateFolder(options.RepositoriesFolder);
            await make(draft);
            CreateFolder(Path.GetDirectoryName(folder)!);
            Directory.Move(draft, folder);
        }
        catch (Exception error) when (error is (IOException and not UpstreamUnavailableException) or UnauthorizedAccessException)
        {
            throw new UpstreamUnavailableException($"{repository} cannot be written to the data folder.", error);
        }
        finally
        {
            if (Directory.Exists(draft))
            {
                Directory.Delete(draft, recursive: true);
            }
        }
    }

    private static void CreateFolder(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
            return;
        }

        Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private async Task InitAsync(string folder, ObjectFormat format, CancellationToken cancellation)
    {
        var word = format == ObjectFormat.Sha256 ? "sha256" : "sha1";
        var command = git.Command(null, "init", "--quiet", "--bare", "--template=", $"--object-format={word}", "--initial-branch=main", folder);
        Require(await git.RunAsync(command, null, cancellation), "The repository cannot be made");
    }

    private async Task<string> WriteAsync(string folder, string input, CancellationToken cancellation, params string[] arguments)
    {
        var command = git.Command(folder, [$"--git-dir={folder}", .. arguments]);
        var when = $"{clock.GetUtcNow().ToUnixTimeSeconds()} +0000";
        foreach (var role in (ReadOnlySpan<string>)["AUTHOR", "COMMITTER"])
        {
            command.Environment[$"GIT_{role}_NAME"] = "Countersign";
            command.Environment[$"GIT_{role}_EMAIL"] = "countersign@localhost";
            command.Environment[$"GIT_{role}_DATE"] = when;
        }

        using var text = new MemoryStream(Encoding.UTF8.GetBytes(input));
        return Require(await git.RunAsync(command, text, cancellation), "The sample repository cannot be made").Output;
    }

    private static GitResult Require(GitResult result, string otherwise) =>
        result.Ok ? result : throw new UpstreamUnavailableException($"{otherwise} ({result.Error}).");

    private static string SampleText(RepositoryPath repository) =>
        $"""
        # {repository.Name}

        You are reading this because you approved a `git clone`. Nothing of this
        repository left the server before you did.

        Try a push next:

            echo "Hello from $(hostname)" >> hello.txt
            git add hello.txt
            git commit -m "Say hello back"
            git push

        The push waits in the same way. The approval page shows exactly which
        commits it would move, and to which branch, before you say yes.

        """;
}
