namespace Countersign.Core.Audit;

/// <summary>One thing that happened, before it gets its place in the log.</summary>
/// <param name="Type">A stable dotted name, for example <c>command.decided</c>.</param>
/// <param name="Time">When, in UTC.</param>
/// <param name="Actor">Who did it: a person's canonical name, <c>system</c>, or <c>local administrator</c>.</param>
public sealed record AuditEvent(string Type, DateTimeOffset Time, string Actor)
{
    /// <summary>Further facts by stable snake_case names; no secret is ever among them. Written in ordinal order of the names.</summary>
    public IReadOnlyDictionary<string, string> Facts { get; init; } = new SortedDictionary<string, string>(StringComparer.Ordinal);
}
