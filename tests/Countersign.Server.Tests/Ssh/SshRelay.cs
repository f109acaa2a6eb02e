using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.IO.Pipes;
using Countersign.Core.Git;
using Countersign.Core.Identities;
using Countersign.Server.Tests.Fixtures;
using Countersign.Server.Transports.Ssh;
using Microsoft.Win32.SafeHandles;

namespace Countersign.Server.Tests.Ssh;

/// <summary>
/// What Git takes for its ssh: a script that hands the command and three named pipes to the gateway in this process. What sshd
/// proves is said by the test, so that one connection, several keys and lost clients can be told.
/// </summary>
internal sealed class SshRelay : IAsyncDisposable
{
    private const string Script =
        """
        for command; do :; done
        folder=$(mktemp -d "$RELAY/XXXXXXXX")
        mkfifo "$folder/in" "$folder/out" "$folder/err" "$folder/rc"
        printf '%s' "$command" >"$folder/command"
        printf '%s' "$GIT_PROTOCOL" >"$folder/protocol"
        printf '%s' "$RELAY_KEY" >"$folder/key"
        exec 3<&0
        printf '%s\n' "$folder" >"$RELAY/door"
        cat <&3 >"$folder/in" &
        cat "$folder/err" >&2 &
        errors=$!
        cat "$folder/out"
        wait $errors
        exit "$(cat "$folder/rc")"
        """;

    private readonly GatewayFixture gateway;
    private readonly string folder;
    private readonly FileStream door;
    private readonly CancellationTokenSource ended = new();
    private readonly ConcurrentDictionary<Task, byte> sessions = new();
    private readonly Task answering;

    public SshRelay(GatewayFixture gateway)
    {
        this.gateway = gateway;
        folder = gateway.Folder.CreateSubdirectory("relay").FullName;
        File.WriteAllText(Path.Combine(folder, "ssh"), Script);
        using (var made = System.Diagnostics.Process.Start("mkfifo", [Path.Combine(folder, "door")]))
        {
            made.WaitForExit();
        }

        door = new(Path.Combine(folder, "door"), new FileStreamOptions { Mode = FileMode.Open, Access = FileAccess.ReadWrite, BufferSize = 0 });
        answering = Task.Run(AnswerAsync);
    }

    /// <summary>From where all sessions come.</summary>
    public ClientAddress Client { get; set; } = new(System.Net.IPAddress.Loopback);

    /// <summary>Ends the sessions that run now, as a lost client does.</summary>
    public CancellationTokenSource Gone { get; set; } = new();

    /// <summary>The last command line that came, and its exit status.</summary>
    public ConcurrentQueue<(string Command, int Status)> Seen { get; } = new();

    /// <summary>What Git and Git LFS need to find it.</summary>
    public Dictionary<string, string> Environment(string keyId) => new()
    {
        ["GIT_SSH_COMMAND"] = $"sh {Path.Combine(folder, "ssh")}",
        ["GIT_SSH_VARIANT"] = "ssh",
        ["RELAY"] = folder,
        ["RELAY_KEY"] = keyId,
    };

    /// <summary>One command without Git: as <c>ssh git@host COMMAND &lt; input</c>.</summary>
    public async Task<GitResult> RunAsync(string keyId, string command, byte[]? input = null, int protocol = 0)
    {
        using var output = new MemoryStream();
        using var error = new MemoryStream();
        var session = new SshSession(new(keyId, Client, null), command, protocol)
        {
            Input = PipeReader.Create(new MemoryStream(input ?? [])),
            Output = PipeWriter.Create(output, new(leaveOpen: true)),
            Error = PipeWriter.Create(error, new(leaveOpen: true)),
        };
        var status = await gateway.Get<SshCommands>().RunAsync(session, TestContext.Current.CancellationToken);
        return new(status, Text(output), Text(error));
    }

    /// <summary>One command whose client the test is.</summary>
    public HandSession Begin(string keyId, string command, int protocol = 0) => new(gateway.Get<SshCommands>(), new(keyId, Client, null), command, protocol);

    public async ValueTask DisposeAsync()
    {
        await ended.CancelAsync();
        await using (var last = new FileStream(Path.Combine(folder, "door"), new FileStreamOptions { Mode = FileMode.Open, Access = FileAccess.ReadWrite, BufferSize = 0 }))
        {
            last.Write("\n"u8);
        }

        await answering;
        await Gone.CancelAsync();
        await Task.WhenAll(sessions.Keys).WaitAsync(TimeSpan.FromSeconds(30));
        await door.DisposeAsync();
        ended.Dispose();
        Gone.Dispose();
    }

    private static string Text(MemoryStream stream) => System.Text.Encoding.UTF8.GetString(stream.ToArray());

    private async Task AnswerAsync()
    {
        using var lines = new StreamReader(door, leaveOpen: true);
        while (await lines.ReadLineAsync() is { } session && !ended.IsCancellationRequested)
        {
            var running = Task.Run(() => ServeAsync(session));
            sessions[running] = 0;
        }
    }

    private async Task ServeAsync(string session)
    {
        string Said(string name) => File.ReadAllText(Path.Combine(session, name));
        await using var input = Open(session, "in", PipeDirection.In);
        await using var error = Open(session, "err", PipeDirection.Out);
        await using var output = Open(session, "out", PipeDirection.Out);
        var command = new SshSession(new(Said("key"), Client, null), Said("command"), GitProtocolHeader.Parse(Said("protocol")))
        {
            Input = PipeReader.Create(input, new(leaveOpen: true)),
            Output = PipeWriter.Create(output, new(leaveOpen: true)),
            Error = PipeWriter.Create(error, new(leaveOpen: true)),
        };
        var status = 255;
        try
        {
            status = await gateway.Get<SshCommands>().RunAsync(command, Gone.Token);
        }
        finally
        {
            Seen.Enqueue((command.Command, status));
            await input.DisposeAsync();
            await output.DisposeAsync();
            await error.DisposeAsync();
            await File.WriteAllTextAsync(Path.Combine(session, "rc"), $"{status}\n");
        }
    }

    /// <summary>Opening waits for the script's other end; a client that was killed before has none.</summary>
    private static AnonymousPipeClientStream Open(string session, string name, PipeDirection direction)
    {
        var file = File.OpenHandle(
            Path.Combine(session, name), FileMode.Open, direction == PipeDirection.In ? FileAccess.Read : FileAccess.Write, FileShare.ReadWrite, FileOptions.None);
        var handle = new SafePipeHandle(file.DangerousGetHandle(), ownsHandle: true);
        file.SetHandleAsInvalid();
        return new(direction, handle);
    }
}
