using Countersign.Core.Git;
using Countersign.Core.Identities;
using Countersign.Server.People;
using Countersign.Server.Tests.Fixtures;
using Countersign.Server.Tests.Upstreams.SmartHttp;
using Countersign.Server.Upstreams;
using Microsoft.Extensions.DependencyInjection;

namespace Countersign.Server.Tests.Ssh;

/// <summary>A gateway, ann with an SSH key, and real Git that comes in over SSH.</summary>
internal sealed class SshStory : IAsyncDisposable
{
    private const string AnnsKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICeIPWAb4HcNv31hAzR1GegXhRP59USInS1aCfp0UB7U laptop";

    private SshStory(GatewayFixture gateway, TestPerson ann, string key) => (Gateway, Ann, Key, Relay) = (gateway, ann, key, new(gateway));

    public GatewayFixture Gateway { get; }

    public TestPerson Ann { get; }

    /// <summary>The id of ann's key.</summary>
    public string Key { get; }

    public SshRelay Relay { get; }

    public RepositoryPath Core { get; private set; } = null!;

    /// <summary>The bare repository, wherever it is.</summary>
    public string Bare { get; private set; } = "";

    public static string Url => "ssh://git@gateway/ACME/core.git";

    /// <summary>ACME/core is on this machine.</summary>
    public static async Task<SshStory> StartAsync(string? policy = null, Dictionary<string, string?>? settings = null, Role role = Role.Write, Action<IServiceCollection>? replace = null)
    {
        var gateway = await GatewayFixture.StartAsync(policy, settings, replace);
        var ann = await gateway.AddPersonAsync(role: role);
        var story = new SshStory(gateway, ann, await AddKeyAsync(gateway, ann));
        story.Core = await gateway.AddRepositoryAsync();
        story.Bare = gateway.BareFolder(story.Core);
        return story;
    }

    /// <summary>ACME is at a Git host, which has core.git.</summary>
    public static async Task<SshStory> StartAsync(GitHost host, string bare, string? policy = FarStory.Open, UpstreamCredentials credentials = UpstreamCredentials.None)
    {
        var gateway = await GatewayFixture.StartAsync(policy);
        var ann = await gateway.AddPersonAsync();
        await FarStory.StandBeforeAsync(gateway, new("far", "smart-http", host.Base) { Credentials = credentials });
        Assert.True(RepositoryPath.TryParse("ACME/core", out var core));
        return new(gateway, ann, await AddKeyAsync(gateway, ann)) { Core = core, Bare = bare };
    }

    public GitClient Git(string folder, int protocol = 2, IReadOnlyDictionary<string, string>? environment = null)
    {
        var all = Relay.Environment(Key);
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            all[name] = value;
        }

        return new(Path.Combine(Gateway.Folder.FullName, "work", folder), protocol, all);
    }

    /// <summary>A work tree whose origin is the repository over SSH, made without it.</summary>
    public async Task<GitClient> WorkTreeAsync(string name = "tree", int protocol = 2, IReadOnlyDictionary<string, string>? environment = null)
    {
        var tree = Git(name, protocol, environment);
        await new GitClient(Path.Combine(Gateway.Folder.FullName, "work")).SucceedAsync("-c", "safe.directory=*", "clone", "-q", Bare, tree.Folder);
        await tree.SucceedAsync("remote", "set-url", "origin", Url);
        return tree;
    }

    public async Task<string?> TipAsync(string reference = "refs/heads/main")
    {
        var result = await GitClient.RunBareAsync(Bare, "rev-parse", "--verify", "--quiet", reference);
        return result.ExitCode == 0 ? result.Output.Trim() : null;
    }

    public static async Task<string> AddKeyAsync(GatewayFixture gateway, TestPerson person, string line = AnnsKey)
    {
        var added = await gateway.Get<ISshKeys>().AddAsync(person.Id, line, "laptop", null, "test", TestContext.Current.CancellationToken);
        Assert.Null(added.Refusal);
        return added.Value!.Id;
    }

    public async ValueTask DisposeAsync()
    {
        await Relay.DisposeAsync();
        await Gateway.AssertInvariantsAsync();
        await Gateway.DisposeAsync();
    }
}
