using Countersign.Core.Git;

namespace Countersign.Server.Upstreams.LocalRepositories;

/// <summary>Makes one line of what git wrote to standard error.</summary>
internal static class GitErrors
{
    private const int MaxLength = 200;

    /// <summary>The first <c>fatal:</c> or <c>error:</c> line, else the first line; every absolute path in it is left out.</summary>
    public static string Summarize(string errors)
    {
        var lines = errors.Split(['\n', '\r'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var line = lines.FirstOrDefault(line => line.StartsWith("fatal:", StringComparison.Ordinal))
            ?? lines.FirstOrDefault(line => line.StartsWith("error:", StringComparison.Ordinal))
            ?? lines.FirstOrDefault()
            ?? "";
        var clean = TerminalText.Line(string.Join(' ', line.Split(' ').Select(WithoutPath)));
        return clean.Length > MaxLength ? clean[..MaxLength] : clean;
    }

    private static string WithoutPath(string word) => word.TrimStart('\'', '"', '(').StartsWith('/') ? "[path]" : word;
}
