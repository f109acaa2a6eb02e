using Countersign.Server.Tests.Docs;

namespace Countersign.Server.Tests.Clients;

/// <summary>What docs/clients.md says of a client.</summary>
internal static class ClientsDocument
{
    private static readonly IReadOnlyList<(string Name, IReadOnlyList<string> Cells)> Rows = [.. Documents.Rows(Documents.Of("docs/clients.md"))];

    /// <summary>The clients of the table of what was run.</summary>
    public static IReadOnlyList<string> Clients { get; } = [.. Rows.Where(row => !IsDenial(row.Cells) && row.Cells[^1].Length == 1).Select(row => row.Name)];

    /// <summary>What the client prints first of a refusal, with URL for the repository's address.</summary>
    public static string BeginningOfDenial(string client, string command)
    {
        var column = command switch { "clone" => 0, "push before its refs" => 1, _ => 2 };
        return Rows.Single(row => row.Name == client && IsDenial(row.Cells)).Cells[column].Trim('`');
    }

    private static bool IsDenial(IReadOnlyList<string> cells) => cells.All(cell => cell.Contains("Denied", StringComparison.Ordinal));
}
