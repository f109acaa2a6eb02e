using System.Diagnostics;
using System.Globalization;

namespace Countersign.Bench.Ssh;

/// <summary>
/// The C program in its two places, run in the very words that sshd runs it with, as sshd's user, and answered by the gateway over
/// its socket: looking a key up, and carrying a session. A shell of the system starts it, and looks at the clock before and after.
/// </summary>
internal static class SmallPrograms
{
    private const int WarmUp = 20;

    // Standard input stays open, as it does behind sshd; what is answered goes to a pipe that somebody reads.
    private const string Script = """
        look=$1 runs=$2
        folder=$(mktemp -d)
        trap 'rm -r "$folder"' EXIT
        mkfifo "$folder/in"
        exec 3<>"$folder/in" 4> >(exec cat >/dev/null)
        line=$(eval "$look") && forced=${line#*command=\"} && forced=${forced%%\" ssh-*} || exit
        export SSH_CONNECTION='127.0.0.1 50000 127.0.0.1 22' SSH_ORIGINAL_COMMAND=help
        for ((run = 0; run < runs; run++)); do
            began=${EPOCHREALTIME/./}
            sh -c 'exec /bin/true' <&3 >&4 2>&1 || exit
            plain=${EPOCHREALTIME/./}
            sh -c "$forced" <&3 >&4 2>&1 || exit
            session=${EPOCHREALTIME/./}
            eval "$look" >&4 || exit
            looked=${EPOCHREALTIME/./}
            echo $((plain - began)) $((session - plain)) $((looked - session))
        done
        """;

    public static async Task RunAsync(string folder, string sshd, SshClient client, Report report)
    {
        var (gateway, _) = await SshSuite.GatewayAsync(folder, sshd, client);
        await using var server = gateway;
        await gateway.RequireAsync($"trust {Environment.ProcessId}"); // in place of sshd's keeper: what is run here descends from us
        var rounds = (await TimeAsync(await LookUpAsync(gateway.Id, client.PublicLine.Split(' ')))).Skip(WarmUp).ToList();
        double Median(Func<double[], double> of) => rounds.Select(of).Median() / 1000;
        var (look, adds) = (Median(round => round[2]), Median(round => round[1]) - Median(round => round[0]));
        report.Add("key look-up by AuthorizedKeysCommand, p50", look, null, "ms", "<= 10 ms", look <= 10);
        report.Add("shell: added time of a session, p50 (above running nothing)", adds, null, "ms", "<= 5 ms", adds <= 5);
    }

    /// <summary>The words of AuthorizedKeysCommand in the configuration that the running sshd has, for one key.</summary>
    private static async Task<string> LookUpAsync(int gateway, string[] key)
    {
        foreach (var child in Directory.EnumerateDirectories($"/proc/{gateway}/task").SelectMany(task => File.ReadAllText(Path.Combine(task, "children")).Split(' ', StringSplitOptions.RemoveEmptyEntries)))
        {
            var words = (await File.ReadAllTextAsync($"/proc/{child}/cmdline")).Split('\0');
            if (Array.IndexOf(words, "-f") is var option and > 0)
            {
                const string Keyword = "AuthorizedKeysCommand ";
                var line = (await File.ReadAllLinesAsync(words[option + 1])).First(each => each.StartsWith(Keyword, StringComparison.Ordinal));
                return line[Keyword.Length..].Replace("%t", key[0], StringComparison.Ordinal).Replace("%k", key[1], StringComparison.Ordinal);
            }
        }

        throw new InvalidOperationException("the gateway runs no sshd");
    }

    /// <returns>Of each round the microseconds of running nothing, of a session, and of looking the key up.</returns>
    private static async Task<List<double[]>> TimeAsync(string lookUp)
    {
        string[] words = ["bash", "-c", Script, "programs", lookUp, (Settings.ProgramRuns + WarmUp).ToString(CultureInfo.InvariantCulture)];
        words = PlainSshd.User is { } user ? ["setpriv", $"--reuid={user}", $"--regid={user}", "--clear-groups", .. words] : words;
        using var running = Process.Start(new ProcessStartInfo(words[0], words[1..]) { RedirectStandardOutput = true, WorkingDirectory = "/" })!;
        var rounds = new List<double[]>();
        while (await running.StandardOutput.ReadLineAsync() is { } line)
        {
            rounds.Add([.. line.Split(' ').Select(word => double.Parse(word, CultureInfo.InvariantCulture))]);
        }

        await running.WaitForExitAsync();
        return running.ExitCode == 0 && rounds.Count > WarmUp ? rounds : throw new InvalidOperationException("the small programs did not run");
    }
}
