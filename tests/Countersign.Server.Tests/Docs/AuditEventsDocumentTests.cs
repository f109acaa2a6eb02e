using System.Reflection;
using Countersign.Server.Audit;
using Countersign.Server.People;

namespace Countersign.Server.Tests.Docs;

/// <summary>docs/audit-events.md, AuditTypes and the code that writes records say the same.</summary>
public sealed class AuditEventsDocumentTests
{
    private static readonly IReadOnlyDictionary<string, string> Types = typeof(AuditTypes)
        .GetFields(BindingFlags.Public | BindingFlags.Static).ToDictionary(field => (string)field.GetRawConstantValue()!, field => field.Name);

    private static readonly Lazy<string> Sources = new(() => string.Concat(
        from file in Documents.Files
        where file.StartsWith("src/Countersign.Server/", StringComparison.Ordinal) && file.EndsWith(".cs", StringComparison.Ordinal) && !file.EndsWith("/AuditTypes.cs", StringComparison.Ordinal)
        select File.ReadAllText(Path.Combine(Checkout.Root, file))));

    [Fact]
    public void Every_event_is_described_and_every_described_event_exists() =>
        Assert.Equal(Types.Keys.Order(StringComparer.Ordinal), Documents.Rows(Documents.Of("docs/audit-events.md")).Select(row => row.Name).Order(StringComparer.Ordinal));

    [Fact]
    public void Every_event_is_written_somewhere() =>
        Assert.All(Types.Values, name => Assert.Contains($"AuditTypes.{name}", Sources.Value, StringComparison.Ordinal));

    [Fact]
    public void Every_described_fact_is_written_somewhere() => Documents.AssertNone(
        from row in Documents.Rows(Documents.Of("docs/audit-events.md"))
        from fact in Documents.SpansOf(row.Cells[^1])
        where !Sources.Value.Contains($"\"{fact}\"", StringComparison.Ordinal)
        select $"{row.Name}: {fact}");

    [Fact]
    public void Every_event_that_a_person_is_told_of_is_listed_and_every_listed_one_is_told()
    {
        var text = Documents.Of("docs/audit-events.md").Text;
        var start = text.IndexOf("## What the person is told", StringComparison.Ordinal);
        var listed = Documents.SpansOf(text[start..text.IndexOf("\n## ", start + 1, StringComparison.Ordinal)]).Where(Types.ContainsKey);
        string[] elsewhere = [AuditTypes.ChallengeDenied, AuditTypes.ChallengeLimited, AuditTypes.CredentialReported, AuditTypes.MemberAdded, AuditTypes.SessionStarted];
        Assert.Equal(News.Types.Concat(elsewhere).Order(StringComparer.Ordinal), listed.Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Events_that_other_documents_name_exist()
    {
        var families = Types.Keys.Select(type => type.Split('.')[0]).ToHashSet(StringComparer.Ordinal);
        Documents.AssertNone(
            from document in Documents.All
            from span in document.Spans
            where span.Split('.') is [var family, var what] && families.Contains(family) && what.All(letter => letter is (>= 'a' and <= 'z') or '_') && what is not ("yaml" or "sock" or "db")
            where !Types.ContainsKey(span)
            select $"{document}: {span}");
    }
}
