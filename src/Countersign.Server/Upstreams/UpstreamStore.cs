using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Countersign.Core.Git;
using Countersign.Server.Storage;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.EntityFrameworkCore;

namespace Countersign.Server.Upstreams;

/// <summary>The Git hosts that the gateway stands before: few, and asked for at every request, so they are kept in memory.</summary>
internal sealed class UpstreamStore(IDbContextFactory<GatewayDbContext> databases, IDataProtectionProvider protection, TimeProvider clock) : IHostedLifecycleService
{
    private static readonly JsonSerializerOptions Json = new()
    {
        Converters = { new JsonStringEnumConverter() },
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    };

    private readonly IDataProtector seal = protection.CreateProtector("Countersign.Upstreams.v1");
    private volatile Known known = new(new Dictionary<string, UpstreamDefinition>(), MountTable.None);

    /// <summary>Where repositories of Git hosts are served beside <c>/scm/KEY/REPO</c>.</summary>
    public MountTable Mounts => known.Mounts;

    /// <summary>Some host checks people's own credentials.</summary>
    public bool AnyPassed => known.AnyPassed;

    public UpstreamDefinition? Find(string name) => known.Upstreams.GetValueOrDefault(name);

    public IReadOnlyList<UpstreamDefinition> List() => [.. known.Upstreams.Values.OrderBy(upstream => upstream.Name, StringComparer.Ordinal)];

    /// <summary>False when the name is taken. The caller has recorded it.</summary>
    public async Task<bool> AddAsync(UpstreamDefinition upstream, CancellationToken cancellation)
    {
        await using (var database = await databases.CreateDbContextAsync(cancellation))
        {
            database.Upstreams.Add(RowOf(upstream));
            if (!await database.TrySaveAsync())
            {
                return false;
            }
        }

        await ReloadAsync(cancellation);
        return true;
    }

    /// <summary>How it is stored, its secret sealed.</summary>
    public UpstreamRow RowOf(UpstreamDefinition upstream) => new()
    {
        Name = upstream.Name,
        Kind = upstream.Kind,
        Settings = JsonSerializer.Serialize(upstream, Json),
        SealedSecret = upstream.ServiceSecret is { } secret ? seal.Protect(Encoding.UTF8.GetBytes(secret)) : null,
        CreatedAt = clock.GetUtcNow(),
    };

    /// <summary>Reads all anew: after every change of a Git host or of a workspace's place.</summary>
    public async Task ReloadAsync(CancellationToken cancellation)
    {
        await using var database = await databases.CreateDbContextAsync(cancellation);
        var upstreams = (await database.Upstreams.AsNoTracking().ToListAsync(cancellation)).Select(Read).ToDictionary(upstream => upstream.Name);
        var workspaces = await database.Workspaces.AsNoTracking().Where(row => row.UpstreamName != null).ToListAsync(cancellation);
        var mounts = workspaces
            .Where(row => upstreams[row.UpstreamName!].Mount is not null)
            .Select(row => new Mount($"{upstreams[row.UpstreamName!].Mount}/{row.UpstreamPath}".TrimEnd('/'), row.Key));
        known = new(upstreams, new([.. mounts]));
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => ReloadAsync(cancellationToken); // the database was made ready before

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private UpstreamDefinition Read(UpstreamRow row) =>
        JsonSerializer.Deserialize<UpstreamDefinition>(row.Settings, Json)! with
        {
            ServiceSecret = row.SealedSecret is { } secret ? Encoding.UTF8.GetString(seal.Unprotect(secret)) : null,
        };

    private sealed record Known(IReadOnlyDictionary<string, UpstreamDefinition> Upstreams, MountTable Mounts)
    {
        public bool AnyPassed { get; } = Upstreams.Values.Any(upstream => upstream.Credentials == UpstreamCredentials.Passed);
    }
}
