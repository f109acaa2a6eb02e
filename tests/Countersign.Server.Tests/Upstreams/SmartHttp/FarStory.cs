using Countersign.Core.Git;
using Countersign.Server.Audit;
using Countersign.Server.Storage;
using Countersign.Server.Tests.Fixtures;
using Countersign.Server.Upstreams;
using Microsoft.EntityFrameworkCore;

namespace Countersign.Server.Tests.Upstreams.SmartHttp;

/// <summary>A gateway whose workspace ACME is at another Git host, and ann, who may write there.</summary>
internal sealed class FarStory : IAsyncDisposable
{
    /// <summary>No second factor: for what is about the way there and back.</summary>
    public const string Open = "version: 1\nmode: enforce\nrules:\n  - { name: open, effect: allow }\n";

    private FarStory(GatewayFixture gateway, TestPerson ann) => (Gateway, Ann) = (gateway, ann);

    public GatewayFixture Gateway { get; }

    public TestPerson Ann { get; }

    public string Url => Ann.UrlOf("ACME/core");

    public static async Task<FarStory> StartAsync(UpstreamDefinition host, string? policy = Open, string folder = "", Dictionary<string, string?>? settings = null)
    {
        var gateway = await GatewayFixture.StartAsync(policy, settings);
        var ann = await gateway.AddPersonAsync();
        await StandBeforeAsync(gateway, host, folder);
        return new(gateway, ann);
    }

    /// <summary>Has ACME's repositories at <paramref name="host"/>, below <paramref name="folder"/>.</summary>
    public static async Task StandBeforeAsync(GatewayFixture gateway, UpstreamDefinition host, string folder = "")
    {
        Assert.True(await gateway.Get<UpstreamStore>().AddAsync(host, TestContext.Current.CancellationToken));
        await using var database = await gateway.Get<IDbContextFactory<GatewayDbContext>>().CreateDbContextAsync(TestContext.Current.CancellationToken);
        await database.Workspaces.Where(row => row.Key == "ACME").ExecuteUpdateAsync(
            set => set.SetProperty(row => row.UpstreamName, host.Name).SetProperty(row => row.UpstreamPath, folder), TestContext.Current.CancellationToken);
        await gateway.Get<UpstreamStore>().ReloadAsync(TestContext.Current.CancellationToken);
    }

    public static Task<FarStory> StartAsync(GitHost host, string? policy = Open) => StartAsync(new UpstreamDefinition("far", "smart-http", host.Base), policy);

    public GitClient Git(string folder, int protocol = 2) => new(Path.Combine(Gateway.Folder.FullName, folder), protocol);

    /// <summary>A work tree whose origin is the repository through the gateway, made without it.</summary>
    public async Task<GitClient> WorkTreeAsync(string bare, int protocol = 2)
    {
        var tree = Git(Path.GetRandomFileName(), protocol);
        await Git("outside").SucceedAsync("-c", "safe.directory=*", "clone", "-q", bare, tree.Folder);
        await tree.SucceedAsync("remote", "set-url", "origin", Url);
        return tree;
    }

    /// <summary>How the last forwarded request ended, from the audit log.</summary>
    public async Task<IReadOnlyDictionary<string, string>> LastCompletionAsync() =>
        (await Gateway.AuditAsync()).Last(record => record.Event.Type == AuditTypes.CommandCompleted).Event.Facts;

    public static RepositoryPath Core => RepositoryPath.TryParse("ACME/core", out var core) ? core : throw new InvalidOperationException();

    public async ValueTask DisposeAsync()
    {
        await Gateway.AssertInvariantsAsync();
        await Gateway.DisposeAsync();
    }
}
