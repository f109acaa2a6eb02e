using System.Collections.Concurrent;
using System.Net;
using System.Threading.Channels;
using Countersign.Core.Identities;
using Countersign.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace Countersign.Server.People;

/// <summary>
/// Writes when tokens, SSH keys and sessions were last used, at most once a minute each for each network that they come from, and
/// never on the path of a request. What is lost in a crash makes a session end a minute early, never late.
/// </summary>
internal sealed partial class LastUses(IDbContextFactory<GatewayDbContext> databases, DatabaseReader reader, KnownNetworks networks, TimeProvider clock, ILogger<LastUses> logger) : BackgroundService
{
    /// <summary>Bounds how long other writers of the database wait.</summary>
    private const int MaxGroup = 256;

    /// <summary>Bounds what is remembered of the last minute; beyond it everything counts as not yet noted.</summary>
    private const int MostNoted = 65_536;

    private static readonly TimeSpan Grain = TimeSpan.FromMinutes(1);
    private readonly ConcurrentDictionary<(Guid Id, string Network), DateTimeOffset> noted = [];
    private readonly Channel<Use> uses = Channel.CreateBounded<Use>(16_384);

    public void OfToken(Guid token, ClientAddress from) => Note(UsedThing.Token, token, from);

    public void OfSshKey(Guid key, ClientAddress from) => Note(UsedThing.SshKey, key, from);

    public void OfSession(Guid session) => Note(UsedThing.Session, session, null);

    /// <summary>Writes what has been noted so far, many in one transaction: a morning's rush must not sync the disk for each.</summary>
    public async Task DrainAsync(CancellationToken cancellation)
    {
        while (uses.Reader.TryPeek(out _))
        {
            await using var database = await databases.CreateDbContextAsync(cancellation);
            await using var transaction = await database.Database.BeginTransactionAsync(cancellation);
            var written = new List<Use>();
            for (var count = 0; count < MaxGroup && uses.Reader.TryRead(out var use); count++)
            {
                written.Add(use);
                var at = use.At.ToUnixTimeMilliseconds();
                _ = await database.Database.ExecuteSqlAsync(use.Thing switch
                {
                    UsedThing.Token => $"""UPDATE "AccessTokens" SET "LastUsedAt" = {at}, "LastUsedFrom" = {use.From} WHERE "Id" = {use.Id}""",
                    UsedThing.SshKey => $"""UPDATE "SshKeys" SET "LastUsedAt" = {at}, "LastUsedFrom" = {use.From} WHERE "Id" = {use.Id}""",
                    _ => (FormattableString)$"""UPDATE "Sessions" SET "LastSeenAt" = {at} WHERE "Id" = {use.Id}""",
                }, cancellation);
            }

            await transaction.CommitAsync(cancellation);
            foreach (var use in written)
            {
                await NoteNetworkAsync(use);
            }
        }
    }

    /// <summary>Its owner is told when a token or key comes from where nobody knows it from.</summary>
    private async Task NoteNetworkAsync(Use use)
    {
        var sql = use.Thing switch
        {
            UsedThing.Token => """SELECT "OwnerId", "Label" FROM "AccessTokens" WHERE "Id" = $1""",
            UsedThing.SshKey => """SELECT "OwnerId", "Label" FROM "SshKeys" WHERE "Id" = $1""",
            _ => null, // told when it began
        };
        if (sql is not null
            && IPAddress.TryParse(use.From, out var address)
            && reader.First(sql, static row => new Owner(new(row.GetGuid(0)), row.GetString(1)), use.Id) is { } owner)
        {
            var what = use.Thing is UsedThing.Token ? "access token" : "SSH key";
            await networks.SeenAsync(owner.Person, new(address), $"Your {what} \"{owner.Label}\" was used");
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
                catch (Exception failure) when (failure is not OperationCanceledException)
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

    private void Note(UsedThing thing, Guid id, ClientAddress? from)
    {
        var (key, now) = ((id, from?.Network ?? ""), clock.GetUtcNow());
        if ((noted.TryGetValue(key, out var last) && (now - last).Duration() < Grain) || !uses.Writer.TryWrite(new(thing, id, now, from?.ToString())))
        {
            return; // noted already; or there is no room, and the next use is noted
        }

        if (noted.Count >= MostNoted)
        {
            noted.Clear();
        }

        noted[key] = now;
    }

    private enum UsedThing
    {
        Token,
        SshKey,
        Session,
    }

    private sealed record Owner(PrincipalId Person, string Label);

    private sealed record Use(UsedThing Thing, Guid Id, DateTimeOffset At, string? From);

    private static partial class Log
    {
        [LoggerMessage(EventId = 5101, Level = LogLevel.Warning, Message = "The time of a last use could not be written.")]
        public static partial void NotWritten(ILogger logger, Exception failure);
    }
}
