namespace Countersign.Server.Web;

/// <summary>One record of the audit log as the page shows it.</summary>
internal sealed record AuditLine(long Index, DateTimeOffset Time, string Type, string Actor, IReadOnlyDictionary<string, string> Facts);

/// <summary>Reads the audit log for the page; newest first.</summary>
internal interface IAuditReader
{
    /// <param name="search">Words that type, actor or a fact must contain; null for all.</param>
    /// <param name="since">Not older than this; null for all.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="cancellation">Gives up.</param>
    Task<IReadOnlyList<AuditLine>> LastAsync(string? search, DateTimeOffset? since, int limit, CancellationToken cancellation);
}
