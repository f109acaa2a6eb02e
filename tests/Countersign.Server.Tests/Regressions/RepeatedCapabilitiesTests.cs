using Countersign.Core.Identities;
using Countersign.Server.People;
using Countersign.Server.Tests.Fixtures;
using static Countersign.Server.Tests.Regressions.RawConnection;

namespace Countersign.Server.Tests.Regressions;

/// <summary>Capabilities that were shown a moment ago come again without a record; that must open nothing.</summary>
[Trait("Category", "slow")]
public sealed class RepeatedCapabilitiesTests
{
    private const string Core = "/scm/ACME/core.git";
    private const string Capabilities = Core + "/info/refs?service=git-upload-pack";
    private const string DenyReads = """
        version: 1
        mode: enforce
        rules: [{ name: closed, operations: [read], effect: deny }]
        """;

    [Fact]
    public async Task They_are_the_same_bytes_and_leave_no_second_record_within_a_minute()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        var first = await AskAsync(gateway, Get(Capabilities, Basic(ann) + "Git-Protocol: version=2\r\n"));
        Assert.Contains("version 2", first.Body, StringComparison.Ordinal);
        var records = (await gateway.AuditAsync()).Count;
        var second = await AskAsync(gateway, Get(Capabilities, Basic(ann) + "Git-Protocol: version=2\r\n"));
        Assert.Equal((first.Status, first.Body), (second.Status, second.Body));
        Assert.Equal(records, (await gateway.AuditAsync()).Count);

        gateway.Clock.Advance(TimeSpan.FromSeconds(61));
        Assert.Equal(200, (await AskAsync(gateway, Get(Capabilities, Basic(ann) + "Git-Protocol: version=2\r\n"))).Status);
        Assert.Equal(records + 1, (await gateway.AuditAsync()).Count);
        await gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task Another_person_another_repository_and_the_ref_list_get_nothing_from_them()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        var eve = await gateway.AddPersonAsync("eve", Role.None);
        await gateway.AddRepositoryAsync();
        Assert.Equal(200, (await AskAsync(gateway, Get(Capabilities, Basic(ann) + "Git-Protocol: version=2\r\n"))).Status);
        Assert.Equal(404, (await AskAsync(gateway, Get(Capabilities, Basic(eve) + "Git-Protocol: version=2\r\n"))).Status);
        Assert.Equal(404, (await AskAsync(gateway, Get("/scm/ACME/none.git/info/refs?service=git-upload-pack", Basic(ann) + "Git-Protocol: version=2\r\n"))).Status);

        using var refs = await OpenAsync(gateway);
        await refs.SendAsync(Get(Capabilities, Basic(ann)));
        await ann.DenyNextAsync();
        Assert.DoesNotContain("refs/heads", (await refs.ReadAnswerAsync()).Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whoever_lost_access_in_that_minute_gets_nothing_from_them()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        async Task<int> AskForThemAsync() => (await AskAsync(gateway, Get(Capabilities, Basic(ann) + "Git-Protocol: version=2\r\n"))).Status;
        Assert.Equal(200, await AskForThemAsync());
        await gateway.ApplyPolicyAsync(DenyReads);
        Assert.DoesNotContain("version 2", (await AskAsync(gateway, Get(Capabilities, Basic(ann) + "Git-Protocol: version=2\r\n"))).Body, StringComparison.Ordinal);
        await gateway.ApplyPolicyAsync("version: 1\nmode: off\nrules: [{ name: a }]");
        Assert.Equal(200, await AskForThemAsync());
        await gateway.Get<IWorkspaces>().RemoveMemberAsync("ACME", "ann", "test", TestContext.Current.CancellationToken);
        Assert.Equal(404, await AskForThemAsync());
        await gateway.Get<IPeople>().DisableAsync("ann", "test", TestContext.Current.CancellationToken);
        Assert.Equal(401, await AskForThemAsync());
    }
}
