using Countersign.Core.Audit;
using Countersign.Server.Audit;
using Countersign.Server.Storage.Sqlite;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;

namespace Countersign.Server.Tests.Storage;

/// <summary>A data folder with a ledger of its own, deleted at the end.</summary>
internal sealed class LedgerFolder : IAsyncDisposable
{
    public static readonly DateTimeOffset Noon = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);

    public LedgerFolder()
    {
        File = new(System.IO.Path.Combine(Path, "ledger.db"));
        Keys = AuditKeys.LoadOrCreate(KeysFolder);
        Ledger = Open();
    }

    public string Path { get; } = Directory.CreateTempSubdirectory("countersign-ledger-").FullName;

    public string KeysFolder => System.IO.Path.Combine(Path, "keys");

    public LedgerFile File { get; }

    public AuditKeys Keys { get; }

    public Ledger Ledger { get; private set; }

    public Ledger Open() => Ledger.Open(File, Keys.SealKey, NullLogger<Ledger>.Instance);

    public async Task ReopenAsync()
    {
        await Ledger.DisposeAsync();
        Ledger = Open();
    }

    public static AuditEvent Event(string actor = "ann", int minute = 0) => new("test.happened", Noon.AddMinutes(minute), actor);

    public async Task AppendAsync(int count)
    {
        for (var index = 0; index < count; index++)
        {
            await Ledger.WriteAsync(transaction => transaction.Append(Event()));
        }
    }

    public async Task<string> SignAsync(TimeProvider? clock = null)
    {
        using var signer = new CheckpointSigner(Ledger, Keys, clock ?? TimeProvider.System);
        return await signer.SignAsync();
    }

    /// <summary>What an attacker with access to the file does.</summary>
    public void Tamper(string sql, params ReadOnlySpan<object?> parameters)
    {
        using var connection = new SqliteConnection($"Data Source={File.Path};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        for (var index = 0; index < parameters.Length; index++)
        {
            command.Parameters.AddWithValue($"${index + 1}", parameters[index]);
        }

        command.ExecuteNonQuery();
    }

    public AuditVerification Verify(string? against = null) => AuditVerifier.Verify(File.Path, KeysFolder, against);

    public async ValueTask DisposeAsync()
    {
        await Ledger.DisposeAsync();
        Keys.Dispose();
        Directory.Delete(Path, recursive: true);
    }
}
