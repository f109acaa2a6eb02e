using System.Diagnostics;

namespace Countersign.Server.Tests.Fixtures;

/// <summary>A key pair of the real ssh-keygen, and the real ssh with it: nothing of the machine's own configuration, agent or known hosts.</summary>
internal sealed class SshIdentity
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private readonly string folder;

    private readonly Func<IReadOnlyDictionary<string, string>> environment;

    private SshIdentity(string folder, Func<IReadOnlyDictionary<string, string>>? environment = null) =>
        (this.folder, this.environment) = (folder, environment ?? (() => new Dictionary<string, string>()));

    public string KeyFile => Path.Combine(folder, "id");

    /// <summary>Type, base64, comment.</summary>
    public string PublicLine => File.ReadAllText(KeyFile + ".pub").Trim();

    /// <summary>The public key in SSH's wire form.</summary>
    public byte[] Blob => Convert.FromBase64String(PublicLine.Split(' ')[1]);

    public string KnownHosts => Path.Combine(folder, "known_hosts");

    /// <summary>Made before, wherever it is now.</summary>
    public static SshIdentity At(string folder) => new(folder);

    /// <summary>A key in a security key, whose <paramref name="environment"/> ssh gets at each run.</summary>
    public static SshIdentity Of(string folder, Func<IReadOnlyDictionary<string, string>> environment) => new(folder, environment);

    public static async Task<SshIdentity> MakeAsync(string folder, params string[] options)
    {
        var identity = new SshIdentity(Directory.CreateDirectory(folder).FullName);
        string[] kind = options.Length == 0 ? ["-t", "ed25519"] : options;
        var made = await RunAsync("ssh-keygen", ["-q", .. kind, "-N", "", "-C", "laptop", "-f", identity.KeyFile], null);
        Assert.True(made.ExitCode == 0, made.Error);
        await File.WriteAllTextAsync(identity.KnownHosts, "");
        return identity;
    }

    /// <summary>Writes down the gateway's host keys, as a careful person does.</summary>
    public void Know(int port, string keysFolder) =>
        File.WriteAllLines(KnownHosts, Directory.EnumerateFiles(keysFolder, "*.pub").Select(file => $"[127.0.0.1]:{port} {string.Join(' ', File.ReadAllText(file).Split(' ')[..2])}"));

    /// <summary>Options that both ssh and git's ssh get.</summary>
    public string[] Options(int port) =>
    [
        "-F", "none", "-p", $"{port}", "-i", KeyFile, "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes",
        "-o", $"UserKnownHostsFile={KnownHosts}", "-o", "GlobalKnownHostsFile=none", "-o", "ConnectTimeout=60", "-o", "LogLevel=ERROR",
        // Debian's ssh, unlike its ssh-keygen, looks for no provider in its environment.
        .. environment().GetValueOrDefault("SSH_SK_PROVIDER") is { } provider ? (string[])["-o", $"SecurityKeyProvider={provider}"] : [],
    ];

    /// <summary>For <see cref="GitClient"/>: git runs this ssh.</summary>
    public IReadOnlyDictionary<string, string> GitEnvironment(int port, params string[] options) => new Dictionary<string, string>(environment())
    {
        ["GIT_SSH_COMMAND"] = "ssh " + string.Join(' ', [.. Options(port), .. options]),
        ["GIT_SSH_VARIANT"] = "ssh",
    };

    /// <summary>ssh to its end.</summary>
    public async Task<GitResult> RunAsync(int port, IEnumerable<string> words, string? protocol = null, string login = "git", IEnumerable<string>? options = null)
    {
        using var ssh = Start(port, words, protocol, login, options);
        return await ssh.EndAsync();
    }

    /// <summary>ssh, running; standard input stays open.</summary>
    public RunningSsh Start(int port, IEnumerable<string> words, string? protocol = null, string login = "git", IEnumerable<string>? options = null)
    {
        string[] arguments = [.. Options(port), .. protocol is null ? Array.Empty<string>() : ["-o", "SendEnv=GIT_PROTOCOL"], .. options ?? [], $"{login}@127.0.0.1", .. words];
        return new(Launch("ssh", arguments, protocol, environment()));
    }

    private static async Task<GitResult> RunAsync(string program, string[] arguments, string? protocol)
    {
        using var running = new RunningSsh(Launch(program, arguments, protocol));
        return await running.EndAsync();
    }

    private static Process Launch(string program, string[] arguments, string? protocol, IReadOnlyDictionary<string, string>? environment = null)
    {
        // Where the tests run in the background of a shell, Ctrl-C is ignored, and children inherit that.
        var start = new ProcessStartInfo("env", ["--default-signal=INT", program, .. arguments]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment.Clear();
        start.Environment["PATH"] = Environment.GetEnvironmentVariable("PATH");
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        if (protocol is not null)
        {
            start.Environment["GIT_PROTOCOL"] = protocol;
        }

        return Process.Start(start)!;
    }

    internal sealed class RunningSsh(Process process) : IDisposable
    {
        public int Id { get; } = process.Id;

        public StreamWriter Input => process.StandardInput;

        public StreamReader Output { get; } = process.StandardOutput;

        public StreamReader Error { get; } = process.StandardError;

        public void Kill() => process.Kill();

        public async Task<GitResult> EndAsync()
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
            patience.CancelAfter(Patience);
            try
            {
                process.StandardInput.Close();
                var (output, error) = (Output.ReadToEndAsync(patience.Token), Error.ReadToEndAsync(patience.Token));
                await process.WaitForExitAsync(patience.Token);
                return new(process.ExitCode, await output, await error);
            }
            finally
            {
                Dispose();
            }
        }

        public void Dispose()
        {
            try
            {
                process.Kill();
            }
            catch (InvalidOperationException)
            {
                // ended, or disposed before
            }

            Output.Dispose();
            Error.Dispose();
            process.Dispose();
        }
    }
}
