using System.Net;
using Countersign.Server.Proxies;
using Microsoft.Extensions.Primitives;

namespace Countersign.Server.Tests.Proxies;

/// <summary>Who the client is, out of a header that anybody can have begun.</summary>
public sealed class ForwardedForTests
{
    private static readonly TrustedProxies Trusted = Networks("10.0.0.0/8", "127.0.0.1", "2001:db8:aaaa::/48");

    [Theory]
    [InlineData("203.0.113.9", "203.0.113.9")]
    [InlineData("  203.0.113.9\t", "203.0.113.9")]
    [InlineData("203.0.113.9, 10.0.0.7", "203.0.113.9")]
    [InlineData("198.51.100.1, 203.0.113.9, 10.0.0.7,10.1.2.3", "203.0.113.9")]
    [InlineData("10.0.0.9, 203.0.113.9, 10.0.0.7", "203.0.113.9")] // what stands left of the client is its own claim, trusted or not
    [InlineData("10.1.1.1, 10.0.0.7", "10.1.1.1")] // a client in a trusted network
    [InlineData("203.0.113.9:4711", "203.0.113.9")]
    [InlineData("[2001:db8::1]:443", "2001:db8::1")]
    [InlineData("[2001:db8::1]", "2001:db8::1")]
    [InlineData("2001:DB8::1", "2001:db8::1")]
    [InlineData("::ffff:203.0.113.9", "203.0.113.9")]
    [InlineData("203.0.113.9, ::ffff:10.0.0.7", "203.0.113.9")] // mapped or not, it is the same proxy
    [InlineData("2001:db8:bbbb::1, 2001:db8:aaaa::5", "2001:db8:bbbb::1")]
    [InlineData("::1", "::1")]
    public void The_client_is_the_right_most_address_that_is_no_proxy(string header, string client)
    {
        Assert.True(ForwardedFor.TryFindClient(header, Trusted, out var found));
        Assert.Equal(client, new Core.Identities.ClientAddress(found).ToString());
    }

    [Fact]
    public void Several_headers_are_one_list_in_their_order()
    {
        Assert.True(ForwardedFor.TryFindClient(new StringValues(["198.51.100.1", "203.0.113.9, 10.0.0.1", "10.0.0.2"]), Trusted, out var found));
        Assert.Equal("203.0.113.9", found.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData(",")]
    [InlineData("203.0.113.9,")]
    [InlineData(",203.0.113.9")]
    [InlineData("unknown")]
    [InlineData("unknown, 203.0.113.9")] // a bad entry spoils the header even where it would not be asked
    [InlineData("203.0.113.9, <script>")]
    [InlineData("203.0.113.9 198.51.100.1")]
    [InlineData("203.0.113.256")]
    [InlineData("203.0.113")]
    [InlineData("1")]
    [InlineData("3405803785")]
    [InlineData("0x7f.0.0.1")]
    [InlineData("0177.0.0.1")]
    [InlineData("203.0.113.009")]
    [InlineData("203.0.113.9:")]
    [InlineData("203.0.113.9:65536")]
    [InlineData("203.0.113.9:+80")]
    [InlineData("203.0.113.9:80:80")]
    [InlineData("[203.0.113.9]")]
    [InlineData("[203.0.113.9]:80")]
    [InlineData("[2001:db8::1")]
    [InlineData("[2001:db8::1]x")]
    [InlineData("[2001:db8::1]:")]
    [InlineData("[[2001:db8::1]]")]
    [InlineData("[]")]
    [InlineData("fe80::1%eth0")]
    [InlineData("[fe80::1%25eth0]:80")]
    [InlineData("2001:db8::1/64")]
    [InlineData("2001:db8:::1")]
    [InlineData("0.0.0.0")]
    [InlineData("::")]
    [InlineData("255.255.255.255")]
    [InlineData("\"203.0.113.9\"")]
    [InlineData("for=203.0.113.9")]
    [InlineData("203.0.113.9\r\n")]
    [InlineData("٢٠٣.0.113.9")]
    public void Attack_garbage_makes_nobody_the_client(string header) =>
        Assert.False(ForwardedFor.TryFindClient(header, Trusted, out _));

    [Fact]
    public void Attack_a_long_list_is_no_list()
    {
        Assert.True(ForwardedFor.TryFindClient(string.Join(',', Enumerable.Repeat("10.0.0.1", 32)), Trusted, out _));
        Assert.False(ForwardedFor.TryFindClient(string.Join(',', Enumerable.Repeat("10.0.0.1", 33)), Trusted, out _));
    }

    [Theory]
    [InlineData("10.0.0.1", true)]
    [InlineData("::ffff:10.0.0.1", true)]
    [InlineData("11.0.0.1", false)]
    [InlineData("127.0.0.2", false)]
    [InlineData("2001:db8:aaaa:ffff::1", true)]
    [InlineData("2001:db8:aaab::1", false)]
    public void A_prefix_holds_its_addresses_in_either_spelling(string address, bool trusted) =>
        Assert.Equal(trusted, Trusted.Include(IPAddress.Parse(address)));

    [Theory]
    [InlineData("10.0.0.5", true)]
    [InlineData("10.0.0.0/24", true)]
    [InlineData("2001:db8::/48", true)]
    [InlineData("::1", true)]
    [InlineData("10.0.0.5/24", false)] // host bits: a slip of the pen trusts more than was meant
    [InlineData("0.0.0.0/0", false)] // everybody
    [InlineData("::/0", false)]
    [InlineData("10.0.0.0/33", false)]
    [InlineData("10.0.0.0/-1", false)]
    [InlineData("10.0.0.0/", false)]
    [InlineData("10/8", false)]
    [InlineData("::ffff:10.0.0.0/104", false)]
    [InlineData("fe80::1%eth0", false)]
    [InlineData("proxy.example.org", false)]
    [InlineData("*", false)]
    [InlineData("", false)]
    public void A_proxy_is_named_by_its_address_or_a_plain_prefix(string text, bool good) =>
        Assert.Equal(good, TrustedProxies.TryParse(text, out _));

    private static TrustedProxies Networks(params string[] texts) =>
        new([.. texts.Select(text => TrustedProxies.TryParse(text, out var network) ? network : throw new ArgumentException(text))]);
}
