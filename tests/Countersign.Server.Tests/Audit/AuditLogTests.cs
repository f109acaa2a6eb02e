using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text;
using Countersign.Server.Audit;
using Countersign.Server.Storage.Sqlite;
using Countersign.Server.Tests.Fixtures;
using Countersign.Server.Tests.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Countersign.Server.Tests.Audit;

public sealed class AuditLogTests : IAsyncDisposable
{
    private readonly LedgerFolder folder = new();
    private readonly FakeClock clock = new(LedgerFolder.Noon);
    private readonly CheckpointSigner signer;
    private readonly AuditLog log;

    public AuditLogTests()
    {
        signer = new(folder.Ledger, folder.Keys, clock);
        log = new(folder.Ledger, signer);
    }

    [Fact]
    public async Task Appending_answers_the_index()
    {
        Assert.Equal(0, await log.AppendAsync(LedgerFolder.Event()));
        Assert.Equal(1, await log.AppendAsync(LedgerFolder.Event()));
    }

    [Fact]
    public async Task An_export_is_verified_with_nothing_but_sha256_and_the_public_key()
    {
        await folder.AppendAsync(1234);
        var lines = (await ExportAsync(AuditFormat.Jsonl)).TrimEnd('\n').Split('\n');
        Assert.Equal(1235, lines.Length);

        var note = JsonDocument.Parse(lines[^1]).RootElement.GetProperty("checkpoint").GetString()!;
        var parts = note.Split('\n');
        Assert.Equal(["1234", Root(lines[..^1])], parts[1..3]);
        using var key = ECDsa.Create();
        key.ImportFromPem(log.PublicKeyPem);
        var signature = Convert.FromBase64String(parts[4].Split(' ')[2])[4..];
        var text = Encoding.UTF8.GetBytes(string.Join('\n', parts[..3]) + "\n");
        Assert.True(key.VerifyData(text, signature, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence));
    }

    [Fact]
    public async Task The_last_line_of_an_export_is_good_for_verifying_against()
    {
        await folder.AppendAsync(3);
        var last = (await ExportAsync(AuditFormat.Jsonl)).TrimEnd('\n').Split('\n')[^1];
        await folder.AppendAsync(3);
        Assert.True(folder.Verify(last).Ok);
    }

