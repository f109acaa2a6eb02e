using System.Diagnostics.CodeAnalysis;

namespace Countersign.Core.Git;

/// <summary>
/// The one canonical name of a repository: <c>KEY/name</c>, the key in upper case, the name in lower case, no <c>.git</c>.
/// Every spelling that a client may use maps to this, once, before anything is decided.
/// </summary>
public sealed record RepositoryPath
{
    private const int MaxKey = 64;
    private const int MaxName = 128;

    private RepositoryPath(string workspace, string name) => (Workspace, Name) = (workspace, name);

    public string Workspace { get; }

    public string Name { get; }

    /// <summary>Takes <c>KEY/name</c> with an optional <c>.git</c>; anything else is not a repository.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out RepositoryPath? path)
    {
        path = text.Split('/') is [var workspace, var name] ? Parse(workspace, name) : null;
        return path is not null;
    }

    public static bool IsWorkspaceKey(string key) =>
        key.Length is > 0 and <= MaxKey
        && (char.IsAsciiLetterOrDigit(key[0]) || (key[0] == '~' && key.Length > 1))
        && key.AsSpan(1).IndexOfAnyExcept(KeyCharacters) < 0;

    public override string ToString() => $"{Workspace}/{Name}";

    private static readonly System.Buffers.SearchValues<char> KeyCharacters =
        System.Buffers.SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");

    private static readonly System.Buffers.SearchValues<char> NameCharacters =
        System.Buffers.SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.");

    private static RepositoryPath? Parse(string workspace, string name)
    {
        if (name.EndsWith(".git", StringComparison.OrdinalIgnoreCase))
        {
            name = name[..^4];
        }

        var valid = IsWorkspaceKey(workspace)
            && name.Length is > 0 and <= MaxName
            && char.IsAsciiLetterOrDigit(name[0])
            && name.AsSpan().IndexOfAnyExcept(NameCharacters) < 0
            && !name.Contains("..", StringComparison.Ordinal)
            && !name.EndsWith('.')
            && !name.EndsWith(".git", StringComparison.OrdinalIgnoreCase)
            && !name.EndsWith(".lock", StringComparison.OrdinalIgnoreCase);
        return valid ? new(workspace.ToUpperInvariant(), name.ToLowerInvariant()) : null;
    }
}
