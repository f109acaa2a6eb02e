using System.Diagnostics;
using System.Text.Json;
using System.Threading.Channels;

namespace Countersign.Server.Tests.Mail;

/// <summary>A mail as a parser of somebody else's has read it.</summary>
internal sealed record ReceivedMail(
    string From, IReadOnlyList<string> To, IReadOnlyList<string[]> Headers, string Text, string Html, string Raw, IReadOnlyList<string> Defects, bool Tls, JsonElement Peer, string? User)
{
    public string Subject => Header("Subject");

    public string Header(string name) => Headers.Single(header => header[0] == name)[1];

    /// <summary>What stands after the line with the words.</summary>
    public string LinkAfter(string words)
    {
        var lines = Text.ReplaceLineEndings("\n").Split('\n').Select(line => line.Trim()).ToList();
        return lines[lines.IndexOf(words + ":") + 1];
    }

    /// <summary>The six digits of a mail that brings a code.</summary>
    public string Code => Text.Split('\n').Select(line => line.Trim()).First(line => line.Length == 6 && line.All(char.IsAsciiDigit));
}

/// <summary>A real SMTP server (aiosmtpd, as <c>./test</c> unpacks it) in a process of its own.</summary>
internal sealed class SmtpServer : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly Channel<ReceivedMail> mails = Channel.CreateUnbounded<ReceivedMail>();
    private readonly Channel<bool> orders = Channel.CreateUnbounded<bool>();
    private readonly Channel<bool> stalls = Channel.CreateUnbounded<bool>();
    private readonly Process process;
    private readonly Task reading;
    private readonly Task draining;

    private SmtpServer(Process process, int port)
    {
        (this.process, Port) = (process, port);
        reading = ReadAsync();
        draining = process.StandardError.ReadToEndAsync();
    }

    public int Port { get; }

    /// <summary>Completes when a mail has come in that the server was told to say nothing to; the next time, when the next one has.</summary>
    public Task Stalled => stalls.Reader.ReadAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(Patience);

    public static async Task<SmtpServer> StartAsync(params string[] arguments)
    {
        var packages = Path.Combine(Checkout.Root, ".peers", "root", "usr", "lib", "python3", "dist-packages");
        Assert.True(Directory.Exists(Path.Combine(packages, "aiosmtpd")), "aiosmtpd is not there: ./test unpacks it, or tools/unpack python3-aiosmtpd python3-public python3-attr");
        var script = Path.Combine(Checkout.Root, "tests", "Countersign.Server.Tests", "Mail", "smtp-server.py");
        var start = new ProcessStartInfo("/usr/bin/python3", ["-W", "ignore", script, .. arguments])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, Environment = { ["PYTHONPATH"] = packages, ["PYTHONDONTWRITEBYTECODE"] = "1" },
        };
        var process = Process.Start(start) ?? throw new InvalidOperationException("python3 did not start");
        var ready = await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(Patience);
        Assert.True(ready?.StartsWith("ready ", StringComparison.Ordinal), ready ?? "python3 ended");
        return new(process, int.Parse(ready!["ready ".Length..], System.Globalization.CultureInfo.InvariantCulture));
    }

    /// <summary>Settings for a gateway that sends through this server.</summary>
    public Dictionary<string, string?> Settings(string security = "none", bool approval = true) => new()
    {
        ["Mail:Host"] = "localhost",
        ["Mail:Port"] = Port.ToString(System.Globalization.CultureInfo.InvariantCulture),
        ["Mail:Security"] = security,
        ["Mail:From"] = "Countersign <git@gateway.example.org>",
        ["Factors:EmailApproval:Enabled"] = approval ? "true" : "false",
    };

    /// <summary>From now on; see the script.</summary>
    public async Task OrderAsync(string order)
    {
        await process.StandardInput.WriteLineAsync(order.AsMemory(), TestContext.Current.CancellationToken);
        await process.StandardInput.FlushAsync(TestContext.Current.CancellationToken);
        await orders.Reader.ReadAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(Patience);
    }

    /// <summary>The next mail, in order of arrival.</summary>
    public Task<ReceivedMail> NextAsync() => mails.Reader.ReadAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(Patience);

    /// <summary>The next mail that fits; what comes before it is dropped.</summary>
    public async Task<ReceivedMail> NextAsync(Func<ReceivedMail, bool> fits)
    {
        while (true)
        {
            if (await NextAsync() is var mail && fits(mail))
            {
                return mail;
            }
        }
    }

    /// <summary>What has arrived and was not asked for.</summary>
    public IReadOnlyList<ReceivedMail> Rest()
    {
        var rest = new List<ReceivedMail>();
        while (mails.Reader.TryRead(out var mail))
        {
            rest.Add(mail);
        }

        return rest;
    }

    /// <summary>The server is away from now on.</summary>
    public async Task StopAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await reading;
        await draining;
        process.Dispose();
    }

    private async Task ReadAsync()
    {
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line == "set")
            {
                orders.Writer.TryWrite(true);
            }
            else if (line == "stalling")
            {
                stalls.Writer.TryWrite(true);
            }
            else
            {
                mails.Writer.TryWrite(JsonSerializer.Deserialize<ReceivedMail>(line, JsonSerializerOptions.Web)!);
            }
        }
    }
}
