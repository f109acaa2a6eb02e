using Countersign.Core.Git;
using FsCheck;
using FsCheck.Fluent;

namespace Countersign.Core.Tests.Git;

public sealed class TerminalTextTests
{
    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("Ann\u001b[2Jmalory", "Ann[2Jmalory")] // no escape, no control of the screen
    [InlineData("a\rb\tc\u0007d\u009be", "abcde")]
    [InlineData("good\u202Eevil\u2066x\u200F", "goodevilx")] // bidirectional overrides and marks
    [InlineData("zero\u200Bwidth\uFEFF", "zerowidth")]
    [InlineData("Zo\u00eb \u4f60\u597d", "Zo\u00eb \u4f60\u597d")]
    [InlineData("two\nlines", "two lines")]
    [InlineData("a\u2028b", "ab")]
    public void A_line_keeps_what_is_printable_and_nothing_else(string text, string expected) => Assert.Equal(expected, TerminalText.Line(text));

    [Fact]
    public void Lines_keep_their_ends() => Assert.Equal("a\nb", TerminalText.Lines("a\r\nb"));

    [Fact]
    public void No_text_whatever_brings_a_control_character_through() => Prop.ForAll<string>(text =>
        text is null || !TerminalText.Line(text + "\u001b\u202e").Any(char.IsControl)).QuickCheckThrowOnFailure();
}
