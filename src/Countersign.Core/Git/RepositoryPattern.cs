using System.Diagnostics.CodeAnalysis;

namespace Countersign.Core.Git;

/// <summary>
/// A repository pattern of a policy rule: <c>ACME/core</c>, <c>ACME/*</c>, or <c>*</c> (also <c>*/*</c>) for all. Spelled
/// like <see cref="RepositoryPath"/>: whatever case and ending the author used, the same repository is meant.
/// </summary>
public sealed record RepositoryPattern
{
    private RepositoryPattern(string? workspace, string? name) => (Workspace, Name) = (workspace, name);

    /// <summary>The key of the workspace; null for every workspace.</summary>
    public string? Workspace { get; }

    /// <summary>The name of the repository; null for every repository.</summary>
    public string? Name { get; }

    public bool Matches(RepositoryPath path) =>
        (Workspace is null || Workspace == path.Workspace) && (Name is null || Name == path.Name);

    public static bool TryParse(string text, [NotNullWhen(true)] out RepositoryPattern? pattern, [NotNullWhen(false)] out string? error)
    {
        pattern = text.Split('/') switch
        {
            ["*"] or ["*", "*"] => new(null, null),
            [var key, "*"] when RepositoryPath.IsWorkspaceKey(key) => new(key.ToUpperInvariant(), null),
            _ when RepositoryPath.TryParse(text, out var path) => new(path.Workspace, path.Name),
            _ => null,
        };
        error = pattern is null ? "write KEY/repository, KEY/* or *" : null;
        return pattern is not null;
    }

    public override string ToString() => $"{Workspace ?? "*"}/{Name ?? "*"}";
}
