using System.Collections.Concurrent;
using System.Globalization;
using Countersign.Core.Audit;
using Countersign.Core.Git;
using Countersign.Core.Identities;
using Countersign.Server.Audit;
using Countersign.Server.Factors;
using Countersign.Server.Storage.Sqlite;

namespace Countersign.Server.Transports.Https;

/// <summary>
/// Rejected credentials in the audit log: each network's first at once, then one record a minute with their number, so that
/// guessing from outside cannot fill the disk.
/// </summary>
internal sealed class CredentialRejections(Ledger ledger, TimeProvider clock)
{
    private const int MaxNetworks = 10_000;
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);
    private readonly ConcurrentDictionary<string, (DateTimeOffset Since, int Unrecorded)> networks = new();

    public async Task RecordAsync(string? userName, ClientAddress client)
    {
        var now = clock.GetUtcNow();
        var (since, unrecorded) = networks.AddOrUpdate(
            client.Network,
            _ => (now, 0),
            (_, seen) => now - seen.Since >= Window ? (now, seen.Unrecorded) : (seen.Since, seen.Unrecorded + 1));
        if (since != now)
        {
            return;
        }

        if (networks.Count > MaxNetworks)
        {
            networks.Clear();
        }

        // The name is what somebody typed: it may be anything, even a secret in the wrong field, so only a plain one is kept.
        var named = userName is { Length: <= 64 } && !userName.StartsWith("csn_", StringComparison.OrdinalIgnoreCase) ? TerminalText.Line(userName) : "";
        networks[client.Network] = (now, 0);
        var record = new AuditEvent(AuditTypes.CredentialRejected, now, "system")
        {
            Facts = new SortedDictionary<string, string>(StringComparer.Ordinal)
            {
                ["client"] = client.ToString(),
                ["claimed_name"] = named,
                ["more_since_last_record"] = unrecorded.ToString(CultureInfo.InvariantCulture),
            },
        };
        await ledger.WriteAsync(transaction =>
        {
            Attempts.Count(transaction, "token", now, failed: unrecorded + 1);
            return transaction.Append(record);
        });
    }
}
