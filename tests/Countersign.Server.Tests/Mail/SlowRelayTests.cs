using System.Text;
using Countersign.Server.Mail;
using Countersign.Server.Storage.Sqlite;
using Countersign.Server.Tests.Fixtures;

namespace Countersign.Server.Tests.Mail;

/// <summary>A mail server that stalls or refuses one mail holds up that one.</summary>
[Trait("Category", "slow")]
public sealed class SlowRelayTests
{
    [Fact]
    public async Task A_mail_that_the_server_says_nothing_to_holds_the_next_up_for_two_seconds_and_those_after_it_not_at_all()
    {
        await using var server = await SmtpServer.StartAsync();
        await using var gateway = await GatewayFixture.StartAsync(settings: server.Settings());
        await server.OrderAsync("data ann@example.org stall");
        await WarnAsync(gateway, "ann@example.org");
        await server.Stalled;
        var waits = gateway.Clock.WhenArmedAsync(TimeSpan.Zero, MailSender.Slow);
        await WarnAsync(gateway, "bob@example.org");
        await waits;
        gateway.Clock.Advance(MailSender.Slow);
        Assert.Equal(["bob@example.org"], (await server.NextAsync()).To);
        await WarnAsync(gateway, "carol@example.org");
        Assert.Equal(["carol@example.org"], (await server.NextAsync()).To);
    }

    [Theory]
    [InlineData("rcpt ann@example.org 451")]
    [InlineData("rcpt ann@example.org 550")]
    [InlineData("rcpt ann@example.org 421")]
    [InlineData("data ann@example.org 452")]
    [InlineData("data ann@example.org drop")]
    public async Task What_fails_for_one_recipient_keeps_nobody_else_waiting(string order)
    {
        await using var server = await SmtpServer.StartAsync();
        await using var gateway = await GatewayFixture.StartAsync(settings: server.Settings());
        await server.OrderAsync(order);
        for (var round = 0; round < MailSender.MostAtOnce + 2; round++)
        {
            await WarnAsync(gateway, "ann@example.org");
            await WarnAsync(gateway, "bob@example.org");
            Assert.Equal(["bob@example.org"], (await server.NextAsync()).To); // by a clock that stands still
        }
    }

    [Fact]
    public async Task A_server_that_is_silent_to_four_mails_in_a_row_is_left_alone_for_five_seconds()
    {
        await using var server = await SmtpServer.StartAsync();
        await using var gateway = await GatewayFixture.StartAsync(settings: server.Settings());
        foreach (var name in (string[])["a", "b", "c", "d"])
        {
            await server.OrderAsync($"data {name}@example.org stall");
        }

        await WarnAsync(gateway, "a@example.org");
        await server.Stalled;
        foreach (var name in (string[])["b", "c", "d"])
        {
            var waits = gateway.Clock.WhenArmedAsync(TimeSpan.Zero, MailSender.Slow);
            await WarnAsync(gateway, $"{name}@example.org");
            await waits;
            gateway.Clock.Advance(MailSender.Slow);
            await server.Stalled;
        }

        await server.OrderAsync("well");
        gateway.Clock.Advance(MailLane.Patience);
        Assert.True(SpinWait.SpinUntil(() => gateway.Get<Ledger>().Reads.Query("SELECT coalesce(sum(attempts), 0) FROM outbox", static row => row.GetInt32(0)) is [4], TimeSpan.FromSeconds(60)));
        var rests = gateway.Clock.WhenArmedAsync(TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(5));
        await WarnAsync(gateway, "e@example.org");
        await rests;
        Assert.Empty(server.Rest());
        gateway.Clock.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(["e@example.org"], (await server.NextAsync()).To);
    }

    [Fact]
    public async Task A_server_that_hangs_up_with_421_costs_the_next_mail_nothing()
    {
        await using var server = new RawSmtp("220 hello\r\n", "250 hello\r\n", "250 ok\r\n", "421 too busy\r\n");
        var lane = new MailLane(new() { Host = "localhost", Port = server.Port, Security = "none" }, "localhost", TimeProvider.System);
        var outcome = await lane.SendAsync("a@example.org", "b@example.org", Encoding.ASCII.GetBytes("x\r\n"), TestContext.Current.CancellationToken);
        Assert.Equal((true, 421), (outcome.HasServer, outcome.Verdict?.Code));
        Assert.False(lane.IsOpen);
    }

    private static async Task WarnAsync(GatewayFixture gateway, string address) =>
        Assert.True(await gateway.Get<AccountMail>().WarnAsync(new(Guid.Empty), address, "something"));
}
