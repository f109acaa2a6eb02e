namespace Countersign.Server.Policies;

/// <summary>A piece of the file with its place, for errors.</summary>
internal abstract record PolicyNode(int Line, int Column)
{
    public abstract string Description { get; }
}

/// <param name="Line">1-based.</param>
/// <param name="Column">1-based.</param>
/// <param name="Value">The text.</param>
/// <param name="IsPlain">Written without quotes: only then it can be a number or true/false.</param>
internal sealed record PolicyScalar(int Line, int Column, string Value, bool IsPlain) : PolicyNode(Line, Column)
{
    public override string Description => Value.Length == 0 ? "nothing" : $"'{Shown(Value)}'";

    /// <summary>Printable and short, whatever the file holds.</summary>
    public static string Shown(string text)
    {
        var printable = string.Concat(text.Take(40).Select(letter => char.IsControl(letter) || char.IsSurrogate(letter) ? '?' : letter));
        return text.Length > 40 ? printable + "..." : printable;
    }
}

internal sealed record PolicyList(int Line, int Column, IReadOnlyList<PolicyNode> Items) : PolicyNode(Line, Column)
{
    public override string Description => "a list";
}

internal sealed record PolicyMap(int Line, int Column, IReadOnlyList<(PolicyScalar Key, PolicyNode Value)> Entries) : PolicyNode(Line, Column)
{
    public override string Description => "keys and values";
}
