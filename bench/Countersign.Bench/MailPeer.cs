using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Countersign.Bench;

/// <summary>A real SMTP server (aiosmtpd) in a process of its own, the one of the tests.</summary>
internal sealed class MailPeer : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);
    private readonly Process process;

    private MailPeer(Process process, int port) => (this.process, Port) = (process, port);

    public int Port { get; }

    public static async Task<MailPeer> StartAsync()
    {
        var process = Process.Start(new ProcessStartInfo("/usr/bin/python3", ["-W", "ignore", Settings.SmtpServer])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            Environment = { ["PYTHONPATH"] = Settings.PythonPackages, ["PYTHONDONTWRITEBYTECODE"] = "1" },
        })!;
        var ready = await process.StandardOutput.ReadLineAsync().WaitAsync(Patience) ?? throw new InvalidOperationException("the mail server did not start");
        return new(process, int.Parse(ready["ready ".Length..], CultureInfo.InvariantCulture));
    }

    /// <summary>Waits for so many mails; the link to approve of each, by the name of whom it went to.</summary>
    public async Task<Dictionary<string, string>> LinksAsync(int count)
    {
        var links = new Dictionary<string, string>(StringComparer.Ordinal);
        while (links.Count < count)
        {
            var line = await process.StandardOutput.ReadLineAsync().WaitAsync(Patience) ?? throw new InvalidOperationException("the mail server has ended");
            using var mail = JsonDocument.Parse(line);
            var text = mail.RootElement.GetProperty("text").GetString()!.ReplaceLineEndings("\n").Split('\n', StringSplitOptions.TrimEntries);
            if (text.FirstOrDefault(word => word.Contains("/m/", StringComparison.Ordinal)) is { } link)
            {
                links[mail.RootElement.GetProperty("to")[0].GetString()!.Split('@')[0]] = link;
            }
        }

        return links;
    }

    public async ValueTask DisposeAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
    }
}
