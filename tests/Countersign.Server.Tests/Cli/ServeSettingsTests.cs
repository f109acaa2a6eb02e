using Countersign.Server.Cli;

namespace Countersign.Server.Tests.Cli;

/// <summary>Environment under file under options; what is wrong is refused on one line.</summary>
public sealed class ServeSettingsTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("countersign-settings-");

    public void Dispose()
    {
        Environment.SetEnvironmentVariable("Countersign__Gateway__Http", null);
        Environment.SetEnvironmentVariable("Countersign__Gateway__Data", null);
        Environment.SetEnvironmentVariable("Countersign__Gateway__Htpp", null);
        Environment.SetEnvironmentVariable("Countersign__Nonsense__Key", null);
        folder.Delete(recursive: true);
    }

    [Fact]
    public void Nothing_said_means_the_defaults()
    {
        var options = Read();
        Assert.Equal("127.0.0.1:8080", options.Http.ToString());
        Assert.Equal(new Uri("http://localhost:8080"), options.Url);
        Assert.Equal(Path.GetFullPath("data"), options.Data);
        Assert.Null(options.Config);
    }

    [Fact]
    public void Options_weigh_more_than_the_file_and_the_file_more_than_the_environment()
    {
        Environment.SetEnvironmentVariable("Countersign__Gateway__Http", "127.0.0.1:1001");
        Environment.SetEnvironmentVariable("Countersign__Gateway__Data", "/from/environment");
        var file = Write("""{"Gateway":{"Http":"127.0.0.1:1002","Url":"https://file.example"},"Holds":{"HttpsSeconds":"50"}}""");
        Assert.Equal("127.0.0.1:1001", Read().Http.ToString());
        Assert.Equal("127.0.0.1:1002", Read(config: file).Http.ToString());
        Assert.Equal("127.0.0.1:1003", Read(http: "127.0.0.1:1003", config: file).Http.ToString());
        Assert.Equal("/from/environment", Read(config: file).Data);
        Assert.Equal("/from/option", Read(data: "/from/option", config: file).Data);
        Assert.Equal(new Uri("https://file.example"), Read(config: file).Url);
        var (_, configuration) = ServeSettings.Read(new(null, null, null, null, file));
        Assert.Equal("50", configuration["Holds:HttpsSeconds"]);
    }

    [Theory]
    [InlineData("127.0.0.1:9000", "http://localhost:9000")]
    [InlineData("0.0.0.0:9000", "http://localhost:9000")]
    [InlineData("[::1]:9000", "http://localhost:9000")]
    [InlineData("[::]:9000", "http://localhost:9000")]
    public void The_address_that_people_see_follows_the_port(string http, string url) => Assert.Equal(new Uri(url), Read(http: http).Url);

    [Fact]
    public void Port_0_takes_a_free_one_that_the_links_carry()
    {
        var options = Read(http: "127.0.0.1:0");
        Assert.NotEqual(0, options.Http.Port);
        Assert.Equal(options.Http.Port, options.Url.Port);
        Assert.Equal(0, Read(http: "127.0.0.1:0", url: "https://git.example.org").Http.Port);
    }

    [Theory]
    [InlineData("8080")]
    [InlineData(":8080")]
    [InlineData("localhost:8080")]
    [InlineData("127.0.0.1")]
    [InlineData("127.0.0.1:")]
    [InlineData("127.0.0.1:65536")]
    [InlineData("127.0.0.1:-1")]
    [InlineData("127.0.0.1:+80")]
    [InlineData("127.0.0.1: 80")]
    [InlineData("127.1:80")]
    [InlineData("::1:8080")]
    [InlineData("[::1]")]
    [InlineData("[127.0.0.1]:80")]
    [InlineData("http://127.0.0.1:8080")]
    [InlineData("")]
    public void What_is_no_address_is_refused(string http) =>
        Assert.Contains("--http", Assert.Throws<WrongSettingException>(() => Read(http: http)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("https://git.example.org", true)]
    [InlineData("https://git.example.org/", true)]
    [InlineData("https://git.example.org:8443", true)]
    [InlineData("http://localhost:8080", true)]
    [InlineData("http://127.0.0.1:8080", true)]
    [InlineData("http://127.9.9.9", true)]
    [InlineData("http://[::1]:8080", true)]
    [InlineData("http://git.example.org", false)]
    [InlineData("http://localhost.example.org", false)]
    [InlineData("http://10.0.0.1", false)]
    [InlineData("https://git.example.org/path", false)]
    [InlineData("https://git.example.org/?", false)]
    [InlineData("https://git.example.org/?x=1", false)]
    [InlineData("https://git.example.org/#x", false)]
    [InlineData("https://user@git.example.org", false)]
    [InlineData("https://", false)]
    [InlineData("ftp://git.example.org", false)]
    [InlineData("git.example.org", false)]
    [InlineData("/a", false)]
    [InlineData("", false)]
    public void The_address_that_people_see_is_https_or_local(string url, bool good)
    {
        if (good)
        {
            Assert.Equal(new Uri(url), Read(url: url).Url);
        }
        else
        {
            Assert.Contains("--url", Assert.Throws<WrongSettingException>(() => Read(url: url)).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_public_binding_without_an_address_for_people_is_refused() =>
        Assert.Contains("--url", Assert.Throws<WrongSettingException>(() => Read(http: "192.0.2.1:8080")).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("127.0.0.1:2222", true)]
    [InlineData("off", true)]
    [InlineData("on", false)]
    [InlineData("2222", false)]
    public void SSH_is_an_address_or_off(string ssh, bool good)
    {
        if (good)
        {
            Assert.Equal(ssh, ServeSettings.Read(new(null, null, ssh, null, null)).Options.Ssh?.ToString() ?? "off");
        }
        else
        {
            Assert.Throws<WrongSettingException>(() => ServeSettings.Read(new(null, null, ssh, null, null)));
        }
    }

    [Fact]
    public void SSH_is_at_2222_of_this_machine_unless_somebody_says_otherwise()
    {
        var options = ServeSettings.Read(new(null, null, null, null, null)).Options;
        Assert.Equal(("127.0.0.1:2222", false), (options.Ssh?.ToString(), options.IsSshAsked));
        Assert.True(ServeSettings.Read(new(null, null, "127.0.0.1:2222", null, null)).Options.IsSshAsked);
    }

    [Theory]
    [InlineData("{\n  \"Gateway\": {,}\n}", ":2:15: this is not JSON")]
    [InlineData("", ":1:1: this is not JSON")]
    [InlineData("[]", ":1:1: the configuration is a JSON object")]
    [InlineData("{\"Gateway\":{\"Http\":\"127.0.0.1:1\",\"Http\":\"127.0.0.1:2\"}}", "a field is there twice")]
    [InlineData("{\"Gatewy\":{\"Http\":\"127.0.0.1:1\"}}", "there is no section \"Gatewy\"")]
    [InlineData("{\"Gateway\":{\"Htpp\":\"127.0.0.1:1\"}}", "there is no setting \"Gateway:Htpp\"")]
    [InlineData("{\"Holds\":{\"HttpsSecond\":5}}", "there is no setting \"Holds:HttpsSecond\"")]
    [InlineData("{\"Repositories\":{\"GitPth\":\"git\"}}", "there is no setting \"Repositories:GitPth\"")]
    [InlineData("{\"WebAuthn\":{\"Roots\":\"x\"}}", "there is no setting \"WebAuthn:Roots\"")]
    [InlineData("{\"Gateway\":{\"Http\":\"nonsense\"}}", "Gateway:Http nonsense: write IP:PORT")]
    public void A_configuration_file_that_is_wrong_is_refused_with_its_place(string json, string expected)
    {
        var file = Write(json);
        var message = Assert.Throws<WrongSettingException>(() => Read(config: file)).Message;
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void A_configuration_file_that_is_not_there_is_refused() =>
        Assert.Contains("there is no such file", Assert.Throws<WrongSettingException>(() => Read(config: "/nowhere/x.json")).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("Countersign__Nonsense__Key", "there is no section \"Nonsense\"")]
    [InlineData("Countersign__Gateway__Htpp", "there is no setting \"Gateway:Htpp\"")]
    public void An_environment_variable_that_is_not_known_is_refused(string name, string expected)
    {
        Environment.SetEnvironmentVariable(name, "x");
        Assert.Contains(expected, Assert.Throws<WrongSettingException>(() => Read()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void HTTPS_takes_an_address_a_certificate_and_its_key_and_names_the_links()
    {
        var file = Write("""{"Gateway":{"Https":"127.0.0.1:8443","Certificate":"chain.pem","CertificateKey":"/keys/key.pem","TrustedProxies":["10.0.0.5","2001:db8::/48"]}}""");
        var options = Read(config: file);
        Assert.Equal(("127.0.0.1:8443", Path.GetFullPath("chain.pem"), "/keys/key.pem"), (options.Https!.ToString(), options.Certificate, options.CertificateKey));
        Assert.Equal(new Uri("https://localhost:8443"), options.Url);
        Assert.Equal(["10.0.0.5/32", "2001:db8::/48"], options.TrustedProxies.Select(network => network.ToString()));
        Assert.Equal("127.0.0.1:9443", ServeSettings.Read(new(null, null, null, null, file, "127.0.0.1:9443")).Options.Https!.ToString());
        Assert.Null(Read().Https);
        Assert.Empty(Read().TrustedProxies);
    }

    [Theory]
    [InlineData("""{"Gateway":{"Https":"8443"}}""", "Gateway:Https 8443: write IP:PORT")]
    [InlineData("""{"Gateway":{"Https":"127.0.0.1:8443"}}""", "Gateway:Certificate: name a PEM file")]
    [InlineData("""{"Gateway":{"Https":"127.0.0.1:8443","Certificate":"x"}}""", "Gateway:CertificateKey: name a PEM file")]
    [InlineData("""{"Gateway":{"Certificate":"x"}}""", "Gateway:Certificate: there is no Gateway:Https")]
    [InlineData("""{"Gateway":{"Https":"192.0.2.1:8443","Certificate":"x","CertificateKey":"y"}}""", "--url")]
    [InlineData("""{"Gateway":{"AcceleratedLocation":"git_host"}}""", "Gateway:AcceleratedLocation: write 16 to 64 letters")]
    [InlineData("""{"Gateway":{"AcceleratedLocation":"git_host/git_host/git_host"}}""", "Gateway:AcceleratedLocation: write 16 to 64 letters")]
    [InlineData("""{"Gateway":{"TrustedProxies":"10.0.0.5"}}""", "Gateway:TrustedProxies 10.0.0.5: write a list")]
    [InlineData("""{"Gateway":{"TrustedProxies":["10.0.0.5/8"]}}""", "Gateway:TrustedProxies:0 10.0.0.5/8: write an address or a prefix")]
    [InlineData("""{"Gateway":{"TrustedProxies":["10.0.0.5","0.0.0.0/0"]}}""", "Gateway:TrustedProxies:1 0.0.0.0/0: write an address or a prefix")]
    [InlineData("""{"Gateway":{"TrustedProxies":[{"Address":"10.0.0.5"}]}}""", "Gateway:TrustedProxies:0 : write an address or a prefix")]
    public void Settings_of_the_edge_that_are_wrong_are_refused(string json, string expected) =>
        Assert.Contains(expected, Assert.Throws<WrongSettingException>(() => Read(config: Write(json))).Message, StringComparison.Ordinal);

    private static GatewayOptions Read(string? data = null, string? http = null, string? url = null, string? config = null) =>
        ServeSettings.Read(new(data, http, null, url, config)).Options;

    private string Write(string json)
    {
        var file = Path.Combine(folder.FullName, "countersign.json");
        File.WriteAllText(file, json);
        return file;
    }
}
