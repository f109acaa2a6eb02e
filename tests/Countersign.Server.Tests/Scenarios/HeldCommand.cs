using Countersign.Core.Git;
using Countersign.Server.Tests.Fixtures;

namespace Countersign.Server.Tests.Scenarios;

/// <summary>One Git command that the gateway will hold, and how to tell that it did its work.</summary>
internal sealed class HeldCommand(GatewayFixture gateway, TestPerson ann, RepositoryPath core, GitClient git, string[] arguments, Func<Task<bool>> hasHappened)
    : IAsyncDisposable
{
    public GatewayFixture Gateway => gateway;

    public TestPerson Ann => ann;

    public RepositoryPath Core => core;

    public GitClient.RunningGit Start() => git.StartAsync(arguments);

    /// <summary>True once the command's effect is there: refs fetched, objects cloned, the tip moved.</summary>
    public Task<bool> HasHappenedAsync() => hasHappened();

    public static async Task<HeldCommand> PrepareAsync(GatewayFixture gateway, TestPerson ann, RepositoryPath core, string command, int protocol)
    {
        var folder = Path.Combine(gateway.Folder.FullName, "work");
        var clone = Path.Combine(folder, "clone");
        var url = ann.UrlOf("ACME/core");
        var outside = new GitClient(folder, protocol);
        Task<bool> Cloned() => Task.FromResult(File.Exists(Path.Combine(clone, "file3.txt")));

        switch (command)
        {
            case "clone":
                return new(gateway, ann, core, outside, ["clone", url, clone], Cloned);
            case "shallow":
                return new(gateway, ann, core, outside, ["clone", "--depth", "1", url, clone], Cloned);
            case "partial":
                return new(gateway, ann, core, outside, ["clone", "--filter=blob:none", "--no-checkout", url, clone],
                    async () => Directory.Exists(clone) && (await new GitClient(clone).RunAsync("rev-parse", "HEAD")).ExitCode == 0);
            case "ls-remote":
                var listed = "";
                return new(gateway, ann, core, outside, ["ls-remote", url], () => Task.FromResult(listed.Length == 0));
            case "submodules":
                await gateway.ApplyPolicyAsync(OneApprovalForTheWorkspace);
                await AddSuperprojectAsync(gateway, core);
                return new(gateway, ann, core, outside, ["clone", "--recurse-submodules", ann.UrlOf("ACME/super"), clone],
                    () => Task.FromResult(File.Exists(Path.Combine(clone, "lib", "file3.txt"))));
        }

        // A work tree that came from the repository's files, not through the gateway.
        var tree = new GitClient(clone, protocol);
        await outside.SucceedAsync("-c", "safe.directory=*", "clone", "-q", gateway.BareFolder(core), clone);
        await tree.SucceedAsync("remote", "set-url", "origin", url);
        if (command == "push")
        {
            var tip = await tree.CommitAsync("new.txt", "new\n");
            return new(gateway, ann, core, tree, ["push", "origin", "main"], async () => await gateway.TipAsync(core) == tip);
        }

        var other = new GitClient(Path.Combine(folder, "other"));
        await outside.SucceedAsync("-c", "safe.directory=*", "clone", "-q", gateway.BareFolder(core), other.Folder);
        var news = await other.CommitAsync("news.txt", "news\n");
        await other.SucceedAsync("-c", "safe.directory=*", "push", "-q", "origin", "main");
        return command == "fetch"
            ? new(gateway, ann, core, tree, ["fetch", "origin"], async () => (await tree.SucceedAsync("rev-parse", "origin/main")).Output.Trim() == news)
            : new(gateway, ann, core, tree, ["pull", "--ff-only", "origin", "main"], () => Task.FromResult(File.Exists(Path.Combine(clone, "news.txt"))));
    }

    private const string OneApprovalForTheWorkspace =
        """
        version: 1
        mode: enforce
        rules:
          - name: one-approval
            operations: [read]
            effect: require
            grant: { scope: workspace }
        """;

    /// <summary>ACME/super, with ACME/core as the submodule lib.</summary>
    private static async Task AddSuperprojectAsync(GatewayFixture gateway, RepositoryPath core)
    {
        var source = new GitClient(gateway.Folder.CreateSubdirectory("super").FullName);
        await source.SucceedAsync("init", "-q", "-b", "main");
        await source.CommitAsync(".gitmodules", "[submodule \"lib\"]\n\tpath = lib\n\turl = ../core.git\n");
        await source.SucceedAsync("update-index", "--add", "--cacheinfo", $"160000,{await gateway.TipAsync(core)},lib");
        await source.SucceedAsync("commit", "-q", "-m", "Add lib");
        await gateway.AddRepositoryAsync("super", import: source.Folder);
    }

    public async ValueTask DisposeAsync()
    {
        await gateway.AssertInvariantsAsync();
        await gateway.DisposeAsync();
    }
}
