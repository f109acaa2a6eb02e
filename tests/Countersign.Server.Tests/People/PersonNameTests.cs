using Countersign.Server.People;

namespace Countersign.Server.Tests.People;

public sealed class PersonNameTests
{
    [Theory]
    [InlineData("ann", "ann")]
    [InlineData("  Ann\t", "ann")]
    [InlineData("ANN.B_c-1", "ann.b_c-1")]
    [InlineData("7up", "7up")]
    public void Every_spelling_of_a_name_is_one_name(string typed, string expected)
    {
        Assert.True(PersonName.TryParse(typed, out var name));
        Assert.Equal(expected, name);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("   ")]
    [InlineData(".ann")]
    [InlineData("-rf")]
    [InlineData("an n")]
    [InlineData("ann\0")]
    [InlineData("аnn")] // a Cyrillic a
    [InlineData("ann\u200b")]
    [InlineData("ann/../root")]
    [InlineData("\ud800")]
    public void What_could_pass_for_another_name_is_none(string? typed) => Assert.False(PersonName.TryParse(typed, out _));

    [Fact]
    public void A_name_has_at_most_64_characters()
    {
        Assert.True(PersonName.TryParse(new string('a', 64), out _));
        Assert.False(PersonName.TryParse(new string('a', 65), out _));
        Assert.False(PersonName.TryParse(new string('a', 1_000_000), out _));
    }

    [Theory] // RFC 4648 section 10
    [InlineData("", "")]
    [InlineData("f", "MY")]
    [InlineData("fo", "MZXQ")]
    [InlineData("foo", "MZXW6")]
    [InlineData("foob", "MZXW6YQ")]
    [InlineData("fooba", "MZXW6YTB")]
    [InlineData("foobar", "MZXW6YTBOI")]
    public void Base32_is_that_of_RFC_4648(string text, string encoded) => Assert.Equal(encoded, Base32.Encode(System.Text.Encoding.ASCII.GetBytes(text)));
}
