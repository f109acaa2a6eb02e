using Countersign.Core.Git;

namespace Countersign.Server.Web.Views;

/// <summary>One ref of a push as a row: what it is called, what happens to it, and whether that loses something.</summary>
internal sealed record RefRow(RefUpdate Update)
{
    public string Kind =>
        Update.Name.Value.StartsWith("refs/heads/", StringComparison.Ordinal) ? "branch"
        : Update.Name.Value.StartsWith("refs/tags/", StringComparison.Ordinal) ? "tag"
        : "ref";

    public string Name => VisibleText.Of(Update.Name.DisplayName);

    public bool Deletes => Update.Change == RefChange.Delete;

    public bool Forces => Update.Forced == true;

    /// <summary>Nobody could look: the repository is at another Git host.</summary>
    public bool MayForce => Update is { Change: RefChange.Update, Forced: null };

    public bool IsDangerous => Deletes || Forces;

    /// <summary>The mark beside the name; null for an ordinary update.</summary>
    public string? Mark => Deletes ? "deleted" : Forces ? "forced" : MayForce ? "may be forced" : Update.Change == RefChange.Create ? "new" : null;

    public string? Old => Update.Old.IsZero ? null : Update.Old.Abbreviated;

    public string? New => Update.New.IsZero ? null : Update.New.Abbreviated;

    public string? Commits => Update.Commits switch
    {
        null or 0 => null,
        1 => "1 commit",
        var many => $"{many} commits",
    };

    public static IReadOnlyList<RefRow> InOrderOfDanger(IEnumerable<RefUpdate> updates) =>
        [.. RefUpdate.InOrderOfDanger(updates).Select(update => new RefRow(update))];

    /// <summary>"20 refs: 1 deleted, 2 forced"; the count is there however many rows are folded away.</summary>
    public static string Summary(IReadOnlyList<RefRow> rows)
    {
        var dangers = new List<string>();
        AddCount(dangers, rows.Count(row => row.Deletes), "deleted");
        AddCount(dangers, rows.Count(row => row is { Deletes: false, Forces: true }), "forced");
        AddCount(dangers, rows.Count(row => row.MayForce), "may be forced");
        var count = rows.Count == 1 ? "1 ref" : $"{rows.Count} refs";
        return dangers.Count == 0 ? count : $"{count}: {string.Join(", ", dangers)}";
    }

    private static void AddCount(List<string> dangers, int count, string word)
    {
        if (count > 0)
        {
            dangers.Add($"{count} {word}");
        }
    }
}
