using System.Globalization;
using Countersign.Server.Mail;
using Countersign.Server.Tests.Fixtures;

namespace Countersign.Server.Tests.Mail;

/// <summary>What others can send in numbers crowds out nothing that somebody waits for or must hear of.</summary>
[Trait("Category", "slow")]
public sealed class OutboxRoomTests
{
    private static readonly int Many = Outbox.MostOfAPerson + 20;

    [Fact]
    public async Task Floods_of_invitations_and_notices_leave_room_for_approvals_codes_warnings_and_each_other()
    {
        await using var gateway = await GatewayFixture.StartAsync(settings: Nowhere(GatewayFixture.FreePort()));
        var ann = await gateway.AddPersonAsync();
        var (mail, outbox) = (gateway.Get<AccountMail>(), gateway.Get<Outbox>());
        await Task.WhenAll(Enumerable.Range(0, Many).Select(number => mail.InviteAsync(ann.Id, $"invitation {number}")));
        var before = outbox.Count();
        await mail.TellAsync(ann.Id, "a notice");
        Assert.Equal(before + 1, outbox.Count());
        await Task.WhenAll(Enumerable.Range(0, Many).Select(number => mail.TellAsync(ann.Id, $"notice {number}")));
        Assert.True(await mail.SendCodeAsync(ann.Id, "ann@example.org", "123456", "to see that it goes", TimeSpan.FromMinutes(10)));
        Assert.True(await mail.WarnAsync(ann.Id, "old@example.org", "your address was changed"));
        Assert.True(await AddApprovalAsync(gateway, ann, "approve"));
        var full = outbox.Count();
        Assert.Equal((2 * Outbox.MostOfAPerson) + 1 + 3, full); // the one is the mail that says more
        await mail.InviteAsync(ann.Id, "one more");
        await mail.TellAsync(ann.Id, "one more");
        Assert.Equal(full, outbox.Count());
    }

    [Fact]
    public async Task Approvals_go_first_then_codes_then_notices_and_one_mail_says_that_there_was_more()
    {
        var port = GatewayFixture.FreePort();
        await using var gateway = await GatewayFixture.StartAsync(settings: Nowhere(port));
        var ann = await gateway.AddPersonAsync();
        var mail = gateway.Get<AccountMail>();
        await mail.InviteAsync(ann.Id, "invited");
        for (var number = 0; number < Many; number++)
        {
            await mail.TellAsync(ann.Id, $"notice {number}");
        }

        await mail.SendCodeAsync(ann.Id, "ann@example.org", "123456", "to see that it goes", TimeSpan.FromMinutes(10));
        await AddApprovalAsync(gateway, ann, "approve");
        await using var server = await SmtpServer.StartAsync("--port", port.ToString(CultureInfo.InvariantCulture));
        await gateway.RestartAsync();
        Assert.Equal("approve", (await server.NextAsync()).Subject);
        Assert.Equal("123456", (await server.NextAsync()).Code);
        for (var number = 0; number < Outbox.MostOfAPerson; number++)
        {
            Assert.StartsWith("Security notice", (await server.NextAsync()).Subject, StringComparison.Ordinal);
        }

        Assert.Contains("More happened to your account than is mailed at once", (await server.NextAsync()).Text, StringComparison.Ordinal);
        Assert.Contains("invited", (await server.NextAsync()).Text, StringComparison.Ordinal);
        Assert.True(SpinWait.SpinUntil(() => gateway.Get<Outbox>().Count() == 0, TimeSpan.FromSeconds(30)));
        Assert.Empty(server.Rest());
    }

    private static Task<bool> AddApprovalAsync(GatewayFixture gateway, TestPerson person, string subject)
    {
        var outbox = gateway.Get<Outbox>();
        var body = outbox.Seal("ann@example.org", new MailLayout(subject).Paragraph("A request.").Write())!;
        return outbox.AddAsync(new(MailKind.Approval, person.Id, null, body, gateway.Clock.GetUtcNow() + TimeSpan.FromMinutes(5)));
    }

    private static Dictionary<string, string?> Nowhere(int port) => new()
    {
        ["Mail:Host"] = "localhost", ["Mail:Port"] = port.ToString(CultureInfo.InvariantCulture), ["Mail:Security"] = "none", ["Mail:From"] = "git@example.org",
    };
}
