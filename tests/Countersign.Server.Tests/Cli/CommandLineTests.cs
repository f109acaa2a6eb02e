using Countersign.Server.Cli;
using Countersign.Server.Tests.Fixtures;

namespace Countersign.Server.Tests.Cli;

/// <summary>Words, exit codes and the one line on standard error.</summary>
public sealed class CommandLineTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("countersign-cli-");

    public void Dispose() => folder.Delete(recursive: true);

    internal static async Task<(int Exit, string Out, string Error)> RunAsync(string[] args, string input = "")
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        using var reader = new StringReader(input);
        var exit = await CommandLine.RunAsync(args, new(reader, output, error, new FakeClock()), TestContext.Current.CancellationToken);
        return (exit, output.ToString(), error.ToString());
    }

    [Theory]
    [InlineData("", "say what to do: serve, user")]
    [InlineData("user", "user: say what to do: add, list")]
    [InlineData("usr", "usr: there is no such command")]
    [InlineData("user lsit", "user: lsit: there is no such command")]
    [InlineData("user add", "user add: ")]
    [InlineData("user add ann", "user add: Option '--email' is required")]
    [InlineData("user add ann --email a@b --root", "user add: --root: there is no such option")]
    [InlineData("user list extra", "user list: extra: there is no such argument")]
    [InlineData("token add ann --label x --days many", "token add: --days many: write a whole number")]
    [InlineData("member add ACME ann --role owner", "--role owner: write one of 'read' 'write' 'admin'")]
    [InlineData("repo add ACME/core --kind svn", "'repository' 'wiki' 'snippet'")]
    [InlineData("workspace add ACME --mode loud", "'off' 'report' 'enforce'")]
    [InlineData("policy explain --as ann --op merge --repo ACME/core", "'read' 'write'")]
    [InlineData("upstream add x --kind svn --base https://x", "'smart-http'")]
    [InlineData("upstream add x --kind smart-http", "Option '--base' is required")]
    [InlineData("upstream add x --kind smart-http --base https://x --credentials all", "'none' 'service' 'passed'")]
    [InlineData("upstream add x --kind smart-http --base https://x --map ann", "--map ann: write THEIRS=OURS")]
    [InlineData("upstream add x --kind smart-http --base https://x --secret-stdin", "there is no secret on standard input")]
    [InlineData("audit export --format xml", "'jsonl' 'csv'")]
    [InlineData("audit list --since yesterday --data {0}", "--since yesterday: write a time")]
    [InlineData("audit verify --against /nowhere/at/all --data {0}", "--against /nowhere/at/all: there is no such file")]
    [InlineData("user add ann --email a@b --password-stdin --data {0}", "there is no password on standard input")]
    [InlineData("serve --http 8080", "--http 8080: write IP:PORT")]
    [InlineData("serve --port 8080", "serve: --port: there is no such option")]
    [InlineData("serve @file", "serve: @file: there is no such argument")]
    public async Task Wrong_use_is_one_line_that_says_what_and_where(string words, string expected)
    {
        var args = string.Format(null, words, folder.FullName).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var (exit, output, error) = await RunAsync(args);
        Assert.Equal((ExitCodes.WrongUse, ""), (exit, output));
        Assert.StartsWith("countersign: ", error, StringComparison.Ordinal);
        Assert.Contains(expected, error, StringComparison.Ordinal);
        Assert.Equal(1, error.Count(character => character == '\n'));
        Assert.DoesNotContain("System.", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("user add ann --email a@b")]
    [InlineData("user list")]
    [InlineData("user show ann")]
    [InlineData("user disable ann")]
    [InlineData("user enable ann")]
    [InlineData("user unlock ann")]
    [InlineData("token add ann --label x --days 3")]
    [InlineData("token list ann")]
    [InlineData("token revoke ann t1")]
    [InlineData("factor add-totp ann")]
    [InlineData("factor list ann")]
    [InlineData("factor reset ann")]
    [InlineData("workspace add ACME --mode report")]
    [InlineData("workspace list")]
    [InlineData("member add ACME ann --role read --accepted")]
    [InlineData("member list ACME")]
    [InlineData("repo add ACME/core --kind wiki --public --import .")]
    [InlineData("repo list")]
    [InlineData("upstream add x --kind bitbucket-dc --base https://x --path /p")]
    [InlineData("upstream list")]
    [InlineData("upstream show x")]
    [InlineData("upstream check x")]
    [InlineData("upstream remove x")]
    [InlineData("workspace move ACME --upstream local")]
    [InlineData("policy show")]
    [InlineData("policy explain --as ann --op write --repo ACME/core --ref main")]
    [InlineData("request list")]
    [InlineData("request show WDJB-MJHT")]
    [InlineData("audit checkpoint")]
    [InlineData("setup-link")]
    public async Task Without_a_gateway_the_line_says_how_to_start_one(string words)
    {
        foreach (var json in new[] { false, true })
        {
            string[] args = [.. words.Split(' '), "--data", folder.FullName, .. json ? ["--json"] : Array.Empty<string>()];
            var (exit, output, error) = await RunAsync(args);
            Assert.Equal((ExitCodes.Failed, ""), (exit, output));
            Assert.Equal($"countersign: no gateway is running on {folder.FullName} (start it with: countersign serve --data {folder.FullName})\n", error);
        }
    }

    [Fact]
    public async Task Version_and_help_are_done()
    {
        var (exit, output, _) = await RunAsync(["version"]);
        Assert.Equal(0, exit);
        Assert.Matches(@"^countersign \d+\.\d+\.\d+\n$", output);
        Assert.Equal(0, (await RunAsync(["--help"])).Exit);
        Assert.Contains("--password-stdin", (await RunAsync(["user", "add", "--help"])).Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Doctor_and_audit_work_without_a_gateway()
    {
        var (exit, output, _) = await RunAsync(["doctor", "--data", folder.FullName]);
        Assert.Equal(0, exit);
        Assert.Contains("not running on", output, StringComparison.Ordinal);
        Assert.DoesNotContain(output.Split('\n'), line => line.EndsWith(' '));
        var (verify, _, error) = await RunAsync(["audit", "verify", "--data", folder.FullName]);
        Assert.Equal(1, verify);
        Assert.Contains("no ledger", error, StringComparison.Ordinal);
    }

    [Fact]
    public void What_others_wrote_does_not_drive_the_terminal()
    {
        Assert.Equal("a ?[31m b", Terminal.OneLine("a \u001b[31m\r\n b"));
        using var output = new StringWriter { NewLine = "\n" };
        Table.Write(output, ["NAME", "X"], [["\u001b]0;\u0007", "1"], ["é\n", "22"]], "none");
        Assert.Equal("NAME                 X\n<U+001B>]0;<U+0007>  1\n<U+00E9>;            22\n", output.ToString());
    }

    [Theory]
    [InlineData(0, "now")]
    [InlineData(-30, "30 s ago")]
    [InlineData(-180, "3 min ago")]
    [InlineData(-7200, "2 h ago")]
    [InlineData(-864000, "10 days ago")]
    [InlineData(7776000, "in 90 days")]
    public void Times_read_as_people_say_them(int seconds, string words)
    {
        var now = new FakeClock().Now;
        Assert.Equal(words, RelativeTime.Of(now.AddSeconds(seconds), now));
        Assert.Equal("never", RelativeTime.Of(null, now));
    }
}
