using System.Text;
using Countersign.Server.Mail;
using Countersign.Server.Tests.Fixtures;

namespace Countersign.Server.Tests.Mail;

public sealed class MimeTextTests
{
    public static TheoryData<string> Hostile => new(
        "a\r\nBcc: everybody@example.org", "a\nX: y", "a\rX: y", "a\r\n\r\nbody", "=?utf-8?B?QmNj?=", new string('x', 5000), "\u0000\u001b[31m", "\u202Egro.elpmaxe", "été ☃ 🔑 " + new string('é', 300), "");

    [Theory]
    [MemberData(nameof(Hostile))]
    public void Nothing_in_a_subject_or_body_makes_a_header_a_boundary_or_an_end(string text)
    {
        var mail = new MailLayout(text).Paragraph(text).Row(text, danger: true).Facts([(text, text)]).Link(text, "https://git.example.org/m/x").Write();
        var raw = Write(mail);
        var head = raw[..raw.IndexOf("\r\n\r\n", StringComparison.Ordinal)];
        Assert.Equal(
            ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "X-Auto-Response-Suppress", "MIME-Version", "Content-Type"],
            head.Replace("\r\n ", "", StringComparison.Ordinal).Split("\r\n").Select(line => line.Split(':')[0]));
        Assert.All(raw.Split("\r\n"), line => Assert.True(line.Length <= 998 && line.All(letter => letter is >= ' ' and <= '~'), line));
        Assert.DoesNotContain("\r\n.", raw, StringComparison.Ordinal);
        Assert.Equal(3, raw.Split("\r\n--=_").Length - 1);
    }

    [Fact]
    public void Markup_in_names_is_text_in_the_mail()
    {
        var mail = new MailLayout("s").Paragraph("<script>alert(1)</script>").Row("\"><img src=x>", danger: false).Write();
        Assert.DoesNotContain("<script", mail.Html, StringComparison.Ordinal);
        Assert.DoesNotContain("<img", mail.Html, StringComparison.Ordinal);
        Assert.Contains("<script>alert(1)</script>", mail.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_line_break_in_a_ref_name_makes_no_line_of_its_own()
    {
        var mail = new MailLayout("s").Row("main\n  harmless", danger: false).Write();
        Assert.Contains("main<U+000A>  harmless", mail.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ann@example.org", "ann@example.org", "")]
    [InlineData("Countersign <git@example.org>", "git@example.org", "Countersign")]
    [InlineData("ann@bücher.example", "ann@xn--bcher-kva.example", "")]
    public void An_address_is_written_as_it_goes_over_the_wire(string text, string address, string name)
    {
        Assert.True(Mailbox.TryParse(text, out var mailbox));
        Assert.Equal((address, name), (mailbox.Address, mailbox.Name));
    }

    [Theory]
    [InlineData("")]
    [InlineData("ann")]
    [InlineData("ann@")]
    [InlineData("ann@example.org\r\nBcc: x@example.org")]
    [InlineData("\"ann\r\nRCPT TO:<x@example.org>\"@example.org")]
    [InlineData("\"a b\"@example.org")]
    [InlineData("ann>@example.org")]
    [InlineData("änn@example.org")]
    [InlineData("ann@exa mple.org")]
    [InlineData("ann@[127.0.0.1]")]
    [InlineData("ann@example.org, bob@example.org")]
    public void What_could_end_a_line_a_path_or_a_list_is_no_address(string text) => Assert.False(Mailbox.TryParse(text, out _));

    [Theory]
    [InlineData("ann@example.org", "a...@example.org")]
    [InlineData("x", "...")]
    public void A_masked_address_tells_its_owner_which(string address, string masked) => Assert.Equal(masked, Mailbox.Mask(address));

    private static string Write(OutgoingMail mail)
    {
        Assert.True(Mailbox.TryParse("Grüße <git@example.org>", out var from));
        Assert.True(Mailbox.TryParse("ann@example.org", out var to));
        return Encoding.ASCII.GetString(MimeText.Write(from, to, mail, FakeClock.Noon));
    }
}
