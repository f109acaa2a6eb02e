using System.Security.Authentication;
using Countersign.Server.Mail;
using Countersign.Server.Tests.Tls;

namespace Countersign.Server.Tests.Mail;

/// <summary>The SMTP dialogue with a real server, and with servers that lie.</summary>
[Trait("Category", "slow")]
public sealed class SmtpConnectionTests
{
    private static readonly byte[] Message = "From: a@example.org\r\nTo: b@example.org\r\nSubject: dots\r\n\r\n.\r\n..\r\n.hidden\r\nend\r\n"u8.ToArray();

    [Theory]
    [InlineData("starttls", "--without=LOGIN")]
    [InlineData("starttls", "--without=PLAIN")]
    [InlineData("tls", "--without=LOGIN")]
    [InlineData("tls", "--without=PLAIN")]
    public async Task A_mail_goes_through_inside_TLS_after_signing_in_by_either_mechanism(string security, string without)
    {
        using var authority = new TestAuthority();
        await using var server = await SmtpServer.StartAsync("--security", security, "--certificate", authority.ChainFile, "--key", authority.KeyFile, "--user", "gateway", "--password", "p a:ss", without);
        var options = Options(server.Port, security, authority.RootFile, "gateway", "p a:ss");
        await using var connection = await OpenAsync(options);
        Assert.True((await connection.SendAsync("a@example.org", "b@example.org", Message, Token)).IsDone);
        Assert.True((await connection.SendAsync("a@example.org", "c@example.org", Message, Token)).IsDone); // the same connection
        var (first, second) = (await server.NextAsync(), await server.NextAsync());
        Assert.Equal((true, "gateway"), (first.Tls, first.User));
        Assert.Equal(first.Peer[1].GetInt32(), second.Peer[1].GetInt32());
        Assert.EndsWith("\r\n.\r\n..\r\n.hidden\r\nend\r\n", first.Raw, StringComparison.Ordinal); // dots survive, and none ended it
        await connection.QuitAsync(Token);
    }

    [Fact]
    public async Task A_wrong_password_is_told_and_nothing_is_sent()
    {
        using var authority = new TestAuthority();
        await using var server = await SmtpServer.StartAsync("--security", "tls", "--certificate", authority.ChainFile, "--key", authority.KeyFile, "--user", "gateway", "--password", "right");
        var failure = await Assert.ThrowsAsync<SmtpException>(() => OpenAsync(Options(server.Port, "tls", authority.RootFile, "gateway", "wrong")));
        Assert.Contains("refuses the user", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("wrong", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("starttls")]
    [InlineData("tls")]
    public async Task A_certificate_of_somebody_else_ends_it(string security)
    {
        using var theirs = new TestAuthority();
        using var ours = new TestAuthority();
        await using var server = await SmtpServer.StartAsync("--security", security, "--certificate", theirs.ChainFile, "--key", theirs.KeyFile);
        await Assert.ThrowsAsync<AuthenticationException>(() => OpenAsync(Options(server.Port, security, ours.RootFile)));
        await Assert.ThrowsAsync<AuthenticationException>(() => OpenAsync(Options(server.Port, security, null)));
    }

    [Fact]
    public async Task A_certificate_for_another_name_ends_it()
    {
        using var authority = new TestAuthority();
        await using var server = await SmtpServer.StartAsync("--security", "tls", "--certificate", authority.ChainFile, "--key", authority.KeyFile);
        var options = new MailOptions { Host = "127.0.0.2", Port = server.Port, Security = "tls", CaFile = authority.RootFile };
        await Assert.ThrowsAnyAsync<Exception>(() => OpenAsync(options));
    }

    [Fact]
    public async Task Where_STARTTLS_is_configured_a_server_without_it_gets_nothing()
    {
        await using var server = await SmtpServer.StartAsync();
        var failure = await Assert.ThrowsAsync<SmtpException>(() => OpenAsync(Options(server.Port, "starttls", null, "gateway", "secret")));
        Assert.Contains("no STARTTLS", failure.Message, StringComparison.Ordinal);
        Assert.Empty(server.Rest());
    }

    [Fact]
    public async Task What_was_said_before_TLS_does_not_count_inside()
    {
        await using var server = new RawSmtp("220 hello\r\n", "250-hello\r\n250 STARTTLS\r\n", "220 go\r\n250-hello\r\n250 AUTH PLAIN\r\n");
        var failure = await Assert.ThrowsAsync<SmtpException>(() => OpenAsync(Options(server.Port, "starttls", null, "gateway", "secret")));
        Assert.Contains("before TLS", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("AUTH", server.Heard.ToString(), StringComparison.Ordinal);
    }

    public static TheoryData<string> Nonsense => new(
        "HTTP/1.1 200 OK\r\n\r\n", "220\n", "22 hello\r\n", "220/hello\r\n", "999 hello\r\n", "220 " + new string('a', 5000) + "\r\n",
        string.Concat(Enumerable.Repeat("220-more\r\n", 200)), "554 go away\r\n", "");

    [Theory]
    [MemberData(nameof(Nonsense))]
    public async Task A_server_that_speaks_no_SMTP_or_without_end_is_left(string greeting)
    {
        await using var server = new RawSmtp(greeting);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(greeting.Length == 0 ? 1 : 30));
        var failure = await Record.ExceptionAsync(() => SmtpConnection.OpenAsync(Options(server.Port, "none", null), "localhost", patience.Token));
        Assert.True(greeting.Length == 0 ? failure is OperationCanceledException : failure is SmtpException, failure?.ToString());
    }

    [Fact]
    public async Task A_refused_recipient_leaves_the_connection_good_for_the_next()
    {
        await using var server = await SmtpServer.StartAsync();
        await server.OrderAsync("rcpt bad@example.org 550");
        await using var connection = await OpenAsync(Options(server.Port, "none", null));
        var refused = await connection.SendAsync("a@example.org", "bad@example.org", Message, Token);
        Assert.Equal((550, true), (refused.Code, refused.IsFinal));
        Assert.True((await connection.SendAsync("a@example.org", "b@example.org", Message, Token)).IsDone);
        Assert.Equal(["b@example.org"], (await server.NextAsync()).To);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static MailOptions Options(int port, string security, string? ca, string? user = null, string? password = null) =>
        new() { Host = "localhost", Port = port, Security = security, CaFile = ca, User = user, Password = password };

    private static Task<SmtpConnection> OpenAsync(MailOptions options) => SmtpConnection.OpenAsync(options, "gateway.example.org", Token);
}
