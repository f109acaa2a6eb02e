using System.Text.RegularExpressions;
using Countersign.Demo;
using Countersign.Server.Tests.Fixtures;

namespace Countersign.Server.Tests.Duo;

/// <summary>What somebody new sees: a clone that waits for a phone.</summary>
[Trait("Category", "slow")]
public sealed partial class DemoTests
{
    [Fact]
    public async Task The_demo_says_what_to_type_holds_the_clone_lets_it_through_from_the_phone_and_leaves_nothing_behind()
    {
        var folder = Directory.CreateTempSubdirectory("countersign-test-");
        using var output = new AnnouncedText("passcode that the phone shows");
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var demo = DemoCommand.RunAsync(output, stop.Token);
        await Task.WhenAny(demo, output.Said).WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);
        var told = output.ToString();
        var (phone, clone) = (Phone().Match(told).Value, Clone().Match(told).Groups["url"].Value);
        Assert.NotEqual("", phone);

        var git = new GitClient(folder.FullName);
        var running = git.StartAsync("clone", clone, "core");
        using var browser = new HttpClient(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false });
        string page;
        do
        {
            page = await browser.GetStringAsync(phone, TestContext.Current.CancellationToken); // as the page does by itself each second
        }
        while (!page.Contains("Git fetch request", StringComparison.Ordinal));

        Assert.Contains("<dd>ACME/core</dd>", page, StringComparison.Ordinal);
        var txid = Txid().Match(page).Groups["txid"].Value;
        Assert.Equal(403, await AnswerAsync(browser, phone, txid, "https://evil.example"));
        Assert.Equal(303, await AnswerAsync(browser, phone, txid, new Uri(phone).GetLeftPart(UriPartial.Authority)));
        var result = await running.Completion;
        Assert.True(result.ExitCode == 0, result.Error);
        Assert.True(File.Exists(Path.Combine(folder.FullName, "core", "README.md")));

        var made = Directory.GetDirectories(Path.GetTempPath(), "countersign-demo-*").Length;
        await stop.CancelAsync();
        await demo.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
        Assert.Equal(made - 1, Directory.GetDirectories(Path.GetTempPath(), "countersign-demo-*").Length);
        folder.Delete(recursive: true);
    }

    private static async Task<int> AnswerAsync(HttpClient browser, string phone, string txid, string origin)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, phone) { Content = new FormUrlEncodedContent([new("txid", txid), new("answer", "approve")]) };
        request.Headers.Add("Origin", origin);
        using var response = await browser.SendAsync(request, TestContext.Current.CancellationToken);
        return (int)response.StatusCode;
    }

    [GeneratedRegex("http://localhost:[0-9]+/phone/[0-9a-f]+")]
    private static partial Regex Phone();

    [GeneratedRegex("git clone (?<url>http://ann:[^ ]+/scm/ACME/core\\.git)")]
    private static partial Regex Clone();

    [GeneratedRegex("name=\"txid\" value=\"(?<txid>[^\"]+)\"")]
    private static partial Regex Txid();

    /// <summary>Completes when a text was written.</summary>
    private sealed class AnnouncedText(string end) : StringWriter
    {
        private readonly TaskCompletionSource said = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Said => said.Task;

        public override Task WriteLineAsync(string? value)
        {
            WriteLine(value);
            if (value?.Contains(end, StringComparison.Ordinal) == true)
            {
                said.TrySetResult();
            }

            return Task.CompletedTask;
        }
    }
}
