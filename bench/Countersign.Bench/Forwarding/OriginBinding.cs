using Countersign.Server.Policies;
using Countersign.Server.Storage;
using Countersign.Server.Upstreams;
using Microsoft.EntityFrameworkCore;

namespace Countersign.Bench.Forwarding;

/// <summary>Puts the seeded workspace before the origin, inside the gateway's process.</summary>
internal static class OriginBinding
{
    // Reads and pushes go through, so that what streams is measured.
    private const string Everything =
        """
        version: 1
        mode: enforce
        rules:
          - name: let through
            operations: [read, write]
            effect: allow

        """;

    // One family of branches is held all the same.
    private const string AllButHeld =
        Everything + """
          - name: held
            operations: [write]
            refs: [held/**]
            require: { strength: strong }

        """;

    public static async Task<string> LetThroughAsync(IServiceProvider services, bool everything) =>
        await services.GetRequiredService<PolicyStore>().ApplyAsync(everything ? Everything : AllButHeld, "bench") is [var error, ..] ? error.Message : "ok";

    public static async Task<string> BindAsync(IServiceProvider services, Uri origin)
    {
        var upstreams = services.GetRequiredService<UpstreamStore>();
        if (!await upstreams.AddAsync(new("origin", "smart-http", origin) { Path = "/git", Mount = "/git" }, CancellationToken.None))
        {
            return "the origin is there already";
        }

        await using (var database = await services.GetRequiredService<IDbContextFactory<GatewayDbContext>>().CreateDbContextAsync())
        {
            var workspace = await database.Workspaces.SingleAsync(row => row.Key == Names.Workspace);
            (workspace.UpstreamName, workspace.UpstreamPath) = ("origin", "");
            await database.SaveChangesAsync();
        }

        await upstreams.ReloadAsync(CancellationToken.None);
        return "ok";
    }
}
