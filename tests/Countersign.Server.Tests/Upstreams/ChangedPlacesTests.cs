using System.Net;
using Countersign.Core.Challenges;
using Countersign.Core.Git;
using Countersign.Server.Audit;
using Countersign.Server.Enforcement;
using Countersign.Server.Tests.Cli;
using Countersign.Server.Tests.Fixtures;
using Countersign.Server.Tests.LargeFiles;
using Countersign.Server.Upstreams;

namespace Countersign.Server.Tests.Upstreams;

/// <summary>Git hosts that change, and workspaces and repositories that go, by the commands of a running gateway.</summary>
[Trait("Category", "slow")]
public sealed class ChangedPlacesTests : IAsyncLifetime
{
    private GatewayFixture gateway = null!;

    public async ValueTask InitializeAsync() => gateway = await GatewayFixture.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await gateway.AssertInvariantsAsync();
        await gateway.DisposeAsync();
    }

    [Fact]
    public async Task What_is_named_changes_at_once_and_the_rest_stays()
    {
        await DoneAsync("upstream add corp --kind smart-http --base https://git.example.org --path /scm --credentials service --user robot --secret-stdin --keep-host", "old-secret\n");
        await DoneAsync("workspace add TEAM --upstream corp");
        Assert.Equal("changed corp: https://git.example.org/\n", await DoneAsync("upstream set corp --lfs direct --path /git --secret-stdin", "new-secret\n"));
        var corp = gateway.Get<UpstreamStore>().Find("corp")!;
        Assert.Equal(("/git", "/scm", "robot", "new-secret", true, LfsTransfers.Direct), (corp.Path, corp.Mount, corp.ServiceUser, corp.ServiceSecret, corp.KeepHost, corp.LfsTransfers));
        Assert.Equal("team/core.git", PlaceOf("TEAM/core")!.Path, ignoreCase: true);
        await gateway.RestartAsync();
        Assert.Equal("new-secret", gateway.Get<UpstreamStore>().Find("corp")!.ServiceSecret);
        var changed = Assert.Single((await gateway.AuditAsync()).Select(record => record.Event), each => each.Type == AuditTypes.UpstreamChanged).Facts;
        Assert.Equal(("corp", "/git", "new"), (changed["upstream"], changed["path"], changed["secret"]));
        Assert.DoesNotContain(changed.Values, fact => fact.Contains("new-secret", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("upstream set corp --base https://evil.example.org")]
    [InlineData("upstream set corp --proxy http://evil.example.org:3128")]
    public async Task Attack_the_service_credential_is_not_led_somewhere_else_by_who_does_not_know_it(string words)
    {
        await DoneAsync("upstream add corp --kind smart-http --base https://git.example.org --credentials service --secret-stdin", "the-secret\n");
        Assert.Contains("give its secret again", await RefusedAsync(words), StringComparison.Ordinal);
        Assert.Equal(("git.example.org", null), (gateway.Get<UpstreamStore>().Find("corp")!.Base.Host, gateway.Get<UpstreamStore>().Find("corp")!.Proxy));
        await DoneAsync($"{words} --secret-stdin", "the-secret\n");
    }

    [Theory]
    [InlineData("upstream set nowhere --lfs direct", "There is no such Git host.")]
    [InlineData("upstream set corp --base ftp://x", "base is an http or https address")]
    [InlineData("upstream set corp --credentials service", "come with service credentials")]
    [InlineData("upstream set corp --map a=b", "come with passed credentials")]
    [InlineData("upstream set corp --ca /nowhere.pem", "/nowhere.pem cannot be read")]
    [InlineData("upstream set corp --base http://git.example.org --credentials passed", "Credentials would travel unencrypted")]
    [InlineData("upstream set corp --base https://other.example.org", "serves that folder already")]
    public async Task What_cannot_work_changes_nothing(string words, string line)
    {
        await DoneAsync("upstream add corp --kind smart-http --base https://git.example.org --workspace none");
        await DoneAsync("upstream add other --kind smart-http --base https://other.example.org --mount none --workspace none");
        await DoneAsync("workspace add ONE --upstream corp --upstream-path team");
        await DoneAsync("workspace add TWO --upstream other --upstream-path team");
        var before = await DoneAsync("upstream show corp --json");
        Assert.Contains(line, await RefusedAsync(words), StringComparison.Ordinal);
        Assert.Equal(before, await DoneAsync("upstream show corp --json"));
    }

    [Fact]
    public async Task A_workspace_goes_when_it_is_empty_and_its_members_with_it()
    {
        await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        Assert.Contains("ACME has 1 repository: remove those first", await RefusedAsync("workspace remove ACME"), StringComparison.Ordinal);
        await DoneAsync("repo remove ACME/core --yes");
        Assert.Equal("removed ACME\n", await DoneAsync("workspace remove acme"));
        Assert.Equal("There is no such workspace.", await RefusedAsync("workspace remove ACME"));
        await DoneAsync("workspace add ACME --upstream local");
        Assert.Contains("There are no members", await DoneAsync("member list ACME"), StringComparison.Ordinal);
        Assert.Single((await gateway.AuditAsync()).Select(record => record.Event), each => each.Type == AuditTypes.WorkspaceRemoved);
    }

    [Fact]
    public async Task A_removed_repository_is_served_to_nobody_and_its_files_are_kept_whole()
    {
        var ann = await gateway.AddPersonAsync();
        await gateway.ApplyPolicyAsync(LargeFiles.Policies.EverythingFree);
        var core = await gateway.AddRepositoryAsync();
        var tip = await gateway.TipAsync(core);
        using var lfs = new LfsConversation(gateway);
        var oid = await lfs.PutAsync(ann, [1, 2, 3]);
        await lfs.PostAsync(ann, "locks", """{"path":"model.bin"}""");
        await gateway.ApplyPolicyAsync("version: 1\nmode: enforce\nrules:\n  - { name: all, effect: require }\n");
        var git = new GitClient(Path.Combine(gateway.Folder.FullName, "work"));
        var clone = git.StartAsync("clone", ann.UrlOf("ACME/core"), "clone");
        var asked = await ann.NextRequestAsync();

        Assert.Contains("Say --yes if you mean it", await RefusedAsync("repo remove ACME/core"), StringComparison.Ordinal);
        var said = await DoneAsync("repo remove ACME/core --yes");

        Assert.NotEqual(0, (await clone.Completion).ExitCode);
        Assert.Equal(new ChallengeState.Cancelled(CancelCause.Moved), gateway.Get<ChallengeReader>().ListAll(5).Single(each => each.Id == asked.Id).State);
        Assert.Contains("was not found", (await git.RunAsync("ls-remote", ann.UrlOf("ACME/core"))).Shown, StringComparison.Ordinal);
        var kept = said[(said.IndexOf("kept in ", StringComparison.Ordinal) + 8)..].TrimEnd();
        Assert.Contains(tip!, (await git.SucceedAsync("-c", "safe.directory=*", "--git-dir", kept, "rev-parse", "main")).Output, StringComparison.Ordinal);
        Assert.Equal("There is no such repository.", await RefusedAsync("repo remove ACME/core --yes"));

        // Another of the same name has nothing of it; the old one comes back from where it was kept.
        await DoneAsync($"repo add ACME/core --import {kept}");
        await gateway.ApplyPolicyAsync(LargeFiles.Policies.EverythingFree);
        Assert.Equal(tip, await gateway.TipAsync(core));
        Assert.Equal((int)HttpStatusCode.NotFound, (await lfs.BatchAsync(ann, "download", oid, 3)).ErrorCode);
        Assert.Equal(0, (await lfs.GetAsync(ann, "locks")).Json.GetProperty("locks").GetArrayLength());
        Assert.Equal(kept, Assert.Single((await gateway.AuditAsync()).Select(record => record.Event), each => each.Type == AuditTypes.RepositoryRemoved).Facts["kept"]);
    }

    [Fact]
    public async Task A_repository_of_a_git_host_is_only_forgotten()
    {
        await DoneAsync("upstream add corp --kind smart-http --base https://git.example.org");
        await DoneAsync("workspace add TEAM");
        await DoneAsync("repo add TEAM/core --public");
        Assert.Equal("removed TEAM/core; at its Git host nothing changed\n", await DoneAsync("repo remove TEAM/core --yes"));
        Assert.NotNull(PlaceOf("TEAM/core"));
        await DoneAsync("workspace remove TEAM");
        Assert.Null(PlaceOf("TEAM/core"));
        await DoneAsync("upstream remove corp");
    }

    private UpstreamPlace? PlaceOf(string repository) => gateway.Get<UpstreamPlaces>().Find(RepositoryPath.TryParse(repository, out var path) ? path : throw new ArgumentException(repository));

    private Task<(int Exit, string Out, string Error)> RunAsync(string words, string input) =>
        CommandLineTests.RunAsync([.. words.Split(' '), "--data", gateway.Options.Data], input);

    private async Task<string> DoneAsync(string words, string input = "")
    {
        var (exit, output, error) = await RunAsync(words, input);
        Assert.True(exit == 0, error);
        return output;
    }

    private async Task<string> RefusedAsync(string words)
    {
        var (exit, output, error) = await RunAsync(words, "");
        Assert.Equal((1, ""), (exit, output));
        return error["countersign: ".Length..].TrimEnd();
    }
}
