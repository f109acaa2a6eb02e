using Countersign.Server.Tests.Fixtures;
using Countersign.Server.Tests.Upstreams.SmartHttp;
using Countersign.Server.Upstreams;

namespace Countersign.Server.Tests.LargeFiles;

/// <summary>A gateway whose workspace ACME is at a Git host with Git LFS: another gateway, which takes an access token of the service's.</summary>
internal sealed class FarLfs : IAsyncDisposable
{
    private FarLfs(GatewayFixture host, FarStory story) => (Host, Story) = (host, story);

    public GatewayFixture Host { get; }

    public FarStory Story { get; }

    public static async Task<FarLfs> StartAsync(string? policy, LfsTransfers transfers = LfsTransfers.Rewritten)
    {
        var host = await GatewayFixture.StartAsync(Policies.EverythingFree);
        var service = await host.AddPersonAsync("service");
        await host.AddRepositoryAsync();
        var definition = new UpstreamDefinition("far", "smart-http", new(host.Url))
        {
            Path = "/scm",
            Credentials = UpstreamCredentials.Service,
            ServiceUser = service.Name,
            ServiceSecret = service.Token,
            LfsTransfers = transfers,
        };
        return new(host, await FarStory.StartAsync(definition, policy, "ACME"));
    }

    public async ValueTask DisposeAsync()
    {
        await Story.DisposeAsync();
        await Host.AssertInvariantsAsync();
        await Host.DisposeAsync();
    }
}
