using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Countersign.Core.Git;
using Countersign.Server.Audit;
using Countersign.Server.Tests.Cli;
using Countersign.Server.Tests.Fixtures;
using Countersign.Server.Upstreams;

namespace Countersign.Server.Tests.Upstreams;

/// <summary>Git hosts through the commands of a running gateway: added, bound, listed, checked, removed.</summary>
[Trait("Category", "slow")]
public sealed class HostAdministrationTests : IAsyncLifetime
{
    private GatewayFixture gateway = null!;

    public async ValueTask InitializeAsync() => gateway = await GatewayFixture.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await gateway.AssertInvariantsAsync();
        await gateway.DisposeAsync();
    }

    [Fact]
    public async Task A_host_serves_the_workspaces_that_had_nothing_to_lose()
    {
        await gateway.AddRepositoryAsync();
        await DoneAsync("workspace add LAB");
        var added = await DoneAsync("upstream add corp --kind smart-http --base https://git.example.org/ctx --path /scm");
        Assert.Equal("added corp: https://git.example.org/ctx\ncorp serves LAB from its folder /LAB\n", added);
        Assert.Null(PlaceOf("ACME/core"));
        Assert.Equal("LAB/tools.git", PlaceOf("LAB/tools")!.Path);
        Assert.Contains("corp /LAB", await DoneAsync("workspace list"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_new_workspace_goes_to_the_one_host_or_where_it_is_told()
    {
        await DoneAsync("upstream add corp --kind smart-http --base https://git.example.org");
        Assert.Equal("added TEAM served from corp, folder /team\n", await DoneAsync("workspace add team"));
        Assert.Equal("team/core.git", PlaceOf("TEAM/core")!.Path);
        Assert.Equal("added ROOT served from corp, folder /\n", await DoneAsync("workspace add ROOT --upstream corp --upstream-path /"));
        Assert.Equal("core.git", PlaceOf("ROOT/core")!.Path);
        Assert.Equal("added HERE\n", await DoneAsync("workspace add HERE --upstream local"));
        Assert.Null(PlaceOf("HERE/core"));
        Assert.Equal("added DEEP served from corp, folder /group/sub\n", await DoneAsync("workspace add DEEP --upstream-path group/sub"));
        Assert.Equal("There is no such Git host.", await RefusedAsync("workspace add NONE --upstream nowhere"));
        await DoneAsync("upstream add other --kind smart-http --base https://other.example.org --workspace none");
        Assert.Equal("added TWO\n", await DoneAsync("workspace add TWO"));
    }

    [Fact]
    public async Task A_repository_is_added_where_it_is_and_nothing_is_made()
    {
        await DoneAsync("upstream add corp --kind smart-http --base https://git.example.org");
        await DoneAsync("workspace add ACME");
        await DoneAsync("repo add ACME/core --kind wiki --public --upstream-path other/Core.git");
        await DoneAsync("repo add ACME/tools");
        Assert.Equal("other/Core.git", PlaceOf("ACME/core")!.Path);
        Assert.Equal("ACME/tools.git", PlaceOf("ACME/tools")!.Path);
        Assert.False(Directory.Exists(Path.Combine(gateway.Options.RepositoriesFolder, "ACME")));
        Assert.Contains("corp /other/Core.git", await DoneAsync("repo list"), StringComparison.Ordinal);
        Assert.Contains("import it there", await RefusedAsync($"repo add ACME/imported --import {gateway.Folder.FullName}"), StringComparison.Ordinal);
        Assert.Contains("is on this machine", await RefusedLocalAsync("repo add HERE/core --upstream-path x/y.git"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_uses_a_host_keeps_it()
    {
        await DoneAsync("upstream add corp --kind smart-http --base https://git.example.org --workspace none");
        await DoneAsync("workspace add ACME");
        Assert.Equal("corp serves ACME: move them first (countersign workspace move KEY --upstream local).", await RefusedAsync("upstream remove corp"));
        await DoneAsync("repo add ACME/core");
        Assert.Contains("has repositories", await RefusedAsync("workspace move ACME --upstream local"), StringComparison.Ordinal);
        await DoneAsync("upstream add free --kind smart-http --base https://free.example.org --workspace none");
        await DoneAsync("workspace add FREE --upstream free");
        Assert.Equal("FREE is served from this machine\n", await DoneAsync("workspace move free --upstream local"));
        Assert.Equal("removed free\n", await DoneAsync("upstream remove free"));
        Assert.Equal("There is no such Git host.", await RefusedAsync("upstream remove free"));
    }

    [Fact]
    public async Task The_secret_is_seen_by_nobody_again()
    {
        const string Secret = "s3cret-of-the-service";
        Assert.Equal(0, (await RunAsync("upstream add corp --kind smart-http --base https://git.example.org --credentials service --user robot --secret-stdin", Secret + "\n")).Exit);
        var seen = await DoneAsync("upstream show corp --json") + await DoneAsync("upstream list") + string.Join(' ', (await gateway.AuditAsync()).SelectMany(record => record.Event.Facts.Values));
        Assert.DoesNotContain(Secret, seen, StringComparison.Ordinal);
        Assert.Contains("robot", seen, StringComparison.Ordinal);
        Assert.Equal(Secret, gateway.Get<UpstreamStore>().Find("corp")!.ServiceSecret);
        Assert.DoesNotContain(Secret, await File.ReadAllTextAsync(gateway.Options.DatabaseFile, System.Text.Encoding.Latin1, TestContext.Current.CancellationToken), StringComparison.Ordinal);
        await gateway.RestartAsync();
        Assert.Equal(Secret, gateway.Get<UpstreamStore>().Find("corp")!.ServiceSecret);
    }

    [Fact]
    public async Task Every_change_is_in_the_audit_log()
    {
        await DoneAsync("workspace add LAB");
        await DoneAsync("upstream add corp --kind bitbucket-dc --base https://git.example.org --credentials passed --map jdoe=ann");
        await DoneAsync("workspace move LAB --upstream local");
        await DoneAsync("upstream remove corp");
        var records = (await gateway.AuditAsync()).Select(record => record.Event).ToList();
        var added = Assert.Single(records, record => record.Type == AuditTypes.UpstreamAdded);
        Assert.Equal(("corp", "/scm", "Passed", "header:X-AUSERNAME", "jdoe=ann"), (added.Facts["upstream"], added.Facts["path"], added.Facts["credentials"], added.Facts["identity"], added.Facts["map"]));
        Assert.Equal(["corp", ""], records.Where(record => record.Type == AuditTypes.WorkspaceMoved).Select(record => record.Facts["upstream"]));
        Assert.Single(records, record => record.Type == AuditTypes.UpstreamRemoved);
    }

    [Theory]
    [InlineData("upstream add local --kind smart-http --base https://x", "is not local or none")]
    [InlineData("upstream add Corp --kind smart-http --base https://x", "1 to 64 of the characters a-z")]
    [InlineData("upstream add c --kind smart-http --base ftp://x", "base is an http or https address")]
    [InlineData("upstream add c --kind smart-http --base https://ann:pw@x", "base is an http or https address")]
    [InlineData("upstream add c --kind smart-http --base https://x/?q=1", "base is an http or https address")]
    [InlineData("upstream add c --kind smart-http --base https://x/../y", "base is an http or https address")]
    [InlineData("upstream add c --kind smart-http --base https://x/%2e%2e", "base is an http or https address")]
    [InlineData("upstream add c --kind smart-http --base https://x --path /a/../b", "path is a prefix")]
    [InlineData("upstream add c --kind smart-http --base https://x --path /a%2fb", "path is a prefix")]
    [InlineData("upstream add c --kind smart-http --base https://x --path /a?b", "path is a prefix")]
    [InlineData("upstream add c --kind smart-http --base https://x --mount /w", "mount is a prefix")]
    [InlineData("upstream add c --kind smart-http --base https://x --mount //x//y", "mount is a prefix")]
    [InlineData("upstream add c --kind smart-http --base https://x --user u", "come with service credentials")]
    [InlineData("upstream add c --kind smart-http --base https://x --credentials service --user u", "come with service credentials")]
    [InlineData("upstream add c --kind smart-http --base http://git.example.org --credentials passed", "Credentials would travel unencrypted")]
    [InlineData("upstream add c --kind smart-http --base https://x --map a=b", "come with passed credentials")]
    [InlineData("upstream add c --kind smart-http --base https://x --credentials passed --identity header:", "identity is name")]
    [InlineData("upstream add c --kind smart-http --base https://x --credentials passed --identity get:/a/../b", "identity is name")]
    [InlineData("upstream add c --kind smart-http --base https://x --credentials passed --identity get://evil", "identity is name")]
    [InlineData("upstream add c --kind bitbucket-cloud --base https://x --credentials passed", "Bitbucket Cloud does not say whose")]
    [InlineData("upstream add c --kind smart-http --base https://x --proxy https://p", "proxy is http://HOST:PORT")]
    [InlineData("upstream add c --kind smart-http --base https://x --ca /nowhere.pem", "/nowhere.pem cannot be read")]
    [InlineData("upstream add c --kind smart-http --base http://localhost --ca /nowhere.pem", "belong to an https address")]
    [InlineData("upstream add c --kind smart-http --base https://x --client-certificate /nowhere.pem", "needs both")]
    [InlineData("upstream add c --kind smart-http --base https://x --workspace NOWHERE", "There is no workspace NOWHERE")]
    public async Task What_cannot_work_is_refused_with_a_line(string words, string line)
    {
        Assert.Contains(line, await RefusedAsync(words), StringComparison.Ordinal);
        Assert.Empty(gateway.Get<UpstreamStore>().List());
    }

    [Fact]
    public async Task Certificate_files_are_read_when_they_are_named()
    {
        var pem = Path.Combine(gateway.Folder.FullName, "ca.pem");
        await File.WriteAllTextAsync(pem, "this is no certificate", TestContext.Current.CancellationToken);
        Assert.Contains("no certificate in PEM form", await RefusedAsync($"upstream add c --kind smart-http --base https://x --ca {pem}"), StringComparison.Ordinal);
        await File.WriteAllTextAsync(pem, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", TestContext.Current.CancellationToken);
        Assert.Contains("is not what it should be", await RefusedAsync($"upstream add c --kind smart-http --base https://x --ca {pem}"), StringComparison.Ordinal);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=test", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(gateway.Clock.GetUtcNow(), gateway.Clock.GetUtcNow().AddDays(1));
        await File.WriteAllTextAsync(pem, certificate.ExportCertificatePem(), TestContext.Current.CancellationToken);
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var wrong = Path.Combine(gateway.Folder.FullName, "key.pem");
        await File.WriteAllTextAsync(wrong, other.ExportPkcs8PrivateKeyPem(), TestContext.Current.CancellationToken);
        Assert.Contains("is not what it should be", await RefusedAsync($"upstream add c --kind smart-http --base https://x --client-certificate {pem} --client-key {wrong}"), StringComparison.Ordinal);
        await File.WriteAllTextAsync(wrong, key.ExportPkcs8PrivateKeyPem(), TestContext.Current.CancellationToken);
        await DoneAsync($"upstream add c --kind smart-http --base https://x --ca {pem} --client-certificate {pem} --client-key {wrong}");
        Assert.Contains(pem, await DoneAsync("upstream show c"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Credentials_go_unencrypted_to_this_machine_or_where_it_is_said()
    {
        await DoneAsync("upstream add here --kind smart-http --base http://127.0.0.1:9 --credentials passed --workspace none");
        await DoneAsync("upstream add there --kind smart-http --base http://git.example.org --credentials passed --insecure-http --workspace none");
        await DoneAsync("upstream add open --kind smart-http --base http://open.example.org --workspace none");
    }

    [Fact]
    public async Task A_host_that_is_not_there_fails_its_check_and_is_shown_so()
    {
        await DoneAsync($"upstream add corp --kind smart-http --base http://127.0.0.1:{GatewayFixture.FreePort()}");
        var line = await RefusedAsync("upstream check corp");
        Assert.StartsWith("corp: no connection to 127.0.0.1", line, StringComparison.Ordinal);
        Assert.Contains(": no connection to 127.0.0.1", await DoneAsync("upstream list"), StringComparison.Ordinal);
        Assert.Contains("corp", (await RunAsync("doctor")).Out, StringComparison.Ordinal);
    }

    private UpstreamPlace? PlaceOf(string repository) => gateway.Get<UpstreamPlaces>().Find(RepositoryPath.TryParse(repository, out var path) ? path : throw new ArgumentException(repository));

    private Task<(int Exit, string Out, string Error)> RunAsync(string words, string input = "") =>
        CommandLineTests.RunAsync([.. words.Split(' '), "--data", gateway.Options.Data], input);

    private async Task<string> DoneAsync(string words)
    {
        var (exit, output, error) = await RunAsync(words);
        Assert.True(exit == 0, error);
        return output;
    }

    private async Task<string> RefusedAsync(string words)
    {
        var (exit, output, error) = await RunAsync(words);
        Assert.Equal((1, ""), (exit, output));
        return error["countersign: ".Length..].TrimEnd();
    }

    private async Task<string> RefusedLocalAsync(string words)
    {
        await DoneAsync("workspace add HERE --upstream local");
        return await RefusedAsync(words);
    }
}
