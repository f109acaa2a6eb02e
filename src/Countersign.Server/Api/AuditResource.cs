using System.Text;
using Countersign.Core.Audit;
using Countersign.Server.Audit;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Countersign.Server.Api;

/// <param name="Index">Its place in the log, from 0.</param>
/// <param name="Type">A stable dotted name; null when the record cannot be read, which only tampering causes.</param>
internal sealed record AuditRecordView(long Index, DateTimeOffset? Time, string? Type, string? Actor, IReadOnlyDictionary<string, string> Facts)
{
    public static AuditRecordView Of(AuditRecord record) =>
        new(record.Seq, record.Event?.Time, record.Event?.Type, record.Event?.Actor, record.Event?.Facts ?? new Dictionary<string, string>());
}

/// <param name="Against">A signed checkpoint that was kept elsewhere, or the last line of an export.</param>
internal sealed record VerifyInput(string? Against = null);

/// <param name="Checkpoint">A signed note (c2sp.org/tlog-checkpoint).</param>
internal sealed record CheckpointView(string Checkpoint);

internal static class AuditResource
{
    private const int MaxRecords = 1000;

    public static void Map(RouteGroupBuilder api)
    {
        var audit = api.MapGroup("/audit").WithTags("Audit");
        audit.MapGet("", ListAsync).For(ApiAccess.Administrator)
            .WithName("listAudit").WithSummary("Records, newest first. since is a time, or an age such as 2h or 7d.");
        audit.MapGet("/export", ExportAsync).For(ApiAccess.Administrator)
            .Produces<string>(StatusCodes.Status200OK, "application/jsonl", "text/csv")
            .WithName("exportAudit").WithSummary("The log as a stream, oldest first: jsonl (with a signed checkpoint as its last line) or csv.");
        audit.MapPost("/verify", VerifyAsync).For(ApiAccess.Administrator)
            .WithName("verifyAudit").WithSummary("Verify every record, and that an older checkpoint is a prefix.");
        audit.MapGet("/checkpoint", CheckpointAsync).For(ApiAccess.Administrator)
            .WithName("auditCheckpoint").WithSummary("A signed checkpoint over all that is in the log now.");
    }

    private static async Task<Results<Ok<IReadOnlyList<AuditRecordView>>, ProblemHttpResult>> ListAsync(
        IAuditDesk audit, TimeProvider clock, CancellationToken cancellation, string? since = null, int limit = 100)
    {
        if (limit is < 1 or > MaxRecords)
        {
            return Problems.BadRequest("malformed_limit", $"limit is 1 to {MaxRecords}.");
        }

        if (!TrySince(since, clock, out var from, out var problem))
        {
            return problem!;
        }

        var views = new List<AuditRecordView>();
        await foreach (var record in audit.ReadAsync(from, limit, cancellation))
        {
            views.Add(AuditRecordView.Of(record));
        }

        return TypedResults.Ok<IReadOnlyList<AuditRecordView>>(views);
    }

    private static async Task<IResult> ExportAsync(
        HttpContext context, IAuditDesk audit, TimeProvider clock, CancellationToken cancellation, string format = "jsonl", string? since = null)
    {
        AuditFormat? kind = format switch { "jsonl" => AuditFormat.Jsonl, "csv" => AuditFormat.Csv, _ => null };
        if (kind is null)
        {
            return Problems.BadRequest("unknown_format", "format is jsonl or csv.");
        }

        if (!TrySince(since, clock, out var from, out var problem))
        {
            return problem!;
        }

        context.Response.ContentType = kind == AuditFormat.Csv ? "text/csv; charset=utf-8" : "application/jsonl";
        context.Response.Headers.ContentDisposition = $"attachment; filename=\"countersign-audit.{format}\"";
        await using var writer = new StreamWriter(context.Response.Body, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), leaveOpen: true);
        await audit.ExportAsync(writer, kind.Value, from, cancellation);
        return TypedResults.Empty;
    }

    private static async Task<Ok<AuditVerification>> VerifyAsync(VerifyInput input, IAuditDesk audit, CancellationToken cancellation) =>
        TypedResults.Ok(await audit.VerifyAsync(input.Against, cancellation));

    private static async Task<Ok<CheckpointView>> CheckpointAsync(IAuditDesk audit) =>
        TypedResults.Ok(new CheckpointView(await audit.CheckpointAsync()));

    private static bool TrySince(string? text, TimeProvider clock, out DateTimeOffset? since, out ProblemHttpResult? problem)
    {
        since = null;
        problem = null;
        if (text is null)
        {
            return true;
        }

        if (!AuditSince.TryParse(text, clock.GetUtcNow(), out var time))
        {
            problem = Problems.BadRequest("malformed_since", "since is a time such as 2026-11-01T12:00Z, or an age such as 15m, 2h or 7d.");
            return false;
        }

        since = time;
        return true;
    }
}
