using Countersign.Server.Web.Security;

namespace Countersign.Server.Tests.Web;

public sealed class LocalPathTests
{
    [Theory]
    [InlineData("/a/WDJB-MJHT", "/a/WDJB-MJHT")]
    [InlineData("/security?done=renamed", "/security?done=renamed")]
    [InlineData("https://evil.example", "/")]
    [InlineData("//evil.example", "/")]
    [InlineData("/\\evil.example", "/")]
    [InlineData("/a\\b", "/")]
    [InlineData("/\t/evil.example", "/")]
    [InlineData("/a\r\nSet-Cookie: x", "/")]
    [InlineData("javascript:alert(1)", "/")]
    [InlineData("a/b", "/")]
    [InlineData("", "/")]
    [InlineData(null, "/")]
    public void After_sign_in_the_way_goes_on_to_a_path_of_this_site_or_home(string? asked, string expected) =>
        Assert.Equal(expected, LocalPath.OrHome(asked));

    [Fact]
    public void A_path_beyond_reason_leads_home() => Assert.Equal("/", LocalPath.OrHome("/" + new string('a', 600)));
}
