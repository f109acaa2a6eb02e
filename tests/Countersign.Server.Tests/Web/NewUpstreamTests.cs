using Countersign.Server.People;
using Countersign.Server.Tests.Fixtures;
using Countersign.Server.Upstreams;

namespace Countersign.Server.Tests.Web;

/// <summary>The form by which administrators add a Git host, as a browser without scripts sends it.</summary>
[Trait("Category", "slow")]
public sealed class NewUpstreamTests : IAsyncLifetime
{
    private GatewayFixture gateway = null!;
    private Visitor owner = null!;

    public async ValueTask InitializeAsync()
    {
        gateway = await GatewayFixture.StartAsync();
        var cancellation = TestContext.Current.CancellationToken;
        Assert.Null((await gateway.Get<IPeople>().AddAsync("owner", "owner@example.org", TestPerson.Password, administrator: true, "test", cancellation)).Refusal);
        var app = new AuthenticatorApp((await gateway.Get<IFactorEnrolment>().AddTotpAsync("owner", "test", cancellation)).Value!);
        owner = new(gateway);
        await owner.SubmitAsync("/sign-in", "/sign-in?handler=Password", new() { ["name"] = "owner", ["password"] = TestPerson.Password });
        await owner.CodeStepAsync(app.CodeAt(AuthenticatorApp.StepOf(gateway.Clock.GetUtcNow())));
    }

    public async ValueTask DisposeAsync()
    {
        owner.Dispose();
        await gateway.AssertInvariantsAsync();
        await gateway.DisposeAsync();
    }

    [Fact]
    public async Task Every_field_reaches_the_host()
    {
        var answer = await SubmitAsync(new()
        {
            ["Form.Name"] = "corp", ["Form.Kind"] = "bitbucket-dc", ["Form.Base"] = "https://git.example.org/ctx", ["Form.Credentials"] = "passed",
            ["Form.Path"] = "/scm", ["Form.Mount"] = "/git", ["Form.Workspaces"] = "none", ["Form.Identity"] = "header:X-User", ["Form.People"] = "j.doe=ann\r\nb.oss=bob",
            ["Form.Proxy"] = "http://proxy.example.org:3128", ["Form.Lfs"] = "direct", ["Form.KeepHost"] = "true", ["Form.User"] = "left over", ["Form.Secret"] = "left over",
        });
        Assert.Equal((302, "/upstreams?done=upstream-added"), (answer.Status, answer.Headers.GetValueOrDefault("Location")));
        var corp = gateway.Get<UpstreamStore>().Find("corp")!;
        Assert.Equal(
            ("bitbucket-dc", "/scm", "/git", UpstreamCredentials.Passed, "header:X-User", "http://proxy.example.org:3128/", LfsTransfers.Direct, true, null),
            (corp.Kind, corp.Path, corp.Mount, corp.Credentials, corp.Identity, corp.Proxy!.AbsoluteUri, corp.LfsTransfers, corp.KeepHost, corp.ServiceSecret));
        Assert.Equal(["b.oss=bob", "j.doe=ann"], corp.People.Select(entry => $"{entry.Key}={entry.Value}").Order());
    }

    [Fact]
    public async Task A_service_credential_is_kept_and_shown_by_nothing()
    {
        var answer = await SubmitAsync(new() { ["Form.Name"] = "corp", ["Form.Kind"] = "smart-http", ["Form.Base"] = "https://git.example.org", ["Form.Credentials"] = "service", ["Form.User"] = "robot", ["Form.Secret"] = "secret canary" });
        Assert.Equal(302, answer.Status);
        Assert.Equal(("robot", "secret canary"), (gateway.Get<UpstreamStore>().Find("corp")!.ServiceUser, gateway.Get<UpstreamStore>().Find("corp")!.ServiceSecret));
        Assert.DoesNotContain("secret canary", (await owner.GetAsync("/upstreams")).Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("name", "Name", "local")]
    [InlineData("base", "Base", "https://ann:pw@x")]
    [InlineData("path", "Path", "/a/../b")]
    [InlineData("mount", "Mount", "/w")]
    [InlineData("kind", "Kind", "svn")]
    [InlineData("credentials", "Credentials", "all")]
    [InlineData("insecureHttp", "Base", "http://git.example.org")]
    [InlineData("identity", "Identity", "get://evil")]
    [InlineData("people", "People", "ann")]
    [InlineData("people", "People", "a=ann\nA=bob")]
    [InlineData("proxy", "Proxy", "https://p")]
    [InlineData("lfs", "Lfs", "sideways")]
    [InlineData("workspaces", "Workspaces", "NOWHERE")]
    public async Task What_is_wrong_stands_beside_its_field_and_nothing_is_added(string field, string name, string value)
    {
        var form = new Dictionary<string, string> { ["Form.Name"] = "corp", ["Form.Kind"] = "smart-http", ["Form.Base"] = "https://git.example.org", ["Form.Credentials"] = "passed", ["Form.Lfs"] = "rewritten" };
        form[$"Form.{name}"] = value;
        var answer = await SubmitAsync(form);
        Assert.Equal(200, answer.Status);
        Assert.Contains($"id=\"{field}-wrong\"", answer.Body, StringComparison.Ordinal);
        Assert.Empty(gateway.Get<UpstreamStore>().List());
    }

    [Fact]
    public async Task Attack_a_secret_that_was_refused_is_not_shown_again_and_certificate_files_cannot_be_named()
    {
        var answer = await SubmitAsync(new()
        {
            ["Form.Name"] = "Corp", ["Form.Kind"] = "smart-http", ["Form.Base"] = "https://git.example.org", ["Form.Credentials"] = "service", ["Form.Secret"] = "secret canary",
            ["Form.CertificateAuthorities"] = "/etc/shadow", ["CertificateAuthorities"] = "/etc/shadow",
        });
        Assert.Contains("name-wrong", answer.Body, StringComparison.Ordinal);
        Assert.DoesNotContain("secret canary", answer.Body, StringComparison.Ordinal);
        Assert.DoesNotContain("/etc/shadow", answer.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Attack_who_is_no_administrator_or_has_not_just_proven_a_factor_adds_nothing()
    {
        var ann = await gateway.AddPersonAsync();
        using var browser = new Visitor(gateway);
        await browser.BrowseAsync(ann);
        Assert.Equal(404, (await browser.GetAsync("/upstreams/new")).Status);
        var form = new Dictionary<string, string> { ["Form.Name"] = "corp", ["Form.Kind"] = "smart-http", ["Form.Base"] = "https://git.example.org", ["Form.Credentials"] = "passed" };
        Assert.NotEqual(302, (await browser.SubmitAsync("/security", "/upstreams/new", form)).Status);

        gateway.Clock.Advance(TimeSpan.FromMinutes(6));
        var answer = await owner.SubmitAsync("/step-up", "/upstreams/new", form); // the form's key from a page that opens
        Assert.Equal((302, "/step-up?return=%2Fupstreams%2Fnew"), (answer.Status, answer.Headers.GetValueOrDefault("Location")));
        Assert.Empty(gateway.Get<UpstreamStore>().List());
    }

    private Task<Api.Answer> SubmitAsync(Dictionary<string, string> form) => owner.SubmitAsync("/upstreams/new", "/upstreams/new", form);
}
