using Countersign.Core.Git;
using Countersign.Server.Tests.Fixtures;

namespace Countersign.Server.Tests.Browser;

/// <summary>A push of many refs that is held once it has said them: one is deleted, one forced, the rest are new.</summary>
internal static class HeldPush
{
    public const int NewRefs = 10;

    public const string Policy =
        """
        version: 1
        mode: enforce
        rules:
          - name: reads
            operations: [read]
            effect: allow
          - name: writes
            operations: [write]
          - name: forced
            operations: [write]
            forced: true
            require: { number: true }
        """;

    public static async Task<GitClient.RunningGit> StartAsync(GatewayFixture gateway, TestPerson person, RepositoryPath core)
    {
        var folder = Path.Combine(gateway.Folder.FullName, "pusher");
        var tree = new GitClient(folder);
        var outside = new GitClient(gateway.Folder.FullName);
        await outside.SucceedAsync("-c", "safe.directory=*", "clone", "-q", gateway.BareFolder(core), folder);
        await tree.SucceedAsync("-c", "safe.directory=*", "push", "-q", "origin", "main:refs/heads/old-idea");
        await tree.SucceedAsync("reset", "-q", "--hard", "HEAD~1");
        await tree.CommitAsync("other.txt", "another way\n");
        await tree.SucceedAsync("remote", "set-url", "origin", person.UrlOf(core.ToString()));
        var refs = Enumerable.Range(1, NewRefs).Select(number => $"HEAD:refs/heads/topic/{number:00}");
        return tree.StartAsync(["push", "origin", .. refs, "+HEAD:refs/heads/main", ":refs/heads/old-idea"]);
    }
}
