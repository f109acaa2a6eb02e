using Countersign.Server.Web.Views;

namespace Countersign.Server.Tests.Web;

public sealed class VisibleTextTests
{
    [Theory]
    [InlineData("release/2026 äöü 日本", "release/2026 äöü 日本")]
    [InlineData("ma\u202Enmi", "ma<U+202E>nmi")] // turns the writing direction
    [InlineData("main\u200B", "main<U+200B>")] // takes no room
    [InlineData("a\nb\u001b[2J", "a<U+000A>b<U+001B>[2J")]
    [InlineData("a\u00a0b\u2028c", "a<U+00A0>b<U+2028>c")]
    [InlineData("\U000E0041x", "<U+E0041>x")] // tag characters, beyond the first plane
    [InlineData(null, "")]
    public void What_cannot_be_seen_is_spelled_out(string? text, string expected) => Assert.Equal(expected, VisibleText.Of(text));

    [Fact]
    public void Half_a_character_is_shown_as_broken() => Assert.Equal("\ufffdx", VisibleText.Of("\ud800x"));
}
