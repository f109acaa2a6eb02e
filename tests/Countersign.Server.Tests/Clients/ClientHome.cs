using Countersign.Core.Git;
using Countersign.Server.Tests.Fixtures;

namespace Countersign.Server.Tests.Clients;

/// <summary>A folder, a person and a repository for one client, and the commands that it can run there.</summary>
internal sealed class ClientHome(ClientProgram client, GatewayFixture gateway, TestPerson person, RepositoryPath repository)
{
    /// <summary>Reads need no second factor, so that a push is held when it says what it changes.</summary>
    public const string OpenReads = "version: 1\nmode: enforce\nrules:\n  - { name: reads, operations: [read], effect: allow }\n  - { name: writes, operations: [write] }\n";

    public ClientProgram Client => client;

    public GatewayFixture Gateway => gateway;

    public TestPerson Person => person;

    public string Folder { get; } = gateway.Folder.CreateSubdirectory(Path.GetRandomFileName()).FullName;

    public string StoreFile => Path.Combine(Folder, "credentials");

    /// <summary>What the credential store holds at first, as it writes it itself, and must still hold after every refusal.</summary>
    public string Stored => $"http://{person.Name}:{person.Token}@localhost%3a{gateway.Options.Http.Port}\n";

    private string Url => $"{gateway.Url}/scm/{repository}.git";

    private string Clone => Path.Combine(Folder, "clone");

    private GitClient Tree => new(Clone);

    public static async Task<ClientHome> MakeAsync(GatewayFixture gateway, string client, string person = "ann", string repository = "core")
    {
        var home = new ClientHome(ClientProgram.Of(client), gateway, await gateway.AddPersonAsync(person), await gateway.AddRepositoryAsync(repository));
        await File.WriteAllTextAsync(home.StoreFile, home.Stored);
        return home;
    }

    /// <summary>Makes a command ready to run; what it needs does not come through the gateway.</summary>
    public async Task<ClientCommand> PrepareAsync(string verb)
    {
        if (verb == "clone")
        {
            return new(() => client.Start(this, "clone", Url, Clone), () => Task.FromResult(File.Exists(Path.Combine(Clone, "file3.txt"))));
        }

        if (!Directory.Exists(Clone))
        {
            await new GitClient(Folder).SucceedAsync("-c", "safe.directory=*", "clone", "-q", gateway.BareFolder(repository), Clone);
            await Tree.SucceedAsync("remote", "set-url", "origin", Url);
        }

        if (verb == "fetch")
        {
            var news = await AddNewsAsync();
            return new(() => client.Start(this, "fetch", Clone), async () => await TipOfOriginAsync() == news);
        }

        await Tree.SucceedAsync("merge", "-q", "--ff-only", "origin/main");
        var tip = await Tree.CommitAsync("mine.txt", "mine\n");
        return new(() => client.Start(this, "push", Clone), async () => await gateway.TipAsync(repository) == tip);
    }

    private async Task<string?> TipOfOriginAsync()
    {
        var result = await Tree.RunAsync("rev-parse", "--verify", "--quiet", "origin/main");
        return result.ExitCode == 0 ? result.Output.Trim() : null;
    }

    private async Task<string> AddNewsAsync()
    {
        var other = new GitClient(Path.Combine(Folder, "other"));
        await new GitClient(Folder).SucceedAsync("-c", "safe.directory=*", "clone", "-q", gateway.BareFolder(repository), other.Folder);
        var news = await other.CommitAsync("news.txt", "news\n");
        await other.SucceedAsync("-c", "safe.directory=*", "push", "-q", "origin", "main");
        return news;
    }
}

/// <summary>A client's command: how to run it, and how to tell that it did its work.</summary>
internal sealed record ClientCommand(Func<GitClient.RunningGit> Start, Func<Task<bool>> HasHappenedAsync);
