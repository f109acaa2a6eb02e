using System.Collections.Concurrent;
using System.Threading.Channels;
using Countersign.Core.Identities;
using Countersign.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace Countersign.Server.People;

/// <summary>
/// Writes when tokens and sessions were last used, at most once a minute each and never on the path of a request. What is
/// lost in a crash makes a session end a minute early, never late.
/// </summary>
internal sealed partial class LastUses(IDbContextFactory<GatewayDbContext> databases, TimeProvider clock, ILogger<LastUses> logger) : BackgroundService
{
    private static readonly TimeSpan Grain = TimeSpan.FromMinutes(1);
    private readonly ConcurrentDictionary<Guid, DateTimeOffset> noted = [];
    private readonly Channel<Use> uses = Channel.CreateBounded<Use>(new BoundedChannelOptions(4096) { FullMode = BoundedChannelFullMode.DropWrite });

    public void OfToken(Guid token, ClientAddress from) => Note(token, from.ToString());

    public void OfSession(Guid session) => Note(session, null);

    /// <summary>Writes what has been noted so far.</summary>
    public async Task DrainAsync(CancellationToken cancellation)
    {
        while (uses.Reader.TryRead(out var use))
        {
            await using var database = await databases.CreateDbContextAsync(cancellation);
            _ = use.From is { } from
                ? await database.AccessTokens.Where(row => row.Id == use.Id).ExecuteUpdateAsync(
                    set => set.SetProperty(row => row.LastUsedAt, use.At).SetProperty(row => row.LastUsedFrom, from), cancellation)
                : await database.Sessions.Where(row => row.Id == use.Id).ExecuteUpdateAsync(
                    set => set.SetProperty(row => row.LastSeenAt, use.At), cancellation);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (await uses.Reader.WaitToReadAsync(stoppingToken))
            {
                try
                {
                    await DrainAsync(stoppingToken);
                }
                catch (Exception failure) when (failure is DbUpdateException or System.Data.Common.DbException)
                {
                    Log.NotWritten(logger, failure);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // the gateway stops
        }
    }

    private void Note(Guid id, string? from)
    {
        var now = clock.GetUtcNow();
        if (noted.TryGetValue(id, out var last) && (now - last).Duration() < Grain)
        {
            return;
        }

        noted[id] = now;
        uses.Writer.TryWrite(new(id, now, from));
    }

    private sealed record Use(Guid Id, DateTimeOffset At, string? From);

    private static partial class Log
    {
        [LoggerMessage(EventId = 5101, Level = LogLevel.Warning, Message = "The time of a last use could not be written.")]
        public static partial void NotWritten(ILogger logger, Exception failure);
    }
}
