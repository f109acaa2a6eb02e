using Countersign.Demo;
using Countersign.Server.Tests.Fixtures;

namespace Countersign.Server.Tests.Duo;

public sealed class SecondClientTests
{
    [Theory]
    [InlineData(2)]
    [InlineData(5)]
    public async Task A_client_written_from_the_documentation_alone_goes_through_a_whole_push(int version)
    {
        var clock = new FakeClock();
        await using var duo = await DuoSimulator.StartAsync(clock);
        duo.AddUser("ann");
        using var client = new SecondClient(duo, clock, version);

        Assert.Equal(clock.GetUtcNow().ToUnixTimeSeconds(), (await client.GetAsync("/auth/v2/check")).GetProperty("response").GetProperty("time").GetInt64());
        var preauth = (await client.PostAsync("/auth/v2/preauth", ("username", "ann"), ("ipaddr", "203.0.113.9"), ("client_supports_verified_push", "1"))).GetProperty("response");
        Assert.Equal("auth", preauth.GetProperty("result").GetString());
        var device = preauth.GetProperty("devices")[0].GetProperty("device").GetString()!;
        var auth = await client.PostAsync(
            "/auth/v2/auth", ("username", "ann"), ("factor", "push"), ("async", "1"), ("device", device), ("type", "Git push"),
            ("display_username", "Ann Lée <ann@example.org>"), ("pushinfo", "Ref=refs%2Fheads%2Fmain&What=~a%20b%2B%3D"));
        var txid = auth.GetProperty("response").GetProperty("txid").GetString()!;
        var push = await duo.NextPushAsync(TestContext.Current.CancellationToken);
        Assert.Equal([("Ref", "refs/heads/main"), ("What", "~a b+=")], push.Info);
        Assert.Equal("Ann Lée <ann@example.org>", push.DisplayName);
        Assert.Equal("waiting", (await client.GetAsync("/auth/v2/auth_status", ("txid", txid))).GetProperty("response").GetProperty("result").GetString());
        push.Reply(PhoneAnswer.Approve);
        Assert.Equal("allow", (await client.GetAsync("/auth/v2/auth_status", ("txid", txid))).GetProperty("response").GetProperty("result").GetString());
        Assert.All(duo.Calls, call => Assert.Equal(version, call.Version));
    }
}
