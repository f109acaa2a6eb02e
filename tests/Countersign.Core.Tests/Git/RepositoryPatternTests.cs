using Countersign.Core.Git;
using static Countersign.Core.Tests.Policies.World;

namespace Countersign.Core.Tests.Git;

public sealed class RepositoryPatternTests
{
    [Theory]
    [InlineData("acme/CORE.git", "ACME/core", true)]
    [InlineData("ACME/core", "ACME/core2", false)]
    [InlineData("ACME/core", "OTHER/core", false)]
    [InlineData("acme/*", "ACME/anything", true)]
    [InlineData("ACME/*", "ACME2/anything", false)]
    [InlineData("~ann/*", "~ann/notes", true)]
    [InlineData("*/*", "ACME/core", true)]
    [InlineData("*", "ACME/core", true)]
    public void Patterns_are_spelled_like_repositories(string pattern, string path, bool matches) =>
        Assert.Equal(matches, Repositories(pattern).Matches(Path(path)));

    [Theory]
    [InlineData("acme/CORE.git", "ACME/core")]
    [InlineData("acme/*", "ACME/*")]
    [InlineData("*", "*/*")]
    public void They_have_one_canonical_spelling(string text, string canonical)
    {
        Assert.Equal(canonical, Repositories(text).ToString());
        Assert.Equal(Repositories(canonical), Repositories(text));
    }

    [Theory]
    [InlineData("")]
    [InlineData("ACME")]
    [InlineData("ACME/")]
    [InlineData("ACME/web-*")]
    [InlineData("*/core")]
    [InlineData("AC*/core")]
    [InlineData("ACME/core/x")]
    [InlineData("ACME/**")]
    [InlineData("../x")]
    public void Anything_else_is_refused_with_what_to_write(string text)
    {
        Assert.False(RepositoryPattern.TryParse(text, out _, out var error));
        Assert.Contains("KEY/*", error, StringComparison.Ordinal);
    }
}
