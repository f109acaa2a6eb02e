using System.Globalization;
using Countersign.Core.Git;

namespace Countersign.Server.Upstreams.LocalRepositories;

/// <summary>
/// Looks at a push before it is let in: its pack goes to an object folder of its own that borrows the repository's objects,
/// and the folder is deleted afterwards whatever happens. The repository does not change.
/// </summary>
internal sealed class Quarantine(GatewayOptions options, GitRunner git)
{
    /// <summary>Updates that are looked at one by one; the page folds longer lists anyway.</summary>
    private const int MaxLooks = 64;

    /// <summary>The most commits that are counted; more reads as this number.</summary>
    public const int MaxCommits = 10_000;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>The same updates; what could not be told, in a broken pack or in time, stays null.</summary>
    public async Task<IReadOnlyList<RefUpdate>> InspectAsync(
        string repository, IReadOnlyList<RefUpdate> updates, Stream? pack, CancellationToken cancellation)
    {
        var objects = Path.Combine(options.SpoolFolder, $"inspect-{Guid.NewGuid():N}");
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(Patience);
        var seen = updates.ToArray();
        try
        {
            Directory.CreateDirectory(Path.Combine(objects, "pack"));
            if (pack is not null && !(await RunAsync(repository, objects, pack, patience.Token, "index-pack", "--stdin", "--fix-thin")).Ok)
            {
                return seen;
            }

            for (var index = 0; index < Math.Min(seen.Length, MaxLooks); index++)
            {
                seen[index] = await LookAsync(repository, objects, seen[index], patience.Token);
            }

            return seen;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return seen;
        }
        finally
        {
            if (Directory.Exists(objects))
            {
                Directory.Delete(objects, recursive: true);
            }
        }
    }

    private async Task<RefUpdate> LookAsync(string repository, string objects, RefUpdate update, CancellationToken cancellation)
    {
        Task<GitResult> Git(params string[] arguments) => RunAsync(repository, objects, null, cancellation, arguments);
        switch (update.Change)
        {
            case RefChange.Delete:
                return update with { Commits = 0 };

            case RefChange.Create:
                return update with { Forced = false, Commits = Count(await Git("rev-list", "--count", Limit, update.New.Hex, "--not", "--all", "--")) };

            // A tag that moves is forced, wherever to: people rely on it standing still.
            case RefChange.Update when update.Name.Value.StartsWith("refs/tags/", StringComparison.Ordinal):
                return update with { Forced = true, Commits = Count(await Git("rev-list", "--count", Limit, $"{update.Old}..{update.New}", "--")) };

            default:
                bool? ancestor = (await Git("merge-base", "--is-ancestor", update.Old.Hex, update.New.Hex)).ExitCode switch
                {
                    0 => true,
                    1 => false,
                    _ => null, // not commits, or the old one is not here; receive-pack will refuse the latter
                };
                return update with { Forced = !ancestor, Commits = Count(await Git("rev-list", "--count", Limit, $"{update.Old}..{update.New}", "--")) };
        }
    }

    private static readonly string Limit = $"--max-count={MaxCommits}";

    private static int? Count(GitResult result) =>
        result.Ok && int.TryParse(result.Output, NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? count : null;

    private Task<GitResult> RunAsync(string repository, string objects, Stream? input, CancellationToken cancellation, params string[] arguments)
    {
        var command = git.Command(repository, ["--git-dir=" + repository, .. arguments]);
        command.Environment["GIT_OBJECT_DIRECTORY"] = objects;
        command.Environment["GIT_ALTERNATE_OBJECT_DIRECTORIES"] = Quote(Path.Combine(repository, "objects"));
        return git.RunAsync(command, input, cancellation);
    }

    // The variable is a colon-separated list; a quoted element may hold colons (git(1), GIT_ALTERNATE_OBJECT_DIRECTORIES).
    private static string Quote(string path) =>
        $"\"{path.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";
}
