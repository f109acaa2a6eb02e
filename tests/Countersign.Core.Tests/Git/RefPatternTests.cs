using Countersign.Core.Git;
using static Countersign.Core.Tests.Policies.World;

namespace Countersign.Core.Tests.Git;

public sealed class RefPatternTests
{
    [Theory]
    [InlineData("main", "refs/heads/main", true)]
    [InlineData("main", "refs/tags/main", false)]
    [InlineData("main", "refs/heads/Main", false)]
    [InlineData("main", "refs/heads/main2", false)]
    [InlineData("main", "refs/heads/x/main", false)]
    [InlineData("refs/heads/main", "refs/heads/main", true)]
    [InlineData("refs/heads/main", "refs/heads/refs/heads/main", false)]
    [InlineData("*", "refs/heads/topic", true)]
    [InlineData("*", "refs/heads/topic/one", false)]
    [InlineData("**", "refs/heads/topic/one", true)]
    [InlineData("**", "refs/tags/v1", false)]
    [InlineData("release/*", "refs/heads/release/1", true)]
    [InlineData("release/*", "refs/heads/release/1/2", false)]
    [InlineData("release/*", "refs/heads/release", false)]
    [InlineData("release/**", "refs/heads/release/1/2", true)]
    [InlineData("release/**", "refs/heads/release", false)]
    [InlineData("release/**", "refs/heads/release2/x", false)]
    [InlineData("rel*-v*", "refs/heads/release-v2", true)]
    [InlineData("a/**/b", "refs/heads/a/b", true)]
    [InlineData("a/**/b", "refs/heads/a/x/y/b", true)]
    [InlineData("a/**/b", "refs/heads/ab", false)]
    [InlineData("refs/tags/v1.*", "refs/tags/v1.2", true)]
    [InlineData("refs/tags/v1.*", "refs/tags/v1x2", false)]
    [InlineData("refs/**", "refs/notes/commits", true)]
    [InlineData("$main+(x)", "refs/heads/$main+(x)", true)]
    public void Patterns_match_as_git_people_expect(string pattern, string name, bool matches) =>
        Assert.Equal(matches, Refs(pattern).Matches(Ref(name)));

    [Theory]
    [InlineData("")]
    [InlineData("tags/v1")]
    [InlineData("heads/main")]
    [InlineData("a..b")]
    [InlineData("/main")]
    [InlineData("main/")]
    [InlineData("a//b")]
    [InlineData("ma?n")]
    [InlineData("[m]ain")]
    [InlineData("{main,dev}")]
    [InlineData("!main")]
    [InlineData("ma\\in")]
    [InlineData("ma in")]
    [InlineData("main\n")]
    [InlineData("x***")]
    [InlineData("main.lock")]
    [InlineData("refs/")]
    public void A_pattern_that_could_never_match_or_means_something_else_is_refused(string text)
    {
        Assert.False(RefPattern.TryParse(text, out var pattern, out var error));
        Assert.Null(pattern);
        Assert.NotEmpty(error);
    }

    [Fact]
    public void A_pattern_has_an_end() => Assert.False(RefPattern.TryParse(new string('a', 257), out _, out _));

    [Fact]
    public void Patterns_are_equal_by_what_they_mean()
    {
        Assert.Equal(Refs("main"), Refs("refs/heads/main"));
        Assert.Equal(Refs("main").GetHashCode(), Refs("refs/heads/main").GetHashCode());
        Assert.NotEqual(Refs("main"), Refs("Main"));
        Assert.Equal("refs/heads/main", Refs("main").ToString());
        Assert.True(Refs("refs/**").MatchesEverything);
        Assert.False(Refs("**").MatchesEverything);
    }

    // Backtracking would take longer than the universe here; the suite would hang.
    [Fact]
    public void Attack_a_pattern_full_of_wildcards_costs_no_more_than_its_length()
    {
        var pattern = Refs(string.Concat(Enumerable.Repeat("*a**a", 50)) + "b");
        Assert.False(pattern.Matches(Ref("refs/heads/" + new string('a', 1000))));
    }
}
