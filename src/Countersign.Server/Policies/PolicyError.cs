namespace Countersign.Server.Policies;

/// <summary>Where a policy file is wrong: line and column (1-based) and one sentence that says what to write instead.</summary>
internal sealed record PolicyError(int Line, int Column, string Message)
{
    public override string ToString() => $"line {Line}, column {Column}: {Message}";
}

/// <summary>The errors of one file, as they are found.</summary>
internal sealed class PolicyErrors
{
    // Nobody reads more, and a hostile file could hold a million.
    private const int Most = 100;
    private readonly List<PolicyError> found = [];

    /// <summary>In the file's order.</summary>
    public IReadOnlyList<PolicyError> All => [.. found.OrderBy(error => error.Line).ThenBy(error => error.Column)];

    public bool Any => found.Count > 0;

    public void Add(PolicyNode node, string message) => Add(node.Line, node.Column, message);

    public void Add(int line, int column, string message)
    {
        if (found.Count < Most)
        {
            found.Add(new(line, column, message));
        }
    }
}
