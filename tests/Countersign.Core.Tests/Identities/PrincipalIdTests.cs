using Countersign.Core.Identities;

namespace Countersign.Core.Tests.Identities;

public sealed class PrincipalIdTests
{
    [Fact]
    public void It_reads_what_it_writes()
    {
        var id = new PrincipalId(new("ee882879-721c-4913-9775-3dfcce97072a"));
        Assert.True(PrincipalId.TryParse(id.ToString(), out var read));
        Assert.Equal(id, read);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("ann")]
    [InlineData("00000000000000000000000000000000")]
    [InlineData("ee882879-721c-4913-9775-3dfcce97072a")]
    public void Nothing_else_names_a_person(string? text) => Assert.False(PrincipalId.TryParse(text, out _));
}
