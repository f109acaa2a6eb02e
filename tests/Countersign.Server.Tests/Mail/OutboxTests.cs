using Countersign.Server.Audit;
using Countersign.Server.Mail;
using Countersign.Server.Tests.Fixtures;
using Microsoft.AspNetCore.Builder;

namespace Countersign.Server.Tests.Mail;

/// <summary>What was put in is sent, in spite of everything.</summary>
[Trait("Category", "slow")]
public sealed class OutboxTests
{
    [Fact]
    public async Task A_mail_that_the_server_puts_off_is_tried_again_later_and_later_until_it_is_taken()
    {
        await using var server = await SmtpServer.StartAsync();
        await using var gateway = await GatewayFixture.StartAsync(settings: server.Settings());
        var ann = await gateway.AddPersonAsync();
        await DrainAsync(gateway, server);
        await server.OrderAsync("rcpt ann@example.org 451");
        var postponed = gateway.Clock.WhenArmedAsync(TimeSpan.FromSeconds(9), TimeSpan.FromSeconds(10));
        await gateway.Get<AccountMail>().TellAsync(ann.Id, "first");
        await postponed;
        var again = gateway.Clock.WhenArmedAsync(TimeSpan.FromSeconds(14), TimeSpan.FromSeconds(20)); // 20 s, or what idles first
        gateway.Clock.Advance(TimeSpan.FromSeconds(10));
        await again;
        Assert.Empty(server.Rest());
        await server.OrderAsync("well");
        gateway.Clock.Advance(TimeSpan.FromSeconds(21)); // less than what is waited for an answer
        gateway.Get<Outbox>().Wake(); // it may have begun to wait just after the clock was moved
        Assert.Contains("first", (await server.NextAsync()).Text, StringComparison.Ordinal);
        Assert.Empty(server.Rest());
    }

    [Fact]
    public async Task A_mail_that_is_refused_for_good_is_dropped_and_recorded_and_keeps_no_other_from_going()
    {
        await using var server = await SmtpServer.StartAsync();
        await using var gateway = await GatewayFixture.StartAsync(settings: server.Settings());
        var (ann, bob) = (await gateway.AddPersonAsync(), await gateway.AddPersonAsync("bob"));
        await DrainAsync(gateway, server);
        await server.OrderAsync("rcpt ann@example.org 550");
        await server.OrderAsync("data bob@example.org drop");
        var mail = gateway.Get<AccountMail>();
        await mail.TellAsync(ann.Id, "poison");
        await mail.TellAsync(bob.Id, "poison too");
        await mail.WarnAsync(bob.Id, "carol@example.org", "good");
        Assert.Equal(["carol@example.org"], (await server.NextAsync()).To);

        await server.OrderAsync("well");
        gateway.Clock.Advance(TimeSpan.FromSeconds(11)); // less than what is waited for an answer
        gateway.Get<Outbox>().Wake(); // it may have begun to wait just after the clock was moved
        Assert.Contains("poison too", (await server.NextAsync()).Text, StringComparison.Ordinal);
        var dropped = Assert.Single((await gateway.AuditAsync()).Select(record => record.Event), record => record.Type == AuditTypes.MailDropped);
        Assert.Equal(("refused: 550", ann.Id.ToString()), (dropped.Facts["why"], dropped.Facts["person_id"]));
    }

    [Fact]
    public async Task A_server_that_says_nothing_is_left_and_tried_again()
    {
        await using var server = await SmtpServer.StartAsync();
        await using var gateway = await GatewayFixture.StartAsync(settings: server.Settings());
        var ann = await gateway.AddPersonAsync();
        await DrainAsync(gateway, server);
        await server.OrderAsync("data ann@example.org stall");
        await gateway.Get<AccountMail>().TellAsync(ann.Id, "patience");
        await server.Stalled;
        await server.OrderAsync("well");
        var postponed = gateway.Clock.WhenArmedAsync(TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(10));
        gateway.Clock.Advance(TimeSpan.FromSeconds(30));
        await postponed;
        gateway.Clock.Advance(TimeSpan.FromSeconds(30));
        Assert.Contains("patience", (await server.NextAsync()).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_waited_when_the_gateway_stopped_is_sent_after_its_next_start()
    {
        var port = GatewayFixture.FreePort();
        await using var gateway = await GatewayFixture.StartAsync(settings: new()
        {
            ["Mail:Host"] = "localhost", ["Mail:Port"] = port.ToString(System.Globalization.CultureInfo.InvariantCulture), ["Mail:Security"] = "none", ["Mail:From"] = "git@example.org",
        });
        var ann = await gateway.AddPersonAsync();
        var before = gateway.Get<Outbox>().Count();
        await gateway.Get<AccountMail>().TellAsync(ann.Id, "through the restart");
        Assert.Equal(before + 1, gateway.Get<Outbox>().Count());
        await using var server = await SmtpServer.StartAsync("--port", port.ToString(System.Globalization.CultureInfo.InvariantCulture));
        await gateway.RestartAsync();
        Assert.Contains("through the restart", (await server.NextAsync(mail => mail.Text.Contains("restart", StringComparison.Ordinal))).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_too_old_is_dropped_and_recorded()
    {
        await using var gateway = await GatewayFixture.StartAsync(settings: new()
        {
            ["Mail:Host"] = "localhost", ["Mail:Port"] = GatewayFixture.FreePort().ToString(System.Globalization.CultureInfo.InvariantCulture), ["Mail:Security"] = "none", ["Mail:From"] = "git@example.org",
        });
        var ann = await gateway.AddPersonAsync();
        await gateway.Get<AccountMail>().TellAsync(ann.Id, "news");
        gateway.Clock.Advance(TimeSpan.FromDays(4));
        await gateway.RestartAsync();
        Assert.True(SpinWait.SpinUntil(() => gateway.Get<Outbox>().Count() == 0, TimeSpan.FromSeconds(30)));
        Assert.All((await gateway.AuditAsync()).Where(record => record.Event.Type == AuditTypes.MailDropped), record => Assert.Equal("too late", record.Event.Facts["why"]));
    }

    [Fact]
    public async Task Without_mail_nothing_waits_and_notices_are_on_the_page()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        await gateway.Get<Server.People.INotices>().TellAsync(ann.Id, "something happened", TestContext.Current.CancellationToken);
        Assert.Equal(0, gateway.Get<Outbox>().Count());
        Assert.Contains(await gateway.Get<Server.People.INotices>().ListAsync(ann.Id, TestContext.Current.CancellationToken), notice => notice.Text == "something happened");
        Assert.IsType<WebApplication>(gateway.App);
    }

    /// <summary>The mails that making people sends.</summary>
    private static async Task DrainAsync(GatewayFixture gateway, SmtpServer server)
    {
        Assert.True(SpinWait.SpinUntil(() => gateway.Get<Outbox>().Count() == 0, TimeSpan.FromSeconds(30)));
        var last = $"drained {Guid.NewGuid():N}";
        await gateway.Get<AccountMail>().WarnAsync(new(Guid.Empty), "nobody@example.org", last);
        await server.NextAsync(mail => mail.Text.Contains(last, StringComparison.Ordinal));
        Assert.True(SpinWait.SpinUntil(() => gateway.Get<Outbox>().Count() == 0, TimeSpan.FromSeconds(30)));
    }
}