    [Fact]
    public async Task An_event_stays_one_line_whatever_its_bytes_were()
    {
        await log.AppendAsync(new("credential.rejected", LedgerFolder.Noon, "eve\r\n{\"seq\":1}\u2028\u0085\0\ud800")
        {
            Facts = new Dictionary<string, string> { ["agent"] = "git/2\n=cmd|' /C calc'!A0" },
        });
        var jsonl = await ExportAsync(AuditFormat.Jsonl);
        Assert.Equal(2, jsonl.Count(c => c == '\n'));
        Assert.DoesNotContain(jsonl, c => c is not '\n' and (< ' ' or > '~'));
        var csv = await ExportAsync(AuditFormat.Csv);
        Assert.Equal(2, csv.Count(c => c == '\n'));
        Assert.Equal(3, csv.Split("\r\n").Length);
    }

    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("a,b", "\"a,b\"")]
    [InlineData("say \"x\"", "\"say \"\"x\"\"\"")]
    [InlineData("=1+1", "\"'=1+1\"")]
    [InlineData("+1", "\"'+1\"")]
    [InlineData("-1", "\"'-1\"")]
    [InlineData("@SUM(A1)", "\"'@SUM(A1)\"")]
    [InlineData("\t=1", "\"'\\u0009=1\"")]
    [InlineData("\r=1", "\"'\\u000d=1\"")]
    [InlineData("\uff1d1", "\"'\uff1d1\"")]
    [InlineData("a\u202eb", "a\\u202eb")]
    [InlineData("Jörg", "Jörg")]
    [InlineData("", "")]
    public void A_csv_cell_is_safe_to_open(string text, string cell) => Assert.Equal(cell, AuditCsv.Cell(text));

    [Fact]
    public async Task A_csv_export_has_a_header_and_a_row_each()
    {
        await log.AppendAsync(new("command.decided", LedgerFolder.Noon, "=ann") { Facts = new Dictionary<string, string> { ["a"] = "b" } });
        Assert.Equal(
            "seq,time,type,actor,facts\r\n0,2026-11-22T12:00:00.000Z,command.decided,\"'=ann\",\"{\"\"a\"\":\"\"b\"\"}\"\r\n",
            await ExportAsync(AuditFormat.Csv));
    }

    [Fact]
    public async Task Reading_goes_both_ways_with_a_limit_over_many_pages()
    {
        await folder.AppendAsync(1203);
        Assert.Equal(Enumerable.Range(0, 1203).Select(n => (long)n), await SeqsAsync(null, null, newestFirst: false));
        Assert.Equal(Enumerable.Range(0, 1203).Select(n => (long)n).Reverse(), await SeqsAsync(null, null, newestFirst: true));
        Assert.Equal([1202, 1201], await SeqsAsync(null, 2, newestFirst: true));
        Assert.Equal([0, 1], await SeqsAsync(null, 2, newestFirst: false));
        Assert.Empty(await SeqsAsync(null, 0, newestFirst: false));
    }

    [Fact]
    public async Task Since_finds_every_later_event_whatever_the_clock_did_between_checkpoints()
    {
        // A clock that ran ahead, was signed so, and was set back.
        int[] minutes = [0, 5, 60, 10, 15, 20];
        foreach (var minute in minutes)
        {
            clock.Advance(LedgerFolder.Noon.AddMinutes(minute) - clock.GetUtcNow());
            await log.AppendAsync(LedgerFolder.Event(minute: minute));
            await log.CurrentCheckpointAsync();
        }

        foreach (var since in Enumerable.Range(0, 62))
        {
            var expected = minutes.Select((minute, seq) => (minute, seq)).Where(pair => pair.minute >= since).Select(pair => (long)pair.seq).ToList();
            Assert.Equal(expected, await SeqsAsync(LedgerFolder.Noon.AddMinutes(since), null, newestFirst: false));
            expected.Reverse();
            Assert.Equal(expected, await SeqsAsync(LedgerFolder.Noon.AddMinutes(since), null, newestFirst: true));
        }
    }

    [Fact]
    public async Task A_tampered_record_is_shown_and_exported_on_a_line_of_its_own()
    {
        await folder.AppendAsync(3);
        folder.Tamper("UPDATE audit SET body = $1 WHERE seq = 1", Encoding.ASCII.GetBytes("two\nlines"));
        var jsonl = await ExportAsync(AuditFormat.Jsonl);
        Assert.Equal(4, jsonl.Count(c => c == '\n'));
        Assert.Contains("{\"unreadable\":1,", jsonl, StringComparison.Ordinal);
        Assert.Contains("(unreadable)", await ExportAsync(AuditFormat.Csv), StringComparison.Ordinal);
        Assert.Equal([0, 1, 2], await SeqsAsync(LedgerFolder.Noon, null, newestFirst: false));
    }

    [Fact]
    public async Task The_registrations_start_a_log_sign_it_and_stop()
    {
        var data = Path.Combine(folder.Path, "data");
        var options = new GatewayOptions { Data = data, Http = new(System.Net.IPAddress.Loopback, 0), Url = new("http://localhost") };
        using (var host = Build(options))
        {
            await host.StartAsync(TestContext.Current.CancellationToken);
            await host.Services.GetRequiredService<AuditLog>().AppendAsync(LedgerFolder.Event());
            await host.StopAsync(TestContext.Current.CancellationToken);
        }

        // A clean stop leaves one complete file, good for copying.
        Assert.Equal(["keys", "ledger.db"], Directory.GetFileSystemEntries(data).Select(Path.GetFileName).Order());
        var verified = AuditVerifier.Verify(options.LedgerFile, options.KeysFolder);
        Assert.Equal((true, 1), (verified.Ok, verified.Size));

        // Beside an old ledger, lost keys are an error and are not made anew.
        Directory.Delete(options.KeysFolder, recursive: true);
        using var again = Build(options);
        Assert.Throws<AuditKeyException>(again.Services.GetRequiredService<Ledger>);
        Assert.False(Directory.Exists(options.KeysFolder));
    }

    public async ValueTask DisposeAsync()
    {
        signer.Dispose();
        await folder.DisposeAsync();
    }

    private static IHost Build(GatewayOptions options)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddSingleton(options).AddSingleton(TimeProvider.System).AddAudit().AddLedger();
        return builder.Build();
    }

    private async Task<string> ExportAsync(AuditFormat format, DateTimeOffset? since = null)
    {
        await using var writer = new StringWriter(CultureInfo.InvariantCulture);
        await log.ExportAsync(writer, format, since);
        return writer.ToString();
    }

    private async Task<List<long>> SeqsAsync(DateTimeOffset? since, int? limit, bool newestFirst)
    {
        var seqs = new List<long>();
        await foreach (var record in log.ReadAsync(since, limit, newestFirst))
        {
            seqs.Add(record.Seq);
        }

        return seqs;
    }

    /// <summary>As an auditor would write it, from docs/audit.md alone.</summary>
    private static string Root(IEnumerable<string> lines)
    {
        var level = lines.Select(line => SHA256.HashData([0, .. Encoding.ASCII.GetBytes(line)])).ToList();
        while (level.Count > 1)
        {
            level = [.. level.Chunk(2).Select(pair => pair is [var left, var right] ? SHA256.HashData([1, .. left, .. right]) : pair[0])];
        }

        return Convert.ToBase64String(level[0]);
    }
}
