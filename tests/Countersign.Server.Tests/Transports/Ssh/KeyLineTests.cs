using System.Text;
using Countersign.Server.Transports.Ssh;

namespace Countersign.Server.Tests.Transports.Ssh;

public sealed class KeyLineTests
{
    private static readonly byte[] Blob = [0, 0, 0, 11, .. "ssh-ed25519"u8, 0, 0, 0, 1, 7];
    private static readonly ShellMessage.Offer Offer = new("ssh-ed25519", Blob);

    [Theory]
    [InlineData(false, false, false, "", "")]
    [InlineData(true, true, false, " uv", ",verify-required")]
    [InlineData(true, false, false, " touch", "")]
    [InlineData(true, true, true, " uv", ",verify-required,no-touch-required")]
    [InlineData(true, false, true, "", ",no-touch-required")]
    [InlineData(false, true, true, "", "")]
    public void A_line_allows_our_shell_and_says_what_a_signature_of_the_key_proves(bool securityKey, bool verify, bool noTouch, string mark, string options) =>
        Assert.Equal(
            $"restrict,command=\"exec '/opt/c/shell' '/run/c/s' ssh-k1{mark}\"{options} ssh-ed25519 {Convert.ToBase64String(Blob)}\n",
            KeyLine.Write(new("ssh-k1", securityKey, verify, noTouch), Offer, "/opt/c/shell", "/run/c/s"));

    [Fact]
    public void Paths_are_one_word_for_sh_within_one_option_for_sshd() =>
        Assert.StartsWith(
            "restrict,command=\"exec '/a b/'\\''$(x)`\\\" #' '/run/c/s' ssh-k1\" ssh-ed25519 ",
            KeyLine.Write(new("ssh-k1", false, false, false), Offer, "/a b/'$(x)`\" #", "/run/c/s"), StringComparison.Ordinal);

    [Theory]
    [InlineData("")]
    [InlineData("k\"")]
    [InlineData("k k")]
    [InlineData("k\n")]
    [InlineData("k;id")]
    [InlineData("ключ")]
    public void An_id_that_could_end_a_word_makes_no_line(string id) =>
        Assert.Throws<InvalidOperationException>(() => KeyLine.Write(new(id, false, false, false), Offer, "/s", "/s"));

    [Theory]
    [InlineData("ssh-ed25519", true)]
    [InlineData("ssh-rsa", false)]
    [InlineData("ssh-ed2551", false)]
    [InlineData("ssh-ed25519 ", false)]
    [InlineData("", false)]
    public void An_offer_says_the_same_type_twice(string type, bool good) =>
        Assert.Equal(good, ShellMessage.TryParse(Message(type, Convert.ToBase64String(Blob)), out _));

    [Theory]
    [InlineData("AAAA")]
    [InlineData("")]
    [InlineData("not base64")]
    [InlineData("AAAAC3NzaC1lZDI1NTE5\nAAAA")]
    [InlineData("/////w==")]
    public void An_offer_that_is_no_key_is_none(string base64) => Assert.False(ShellMessage.TryParse(Message("ssh-ed25519", base64), out _));

    private static byte[] Message(string type, string base64) =>
        [.. "C1K"u8, 0, (byte)type.Length, .. Encoding.ASCII.GetBytes(type), (byte)(base64.Length >> 8), (byte)base64.Length, .. Encoding.ASCII.GetBytes(base64)];
}
