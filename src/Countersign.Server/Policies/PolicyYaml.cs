using System.Text;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Countersign.Server.Policies;

/// <summary>
/// YAML, but only what a policy needs: one document of keys, lists and scalars. Anchors, aliases and tags are refused, because
/// a reviewer must be able to read a rule where it stands; depth and size are bounded before anything is built.
/// </summary>
internal static class PolicyYaml
{
    public const int MaxBytes = 1024 * 1024;
    private const int MaxDepth = 8;

    /// <returns>The document's root; null when an error was added.</returns>
    public static PolicyNode? Read(string yaml, PolicyErrors errors)
    {
        if (Encoding.UTF8.GetByteCount(yaml) > MaxBytes)
        {
            errors.Add(1, 1, "the file is larger than 1 MiB");
            return null;
        }

        if (yaml.EnumerateRunes().Any(rune => rune == Rune.ReplacementChar))
        {
            errors.Add(1, 1, "the file is not Unicode text");
            return null;
        }

        var parser = new Parser(new StringReader(yaml));
        try
        {
            return Document(parser);
        }
        catch (YamlException fault)
        {
            var (line, column) = fault.Message.Contains("tab", StringComparison.Ordinal) ? FirstTab(yaml) : ((int)fault.Start.Line, (int)fault.Start.Column);
            errors.Add(Math.Max(1, line), Math.Max(1, column), fault.Message.ReplaceLineEndings(" ").Trim());
            return null;
        }
        catch (InvalidOperationException)
        {
            // The scanner gives up this way on some texts that are no YAML.
            errors.Add((int)Math.Max(1, parser.Current?.End.Line ?? 1), (int)Math.Max(1, parser.Current?.End.Column ?? 1), "what follows is not YAML");
            return null;
        }
    }

    // The scanner blames the start of the block, not the tab.
    private static (int Line, int Column) FirstTab(string yaml)
    {
        var lines = yaml.ReplaceLineEndings("\n").Split('\n');
        var line = Array.FindIndex(lines, each => each.TrimStart(' ').StartsWith('\t'));
        return line < 0 ? (1, 1) : (line + 1, lines[line].IndexOf('\t', StringComparison.Ordinal) + 1);
    }

    private static PolicyNode Document(Parser parser)
    {
        parser.Consume<StreamStart>();
        if (parser.Accept<StreamEnd>(out var end))
        {
            throw Fault(end, "the file is empty; a policy needs version and rules");
        }

        parser.Consume<DocumentStart>();
        var root = Node(parser, depth: 0);
        parser.Consume<DocumentEnd>();
        return parser.Accept<DocumentStart>(out var second) ? throw Fault(second, "one file holds one policy: remove the second document") : root;
    }

    private static PolicyNode Node(Parser parser, int depth)
    {
        if (parser.Accept<AnchorAlias>(out var alias))
        {
            throw Fault(alias, "aliases (*name) are not allowed; write the value out, and names with * in quotes");
        }

        if (parser.Accept<NodeEvent>(out var node) && (!node.Anchor.IsEmpty || !node.Tag.IsEmpty))
        {
            throw Fault(node, "anchors (&name) and tags (!name) are not allowed");
        }

        if (depth > MaxDepth)
        {
            throw Fault(parser.Current!, "this is nested too deeply");
        }

        if (parser.TryConsume<Scalar>(out var scalar))
        {
            return Text(scalar);
        }

        return parser.Accept<SequenceStart>(out _) ? Items(parser, depth) : Entries(parser, depth);
    }

    private static PolicyList Items(Parser parser, int depth)
    {
        var start = parser.Consume<SequenceStart>().Start;
        var items = new List<PolicyNode>();
        while (!parser.TryConsume<SequenceEnd>(out _))
        {
            items.Add(Node(parser, depth + 1));
        }

        return new((int)start.Line, (int)start.Column, items);
    }

    private static PolicyMap Entries(Parser parser, int depth)
    {
        var start = parser.Consume<MappingStart>().Start;
        var entries = new List<(PolicyScalar, PolicyNode)>();
        while (!parser.TryConsume<MappingEnd>(out _))
        {
            var place = parser.Current!;
            entries.Add((Node(parser, depth + 1) as PolicyScalar ?? throw Fault(place, "a key must be a word"), Node(parser, depth + 1)));
        }

        return new((int)start.Line, (int)start.Column, entries);
    }

    private static PolicyScalar Text(Scalar scalar) =>
        new((int)scalar.Start.Line, (int)scalar.Start.Column, scalar.Value, scalar.Style == ScalarStyle.Plain);

    private static YamlException Fault(ParsingEvent place, string message) => new(place.Start, place.End, message);
}
