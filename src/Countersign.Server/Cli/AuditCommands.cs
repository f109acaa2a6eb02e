using System.CommandLine;
using System.Text.Json;
using Countersign.Core.Audit;
using Countersign.Server.Api;
using Countersign.Server.Audit;
using Countersign.Server.Storage.Sqlite;

namespace Countersign.Server.Cli;

/// <summary>
/// The audit log from the command line. list, export and verify read the files: they work beside a running gateway and
/// without one, and an auditor needs nothing but a copy of the data folder.
/// </summary>
internal static class AuditCommands
{
    public static Command Make(AdminVerbs admin) => new("audit", "The audit log.")
    {
        List(admin),
        Export(admin),
        Verify(admin),
        admin.Verb("checkpoint", "A signed checkpoint over all that is in the log now, to keep elsewhere.", [], _ => AdminCall.Get("audit/checkpoint"), (answer, output) => output.Write(answer.Text("checkpoint"))),
    };

    private static Command List(AdminVerbs admin)
    {
        var since = Since();
        var limit = new Option<int>("--limit") { Description = "At most so many.", HelpName = "N", DefaultValueFactory = _ => 1000 };
        return admin.Verb("list", "Records, newest first. Works without a gateway.", [since, limit], async (parsed, cancellation) =>
        {
            var from = TimeOf(admin, parsed.GetValue(since));
            using var reads = Reads(admin, parsed);
            var records = new List<AuditRecordView>();
            await foreach (var record in new AuditReader(reads).ReadAsync(from, Math.Max(1, parsed.GetValue(limit)), newestFirst: true, cancellation: cancellation))
            {
                records.Add(AuditRecordView.Of(record));
            }

            if (admin.WantsJson(parsed))
            {
                await admin.Terminal.Out.WriteLineAsync(JsonSerializer.Serialize(records, JsonSerializerOptions.Web));
                return ExitCodes.Done;
            }

            Table.Write(
                admin.Terminal.Out,
                ["INDEX", "TIME", "TYPE", "ACTOR", "FACTS"],
                records.Select(record => (IReadOnlyList<string>)
                [
                    $"{record.Index}",
                    record.Time?.ToString("yyyy-MM-dd HH:mm:ss'Z'", null) ?? "?",
                    record.Type ?? "unreadable",
                    record.Actor ?? "?",
                    string.Join(' ', record.Facts.Select(fact => $"{fact.Key}={fact.Value}")),
                ]),
                "There are no records.");
            return ExitCodes.Done;
        });
    }

    private static Command Export(AdminVerbs admin)
    {
        var since = Since();
        var format = new Option<string>("--format") { Description = "jsonl ends with a signed checkpoint.", HelpName = "jsonl|csv", DefaultValueFactory = _ => "jsonl" };
        format.AcceptOnlyFromAmong("jsonl", "csv");
        return admin.Verb("export", "The whole log on standard output, oldest first. Works without a gateway.", [format, since], async (parsed, cancellation) =>
        {
            var from = TimeOf(admin, parsed.GetValue(since));
            using var reads = Reads(admin, parsed);
            using var keys = AuditKeys.Load(Path.Combine(Path.GetFullPath(admin.DataOf(parsed)), "keys"));
            var checkpoint = keys.Sign(reads.Read(connection => StoredHead.Read(connection, keys.SealKey.Span)));
            var kind = parsed.GetRequiredValue(format) == "csv" ? AuditFormat.Csv : AuditFormat.Jsonl;
            await AuditExport.WriteAsync(new AuditReader(reads), checkpoint, admin.Terminal.Out, kind, from, cancellation);
            return ExitCodes.Done;
        });
    }

    private static Command Verify(AdminVerbs admin)
    {
        var against = new Option<string?>("--against") { Description = "A file with a signed checkpoint that was kept elsewhere.", HelpName = "CHECKPOINT" };
        return admin.Verb("verify", "Verify every record, and that an older checkpoint is a prefix. Works without a gateway.", [against], async (parsed, cancellation) =>
        {
            var folder = Path.GetFullPath(admin.DataOf(parsed));
            string? note = null;
            if (parsed.GetValue(against) is { } file)
            {
                if (!File.Exists(file))
                {
                    return admin.Terminal.Fail($"--against {file}: there is no such file", ExitCodes.WrongUse);
                }

                note = LastLine(await File.ReadAllTextAsync(file, cancellation));
            }

            var answer = AuditVerifier.Verify(Path.Combine(folder, "ledger.db"), Path.Combine(folder, "keys"), note);
            if (admin.WantsJson(parsed))
            {
                await admin.Terminal.Out.WriteLineAsync(JsonSerializer.Serialize(answer, JsonSerializerOptions.Web));
            }
            else if (answer.Ok)
            {
                await admin.Terminal.Out.WriteLineAsync($"{answer.Message} root {answer.Root}");
            }

            return answer.Ok ? ExitCodes.Done : admin.Terminal.Fail(answer.Message);
        });
    }

    private static Option<string?> Since() => new("--since")
    {
        Description = "Only from this time on: 2026-11-01T12:00Z, or an age such as 15m, 2h or 7d.",
        HelpName = "T",
    };

    /// <summary>A whole export may be given: its last line is the checkpoint.</summary>
    private static string LastLine(string text) =>
        text.TrimStart().StartsWith('{') ? text.TrimEnd().Split('\n')[^1] : text;

    private static LedgerReads Reads(AdminVerbs admin, ParseResult parsed)
    {
        var file = Path.Combine(Path.GetFullPath(admin.DataOf(parsed)), "ledger.db");
        return File.Exists(file) ? new(new LedgerFile(file)) : throw new FileNotFoundException($"there is no ledger at {file} (say where the data folder is: --data DIR)");
    }

    private static DateTimeOffset? TimeOf(AdminVerbs admin, string? text) =>
        text is null ? null
        : AuditSince.TryParse(text, admin.Now, out var since) ? since
        : throw new WrongSettingException($"--since {text}: write a time such as 2026-11-01T12:00Z, or an age such as 15m, 2h or 7d");
}
