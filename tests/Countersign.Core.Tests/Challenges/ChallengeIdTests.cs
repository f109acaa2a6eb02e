using Countersign.Core.Challenges;
using Countersign.Core.Tests.Policies;
using FsCheck.Fluent;

namespace Countersign.Core.Tests.Challenges;

public sealed class ChallengeIdTests
{
    [Fact]
    public void Any_sixteen_bytes_make_an_id_that_reads_back() =>
        Generators.Holds(Gen.Choose(0, 255).ArrayOf(16).Select(bytes => bytes.Select(value => (byte)value).ToArray()), bytes =>
        {
            var id = ChallengeId.From(bytes);
            return ChallengeId.TryParse(id.Value, out var read) && read == id
                && CommandToken.TryParse(new CommandToken(id, "042137").ToString(), out var token) && token == new CommandToken(id, "042137");
        });

    [Fact]
    public void Every_letter_depends_on_the_bytes()
    {
        var ids = Enumerable.Range(0, 256).Select(value => ChallengeId.From(Enumerable.Repeat((byte)value, 16).ToArray()).Value).ToList();
        Assert.Equal(256, ids.Distinct().Count());
        Assert.All(Enumerable.Range(0, 9).Where(place => place != 4), place => Assert.True(ids.Select(id => id[place]).Distinct().Count() > 10));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("WDJB-MJH")]
    [InlineData("WDJB-MJHTT")]
    [InlineData("WDJBMJHT-")]
    [InlineData("wdjb-mjht")]
    [InlineData("WDJA-MJHT")]
    [InlineData("WDJB_MJHT")]
    [InlineData("WDJB-MJH\n")]
    public void Nothing_else_is_an_id(string? text) => Assert.False(ChallengeId.TryParse(text, out _));

    [Theory]
    [InlineData("WDJB-MJHT")]
    [InlineData("WDJB-MJHT-")]
    [InlineData("WDJB-MJHT-4")]
    [InlineData("WDJB-MJHT-423")]
    [InlineData("WDJB-MJHT-4x")]
    [InlineData("WDJB-MJHT-\u0664\u0662")]
    [InlineData("-42")]
    [InlineData("")]
    public void Nothing_else_is_a_command_key(string text) => Assert.False(CommandToken.TryParse(text, out _));
}
