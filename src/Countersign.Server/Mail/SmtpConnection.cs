using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Countersign.Server.Mail;

/// <summary>
/// One connection to the mail server, ready to send: greeted, inside TLS unless the server is on this machine, and signed in.
/// RFC 5321, RFC 3207 (STARTTLS, required where it is configured), RFC 8314 (TLS at once), RFC 4954 (AUTH PLAIN and LOGIN).
/// </summary>
internal sealed class SmtpConnection : IAsyncDisposable
{
    /// <summary>RFC 5321 3.8: it hangs up, whatever was asked.</summary>
    public const int Closing = 421;

    private readonly Socket socket;
    private Stream stream;
    private SmtpLines lines;

    private SmtpConnection(Socket socket)
    {
        this.socket = socket;
        stream = new NetworkStream(socket, ownsSocket: true);
        lines = new(stream);
    }

    /// <summary>Mails that this connection has carried.</summary>
    public int Sent { get; private set; }

    /// <summary>Throws <see cref="SmtpException"/>, and what sockets and TLS throw.</summary>
    /// <param name="options">Where to, and as whom.</param>
    /// <param name="self">The gateway's own name, for EHLO.</param>
    /// <param name="cancellation">Bounds all of it.</param>
    public static async Task<SmtpConnection> OpenAsync(MailOptions options, string self, CancellationToken cancellation)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(options.Host!, options.Port, cancellation);
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        var connection = new SmtpConnection(socket);
        try
        {
            await connection.BeginAsync(options, Greeting(self), cancellation);
            return connection;
        }
        catch
        {
            await connection.CloseAsync();
            throw;
        }
    }

    /// <summary>The server's verdict: the first answer that is a refusal, or the last one, by which it takes the mail over.</summary>
    public async Task<SmtpReply> SendAsync(string from, string to, ReadOnlyMemory<byte> message, CancellationToken cancellation)
    {
        foreach (var (command, awaited) in ((string, int)[])[($"MAIL FROM:<{from}>", 2), ($"RCPT TO:<{to}>", 2), ("DATA", 3)])
        {
            if (await AskAsync(command, cancellation) is var reply && reply.Code / 100 != awaited)
            {
                if (reply.Code == Closing)
                {
                    return reply; // and it hangs up: nothing more is to be asked
                }

                await AskAsync("RSET", cancellation);
                return command.StartsWith("MAIL", StringComparison.Ordinal) && reply.IsFinal
                    ? throw new SmtpException($"it refuses the sender: {reply}") // of every mail: no reason to drop this one
                    : reply;
            }
        }

        await stream.WriteAsync(Stuffed(message.Span), cancellation);
        var verdict = await AskAsync(".", cancellation);
        Sent += verdict.IsDone ? 1 : 0;
        return verdict;
    }

    /// <summary>True while the server is there and well.</summary>
    public async Task<bool> IsAliveAsync(CancellationToken cancellation)
    {
        try
        {
            return (await AskAsync("NOOP", cancellation)).IsDone;
        }
        catch (Exception failure) when (failure is IOException or SmtpException or SocketException)
        {
            return false;
        }
    }

    public async Task QuitAsync(CancellationToken cancellation)
    {
        try
        {
            await AskAsync("QUIT", cancellation);
        }
        catch (Exception failure) when (failure is IOException or SmtpException or OperationCanceledException)
        {
            // It has gone first.
        }
    }

    public ValueTask DisposeAsync() => new(CloseAsync());

    private async Task CloseAsync()
    {
        try
        {
            await stream.DisposeAsync();
        }
        catch (IOException)
        {
            // The last words of TLS found nobody.
        }

        socket.Dispose();
    }

    private async Task BeginAsync(MailOptions options, string self, CancellationToken cancellation)
    {
        if (options.Security == "tls")
        {
            await SecureAsync(options, cancellation);
        }

        if (await lines.ReadAsync(cancellation) is { Code: not 220 } greeting)
        {
            throw new SmtpException($"it says {greeting}");
        }

        var offers = await HelloAsync(self, cancellation);
        if (options.Security == "starttls")
        {
            if (!offers.Contains("STARTTLS", StringComparer.OrdinalIgnoreCase))
            {
                throw new SmtpException("it offers no STARTTLS, so nothing is sent");
            }

            if (await AskAsync("STARTTLS", cancellation) is { Code: not 220 } refused)
            {
                throw new SmtpException($"it refuses STARTTLS: {refused}");
            }

            if (lines.HasMore)
            {
                throw new SmtpException("it sent something before TLS that would count inside");
            }

            await SecureAsync(options, cancellation);
            offers = await HelloAsync(self, cancellation); // what was offered outside TLS was offered by anybody (RFC 3207 4.2)
        }

        if (options.User is { } user)
        {
            await SignInAsync(offers, user, MailSettings.PasswordOf(options) ?? "", cancellation);
        }
    }

    private async Task<IReadOnlyList<string>> HelloAsync(string self, CancellationToken cancellation) =>
        await AskAsync($"EHLO {self}", cancellation) is { IsDone: true } reply ? reply.Lines : throw new SmtpException("it does not take EHLO");

    private async Task SecureAsync(MailOptions options, CancellationToken cancellation)
    {
        var secure = new SslStream(stream);
        stream = secure; // closed with it, also when the handshake fails
        lines = new(secure);
        var tls = new SslClientAuthenticationOptions { TargetHost = options.Host, EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13 };
        if (options.CaFile is { } file)
        {
            var roots = new X509Certificate2Collection();
            roots.ImportFromPemFile(file);
            tls.CertificateChainPolicy = new() { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            tls.CertificateChainPolicy.CustomTrustStore.AddRange(roots);
        }

        await secure.AuthenticateAsClientAsync(tls, cancellation);
    }

    private async Task SignInAsync(IReadOnlyList<string> offers, string user, string password, CancellationToken cancellation)
    {
        var mechanisms = offers.FirstOrDefault(offer => offer.StartsWith("AUTH ", StringComparison.OrdinalIgnoreCase))?.ToUpperInvariant().Split(' ') ?? [];
        SmtpReply reply;
        if (mechanisms.Contains("PLAIN"))
        {
            reply = await AskAsync($"AUTH PLAIN {Base64($"\0{user}\0{password}")}", cancellation);
        }
        else if (mechanisms.Contains("LOGIN"))
        {
            reply = await AskAsync("AUTH LOGIN", cancellation);
            reply = reply.Code == 334 ? await AskAsync(Base64(user), cancellation) : reply;
            reply = reply.Code == 334 ? await AskAsync(Base64(password), cancellation) : reply;
        }
        else
        {
            throw new SmtpException("it offers neither AUTH PLAIN nor AUTH LOGIN");
        }

        if (reply.Code != 235)
        {
            throw new SmtpException($"it refuses the user: {reply}");
        }
    }

    private async Task<SmtpReply> AskAsync(string command, CancellationToken cancellation)
    {
        await lines.WriteAsync(command, cancellation);
        return await lines.ReadAsync(cancellation);
    }

    /// <summary>RFC 5321 4.5.2: a line that begins with a dot gets another one, so that none of ours ends the mail.</summary>
    private static byte[] Stuffed(ReadOnlySpan<byte> message)
    {
        var stuffed = new MemoryStream(message.Length + 16);
        var atStart = true;
        foreach (var one in message)
        {
            if (atStart && one == '.')
            {
                stuffed.WriteByte((byte)'.');
            }

            stuffed.WriteByte(one);
            atStart = one == '\n';
        }

        return stuffed.ToArray();
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private static string Greeting(string self) => IPAddress.TryParse(self.Trim('[', ']'), out var address)
        ? address.AddressFamily is AddressFamily.InterNetworkV6 ? $"[IPv6:{address}]" : $"[{address}]"
        : self;
}
