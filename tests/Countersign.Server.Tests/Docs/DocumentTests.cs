using System.CommandLine;
using Countersign.Server.Cli;

namespace Countersign.Server.Tests.Docs;

/// <summary>A document that names what is not there misleads more than none: paths, links, commands and names are looked up.</summary>
public sealed class DocumentTests
{
    private static readonly string[] Sources = ["", "src/", "src/Countersign.Server/", "src/Countersign.Core/", "tests/Countersign.Server.Tests/", "tests/Countersign.Core.Tests/"];
    private static readonly string[] SourceEndings = [".cs", ".cshtml", ".csproj", ".slnx", ".props", ".md"];

    [Fact]
    public void Files_and_folders_that_documents_name_are_there() => Check(document =>
        from span in document.Spans
        where IsPath(span) && !Exists(span)
        select span);

    [Fact]
    public void Relative_links_lead_somewhere() => Check(document =>
        from link in Documents.Links(document)
        where !LeadsSomewhere(document, link.Path, link.Fragment)
        select $"{link.Path}#{link.Fragment}");

    [Fact]
    public void Commands_that_documents_show_are_commands_of_the_program() => Check(document =>
        from line in document.Spans.Concat(document.CodeLines)
        let words = CommandIn(line)
        where words is [not "demo", ..] && Unknown(words) is not null // the demo is a program of its own
        select $"{line.Trim()} ({Unknown(words)})");

    [Fact]
    public void Options_that_documents_name_are_options_of_some_command()
    {
        var known = Commands(Root()).SelectMany(command => command.Options).Select(option => option.Name).ToHashSet(StringComparer.Ordinal);
        Check(document =>
            from span in document.Spans
            where span.StartsWith("--", StringComparison.Ordinal) && !known.Contains(span.Split(' ')[0])
            select span);
    }

    [Fact]
    public void Type_names_in_the_tour_and_the_glossary_are_types()
    {
        var types = new[] { typeof(Core.Git.GitCommand).Assembly, typeof(Gateway).Assembly }.SelectMany(assembly => assembly.GetTypes()).ToLookup(type => type.Name.Split('`')[0]);
        foreach (var document in new[] { Documents.Of("docs/a-git-push.md"), Documents.Of("docs/glossary.md") })
        {
            Documents.AssertNone(
                from span in document.Spans
                let parts = span.Split('.')
                where parts.Length <= 2 && parts.All(part => part.Length > 1 && char.IsAsciiLetterUpper(part[0]) && part.All(char.IsAsciiLetter) && part.Any(char.IsAsciiLetterLower))
                where !types[parts[0]].Any(type => parts.Length == 1 || type.GetMember(parts[1], (System.Reflection.BindingFlags)60).Length > 0)
                select $"{document}: {span}");
        }
    }

    [Fact]
    public void Line_counts_of_the_tour_are_about_right()
    {
        var rows = Documents.Rows(Documents.Of("docs/a-git-push.md")).Where(row => row.Name.EndsWith(".cs", StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(rows);
        Assert.All(rows, row =>
        {
            var lines = File.ReadAllLines(Path.Combine(Checkout.Root, Locate(row.Name).Single())).Length;
            Assert.True(int.TryParse(row.Cells[0], out var said) && Math.Abs(lines - said) <= 10 + (said / 5), $"{row.Name} has {lines} lines, not {row.Cells[0]}");
        });
    }

    [Fact]
    public void Each_document_and_each_decision_is_in_its_index()
    {
        AssertIndexed("docs/README.md", "docs");
        AssertIndexed("docs/decisions/README.md", "docs/decisions");
        var numbers = Documents.All.Select(document => document.Path).Where(path => path.StartsWith("docs/decisions/0", StringComparison.Ordinal)).Select(path => path.Split('/')[2][..4]).ToList();
        Assert.Equal(numbers.Distinct(), numbers);
    }

    private static void AssertIndexed(string index, string folder)
    {
        var linked = Documents.Links(Documents.Of(index)).Select(link => link.Path).ToHashSet(StringComparer.Ordinal);
        Documents.AssertNone(
            from document in Documents.All
            where Path.GetDirectoryName(document.Path) == folder && document.Path != index && !linked.Contains(Path.GetFileName(document.Path))
            select document.Path);
    }

    private static void Check(Func<Document, IEnumerable<string>> find) =>
        Documents.AssertNone(Documents.All.SelectMany(document => find(document).Distinct().Select(found => $"{document}: {found}")));

    /// <summary>Something of this tree: below one of its folders, or named like a source file.</summary>
    private static bool IsPath(string span) =>
        !span.Contains(' ') && !span.StartsWith('/') && !span.Contains('*') && !span.Contains(':')
        && (SourceEndings.Any(ending => span.EndsWith(ending, StringComparison.Ordinal) && span.Length > ending.Length)
            || (span.Contains('/') && Sources.Any(source => Documents.Files.Any(file => file.StartsWith($"{source}{span.Split('/')[0]}/", StringComparison.Ordinal)))));

    private static bool Exists(string span) => Locate(span).Any() || Sources.Any(source => Directory.Exists(Path.Combine(Checkout.Root, source, span)));

    /// <summary>The file by its path from the root or from a project, or by its bare name anywhere; <c>.cs</c> may be left out.</summary>
    private static IEnumerable<string> Locate(string span) =>
        Documents.Files.Where(file =>
            Sources.Any(source => file == source + span || file == $"{source}{span}.cs")
            || (!span.Contains('/') && file.EndsWith("/" + span, StringComparison.Ordinal)));

    private static bool LeadsSomewhere(Document document, string path, string fragment)
    {
        var target = path.Length == 0 ? document.Path : Path.GetRelativePath(Checkout.Root, Path.GetFullPath(Path.Combine(Checkout.Root, Path.GetDirectoryName(document.Path)!, path)));
        var full = Path.Combine(Checkout.Root, target);
        return (File.Exists(full) || Directory.Exists(full))
            && (fragment.Length == 0 || Documents.Headings(File.ReadAllText(full)).Contains(fragment));
    }

    /// <summary>The words of a call of the program; none when the line is something else.</summary>
    private static List<string> CommandIn(string line)
    {
        var text = line.Trim();
        var words = text.StartsWith("$ ", StringComparison.Ordinal) ? text[2..] : text;
        return words.Split(' ', StringSplitOptions.RemoveEmptyEntries) is ["./countersign" or "countersign", .. var rest]
            ? [.. rest.TakeWhile(word => word is not ("|" or ">" or "#" or "&&"))]
            : [];
    }

    private static string? Unknown(List<string> words)
    {
        Command command = Root();
        foreach (var word in words.Select(word => word.Trim('[', ']')))
        {
            if (word.StartsWith("--", StringComparison.Ordinal))
            {
                if (command.Options.All(option => option.Name != word.Split('=')[0]))
                {
                    return word;
                }
            }
            else if (command.Subcommands.Count > 0)
            {
                if (command.Subcommands.FirstOrDefault(sub => sub.Name == word) is not { } sub)
                {
                    return word;
                }

                command = sub;
            }
        }

        return null;
    }

    private static IEnumerable<Command> Commands(Command command) => command.Subcommands.SelectMany(Commands).Prepend(command);

    private static RootCommand Root() => CommandLine.Root(new(TextReader.Null, TextWriter.Null, TextWriter.Null, TimeProvider.System));
}
