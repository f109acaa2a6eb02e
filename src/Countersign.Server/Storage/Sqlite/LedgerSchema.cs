using Countersign.Core.Audit;
using Microsoft.Data.Sqlite;

namespace Countersign.Server.Storage.Sqlite;

/// <summary>
/// The tables of the ledger. Times are Unix milliseconds. To change the schema append a migration; never edit one that was
/// released. <c>PRAGMA user_version</c> is the number of migrations that a file has seen.
/// </summary>
internal static class LedgerSchema
{
    private static readonly string[] Migrations =
    [
        """
        CREATE TABLE audit (seq INTEGER PRIMARY KEY, body BLOB NOT NULL, seal BLOB NOT NULL);
        CREATE TABLE head (id INTEGER PRIMARY KEY CHECK (id = 1), size INTEGER NOT NULL, seal BLOB NOT NULL, tree BLOB NOT NULL,
            checkpoints INTEGER NOT NULL, mac BLOB NOT NULL);
        CREATE TABLE checkpoints (number INTEGER PRIMARY KEY, size INTEGER NOT NULL, time INTEGER NOT NULL, note TEXT NOT NULL);
        CREATE INDEX checkpoints_by_time ON checkpoints (time);

        CREATE TABLE challenges (id TEXT PRIMARY KEY, version INTEGER NOT NULL, principal TEXT NOT NULL, state TEXT NOT NULL,
            created INTEGER NOT NULL, expires INTEGER NOT NULL, base_key TEXT NOT NULL, token TEXT, body TEXT NOT NULL);
        CREATE INDEX challenges_by_principal ON challenges (principal, created);
        CREATE INDEX challenges_by_base_key ON challenges (base_key, state);
        CREATE INDEX challenges_by_state ON challenges (state, expires);

        CREATE TABLE grants (id INTEGER PRIMARY KEY AUTOINCREMENT, challenge TEXT, principal TEXT, credential TEXT, class TEXT,
            workspace TEXT, repository TEXT, network TEXT, token TEXT, idle_s INTEGER, created INTEGER, last_used INTEGER,
            ends INTEGER, push_claimed INTEGER, ended INTEGER, scope TEXT, body TEXT);
        CREATE INDEX grants_by_principal ON grants (principal, ended);

        CREATE TABLE spent (kind TEXT NOT NULL, owner TEXT NOT NULL, value TEXT NOT NULL, at INTEGER NOT NULL,
            PRIMARY KEY (kind, owner, value)) WITHOUT ROWID;
        CREATE TABLE totp_steps (authenticator TEXT PRIMARY KEY, last_step INTEGER NOT NULL);
        CREATE TABLE throttles (subject TEXT PRIMARY KEY, failures INTEGER NOT NULL, last_failure INTEGER, locked INTEGER);
        CREATE TABLE ceremonies (id TEXT PRIMARY KEY, purpose TEXT NOT NULL, subject TEXT, principal TEXT, body TEXT NOT NULL,
            expires INTEGER NOT NULL);
        CREATE INDEX ceremonies_by_expiry ON ceremonies (expires);
        """,
        """
        CREATE TABLE reported_credentials (credential TEXT PRIMARY KEY, principal TEXT NOT NULL, label TEXT NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;
        """,
        """
        CREATE TABLE lfs_locks (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, repository TEXT NOT NULL,
            path TEXT NOT NULL, owner TEXT NOT NULL, owner_name TEXT NOT NULL, at INTEGER NOT NULL, UNIQUE (repository, path));
        """,
        """
        CREATE TABLE prompts (person TEXT NOT NULL, at INTEGER NOT NULL, recorded INTEGER NOT NULL DEFAULT 0);
        CREATE INDEX prompts_by_person ON prompts (person, at);
        CREATE TABLE refused_names (network TEXT NOT NULL, name TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (network, name)) WITHOUT ROWID;
        CREATE INDEX refused_names_by_time ON refused_names (at);
        CREATE TABLE attempts (hour INTEGER NOT NULL, what TEXT NOT NULL, failed INTEGER NOT NULL, refused INTEGER NOT NULL,
            PRIMARY KEY (hour, what)) WITHOUT ROWID;
        """,
        """
        CREATE TABLE duo_transactions (challenge TEXT PRIMARY KEY, txid TEXT NOT NULL UNIQUE, account TEXT NOT NULL, user TEXT NOT NULL,
            chosen TEXT, device TEXT NOT NULL, name TEXT NOT NULL, code TEXT, at INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE reports (challenge TEXT PRIMARY KEY, at INTEGER NOT NULL, done INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
        CREATE TABLE trial_reports (session TEXT PRIMARY KEY, person TEXT NOT NULL, client TEXT NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE outbox (id INTEGER PRIMARY KEY AUTOINCREMENT, kind INTEGER NOT NULL, person TEXT NOT NULL, challenge TEXT, body BLOB NOT NULL, created INTEGER NOT NULL,
            next_attempt INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, expires INTEGER NOT NULL, last_error TEXT);
        CREATE INDEX outbox_by_time ON outbox (next_attempt);
        CREATE INDEX outbox_by_turn ON outbox (kind, attempts, id, next_attempt);
        CREATE INDEX outbox_by_person ON outbox (kind, person);
        CREATE TABLE mail_links (hash TEXT PRIMARY KEY, challenge TEXT NOT NULL, person TEXT NOT NULL, expires INTEGER NOT NULL, spent INTEGER) WITHOUT ROWID;
        CREATE INDEX mail_links_by_expiry ON mail_links (expires);
        CREATE TABLE known_networks (person TEXT NOT NULL, network TEXT NOT NULL, seen INTEGER NOT NULL, PRIMARY KEY (person, network)) WITHOUT ROWID;
        """,
    ];

    public static long Version => Migrations.Length;

    /// <summary>Creates or upgrades the file; all in one transaction, so that a crash leaves the old state.</summary>
    public static void Create(LedgerFile file, ReadOnlySpan<byte> sealKey)
    {
        try
        {
            file.EnsureExists();
            using var open = LedgerConnection.Open(file);
            open.Run("BEGIN IMMEDIATE");
            Migrate(open, file, sealKey);
            open.Run("COMMIT");
        }
        catch (Exception e) when (e is SqliteException or IOException or UnauthorizedAccessException)
        {
            throw new LedgerUnavailableException($"The ledger {file.Path} cannot be opened: {e.Message}", e);
        }
    }

    /// <summary>Throws <see cref="NewerDatabaseException"/> when the file has seen migrations that this version does not know.</summary>
    public static long CheckVersion(SqliteConnection connection, LedgerFile file)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA user_version";
        var found = (long)command.ExecuteScalar()!;
        return found <= Version ? found : throw new NewerDatabaseException(file.Path, found, Version);
    }

    private static void Migrate(LedgerConnection open, LedgerFile file, ReadOnlySpan<byte> sealKey)
    {
        var found = CheckVersion(open.Connection, file);
        for (var next = found; next < Version; next++)
        {
            open.Run(Migrations[next]);
        }

        if (found < Version)
        {
            open.Run($"PRAGMA user_version = {Version}");
        }

        if (found == 0)
        {
            StoredHead.Write(new LedgerTransaction(open, default), AuditHead.Empty, sealKey);
        }

        StoredHead.Read(open.Connection, sealKey);
    }
}
