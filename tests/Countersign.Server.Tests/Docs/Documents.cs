using System.Text.RegularExpressions;

namespace Countersign.Server.Tests.Docs;

/// <summary>One document: its path from the root of the tree, what stands between backticks, and the lines of its fenced blocks.</summary>
internal sealed record Document(string Path, string Text, IReadOnlyList<string> Spans, IReadOnlyList<string> CodeLines)
{
    public override string ToString() => Path;
}

/// <summary>The documents of the tree, taken apart.</summary>
internal static partial class Documents
{
    public static IReadOnlyList<Document> All { get; } =
    [
        .. Directory.EnumerateFiles(Checkout.Root, "*.md").Concat(Directory.EnumerateFiles(Path.Combine(Checkout.Root, "docs"), "*.md", SearchOption.AllDirectories))
            .Order(StringComparer.Ordinal).Select(Read),
    ];

    public static Document Of(string path) => All.Single(document => document.Path == path);

    /// <summary>Every file of the tree that is kept, by its path from the root with forward slashes.</summary>
    public static IReadOnlySet<string> Files { get; } = FindFiles();

    /// <summary>The cells of every table row whose first cell is a span: the span, then the other cells as text.</summary>
    public static IEnumerable<(string Name, IReadOnlyList<string> Cells)> Rows(Document document) =>
        from line in document.Text.Split('\n')
        let cells = line.Trim().Trim('|').Split('|').Select(cell => cell.Trim()).ToList()
        where line.StartsWith("| `", StringComparison.Ordinal) && Span().IsMatch(cells[0])
        select (Span().Match(cells[0]).Groups[1].Value, (IReadOnlyList<string>)cells[1..]);

    public static IEnumerable<string> SpansOf(string text) => Span().Matches(text).Select(match => match.Groups[1].Value);

    /// <summary>Targets of links: relative path and fragment.</summary>
    public static IEnumerable<(string Path, string Fragment)> Links(Document document) =>
        from match in Link().Matches(Fence().Replace(document.Text, ""))
        let target = match.Groups[1].Value
        where !target.Contains("://", StringComparison.Ordinal)
        select target.Split('#') is [var path, var fragment] ? (path, fragment) : (target, "");

    /// <summary>The fragments that a document's headings can be linked by.</summary>
    public static IEnumerable<string> Headings(string text) =>
        from line in Fence().Replace(text, "").Split('\n')
        where line.StartsWith('#')
        select NotInFragment().Replace(line.TrimStart('#').Trim().ToLowerInvariant(), "").Replace(' ', '-');

    /// <summary>Fails with every complaint on a line of its own, uncut.</summary>
    public static void AssertNone(IEnumerable<string> complaints)
    {
        var all = complaints.ToList();
        Assert.True(all.Count == 0, "\n" + string.Join('\n', all));
    }

    private static Document Read(string file)
    {
        var text = File.ReadAllText(file);
        var blocks = Fence().Matches(text).SelectMany(match => match.Groups[1].Value.Split('\n'));
        return new(Path.GetRelativePath(Checkout.Root, file), text, [.. SpansOf(Fence().Replace(text, ""))], [.. blocks]);
    }

    private static HashSet<string> FindFiles()
    {
        var files = new HashSet<string>(StringComparer.Ordinal);
        var folders = new Stack<DirectoryInfo>([new(Checkout.Root)]);
        while (folders.TryPop(out var folder))
        {
            files.UnionWith(folder.EnumerateFiles().Select(file => Path.GetRelativePath(Checkout.Root, file.FullName).Replace('\\', '/')));
            foreach (var inner in folder.EnumerateDirectories().Where(inner => inner.Name is not ("bin" or "obj" or ".git" or ".peers" or "data" or "node_modules")))
            {
                folders.Push(inner);
            }
        }

        return files;
    }

    [GeneratedRegex("`([^`\n]+)`")]
    private static partial Regex Span();

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex("^```[a-z]*\n(.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fence();

    [GeneratedRegex("[^a-z0-9 _-]")]
    private static partial Regex NotInFragment();
}
