using Countersign.Core.Identities;
using Countersign.Server.Storage.Sqlite;

namespace Countersign.Server.Factors;

/// <summary>
/// Names under which signing in with a password failed, by network: lists of stolen passwords are tried one person at a time, so
/// that no single person's count grows. It counts names, not tries: somebody who mistypes ten times is one name, and whoever
/// gets in after all is none. What is refused is refused alike whether or not anybody has the name.
/// </summary>
internal static class RefusedNames
{
    /// <summary>So many names of one IPv4 address or IPv6 /64 within <see cref="Window"/>; then no further name's password is looked at.</summary>
    public const int Most = 10;

    /// <summary>A name counts so long since it first failed, however often it is tried: the limit heals by itself.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(15);

    /// <summary>When this name may be tried from this network; null when now.</summary>
    public static DateTimeOffset? RetryAt(LedgerTransaction transaction, ClientAddress from, string name, DateTimeOffset now)
    {
        var at = now.ToUnixTimeMilliseconds();
        transaction.Execute("DELETE FROM refused_names WHERE at <= $1", at - (long)Window.TotalMilliseconds);
        transaction.Execute("UPDATE refused_names SET at = $2 WHERE network = $1 AND at > $2", from.Network, at); // the clock was set back
        var (names, oldest, isOne) = transaction.QueryFirst(
            "SELECT count(*), min(at), total(name = $2) FROM refused_names WHERE network = $1",
            static row => (row.GetInt32(0), row.IsDBNull(1) ? 0 : row.GetInt64(1), row.GetDouble(2) > 0), from.Network, name);
        return names >= Most && !isOne ? DateTimeOffset.FromUnixTimeMilliseconds(oldest) + Window : null;
    }

    /// <summary>Counts the name, before its password is looked at. True when that was the last that is let through.</summary>
    public static bool Count(LedgerTransaction transaction, ClientAddress from, string name, DateTimeOffset now) =>
        transaction.Execute(
            "INSERT OR IGNORE INTO refused_names (network, name, at) VALUES ($1, $2, $3)", from.Network, name, now.ToUnixTimeMilliseconds()) == 1
        && transaction.QueryFirst("SELECT count(*) FROM refused_names WHERE network = $1", static row => row.GetInt32(0), from.Network) == Most;

    /// <summary>The password was right.</summary>
    public static void Forget(LedgerTransaction transaction, ClientAddress from, string name) =>
        transaction.Execute("DELETE FROM refused_names WHERE network = $1 AND name = $2", from.Network, name);
}
