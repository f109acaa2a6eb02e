using Countersign.Core.Git;

namespace Countersign.Core.Tests.Git;

public sealed class GitProtocolHeaderTests
{
    [Theory]
    [InlineData(null, 0)]
    [InlineData("", 0)]
    [InlineData("version=0", 0)]
    [InlineData("version=1", 1)]
    [InlineData("version=2", 2)]
    [InlineData("object-format=sha256:version=2", 2)]
    [InlineData("version=1:version=2", 2)] // as git itself: the highest
    [InlineData("version=3", 0)]
    [InlineData("version=22", 0)]
    [InlineData("Version=2", 0)]
    [InlineData(" version=2", 0)]
    [InlineData("version=2\n", 0)]
    [InlineData("version=2;rm -rf", 0)]
    [InlineData("version=2, version=1", 0)]
    [InlineData("$(id)", 0)]
    public void Only_the_known_versions_count(string? value, int expected) => Assert.Equal(expected, GitProtocolHeader.Parse(value));

    [Fact]
    public void A_value_without_end_counts_for_nothing() => Assert.Equal(0, GitProtocolHeader.Parse("version=2:" + new string(':', 100_000)));
}
