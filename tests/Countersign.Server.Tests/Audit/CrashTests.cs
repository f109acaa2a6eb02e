using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Countersign.Core.Audit;
using Countersign.Server.Audit;
using Countersign.Server.Storage.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;

namespace Countersign.Server.Tests.Audit;

[Trait("Category", "slow")]
public sealed class CrashTests
{
    private const string VictimFolder = "COUNTERSIGN_TEST_VICTIM";
    private const int Rounds = 6;

    [Fact]
    public async Task Everything_acknowledged_before_a_kill_is_there_afterwards_and_the_log_verifies()
    {
        var folder = Directory.CreateTempSubdirectory("countersign-crash-").FullName;
        var (file, keysFolder) = (new LedgerFile(Path.Combine(folder, "ledger.db")), Path.Combine(folder, "keys"));
        using var keys = AuditKeys.LoadOrCreate(keysFolder);
        long size = 0;
        for (var round = 0; round < Rounds; round++)
        {
            var acknowledged = await KillAfterAsync(folder, RandomNumberGenerator.GetInt32(1, 1500));
            // Verified as the kill left it, before anything recovers it.
            var verified = AuditVerifier.Verify(file.Path, keysFolder);
            Assert.True(verified.Ok, verified.Message);
            Assert.True(verified.Size > acknowledged.Max(), $"acknowledged {acknowledged.Max()}, found {verified.Size}");
            Assert.True(verified.Size >= size + acknowledged.Count);
            size = verified.Size;

            await using var ledger = Ledger.Open(file, keys.SealKey, NullLogger<Ledger>.Instance);
            var (spent, latest) = await ledger.WriteAsync(transaction => (
                transaction.QueryFirst("SELECT COUNT(*) FROM spent", row => row.GetInt64(0)),
                transaction.Append(new AuditEvent("gateway.started", DateTimeOffset.UnixEpoch, "system"))));
            // Each unit of the victim is one record and one spent value: both or neither.
            Assert.Equal((size - round, size), (spent, latest));
            size++;
        }

        Directory.Delete(folder, recursive: true);
    }

    /// <summary>Not a test by itself: the process that is killed.</summary>
    [Fact(Explicit = true)]
    public async Task Victim()
    {
        var folder = Environment.GetEnvironmentVariable(VictimFolder)!;
        using var keys = AuditKeys.Load(Path.Combine(folder, "keys"));
        await using var ledger = Ledger.Open(new(Path.Combine(folder, "ledger.db")), keys.SealKey, NullLogger<Ledger>.Instance);
        await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(async () =>
        {
            while (true)
            {
                var seq = await ledger.WriteAsync(transaction =>
                {
                    var index = transaction.Append(new AuditEvent("command.decided", DateTimeOffset.UnixEpoch, "ann"));
                    transaction.Execute("INSERT INTO spent (kind, owner, value, at) VALUES ('crash', 'ann', $1, 0)", index);
                    return index;
                });
                Console.Out.WriteLine($"ack {seq.ToString(CultureInfo.InvariantCulture)}");
            }
        })));
    }

    private static async Task<List<long>> KillAfterAsync(string folder, int acknowledgements)
    {
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "Countersign.Server.Tests"))
        {
            ArgumentList = { "-explicit", "only", "-method", $"{typeof(CrashTests).FullName}.{nameof(Victim)}" },
            RedirectStandardOutput = true,
            Environment = { [VictimFolder] = folder },
        };
        using var victim = Process.Start(start)!;
        var acknowledged = new List<long>();
        while (await victim.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line.StartsWith("ack ", StringComparison.Ordinal) && long.TryParse(line.AsSpan(4), CultureInfo.InvariantCulture, out var seq))
            {
                acknowledged.Add(seq);
            }

            if (acknowledged.Count == acknowledgements)
            {
                victim.Kill(); // SIGKILL; what it had printed by then is still read
            }
        }

        await victim.WaitForExitAsync();
        return acknowledged;
    }
}
