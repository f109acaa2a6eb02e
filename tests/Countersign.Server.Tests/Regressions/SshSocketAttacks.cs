using System.Diagnostics;
using System.IO.Pipes;
using System.Runtime.Versioning;
using Countersign.Core.Identities;
using Countersign.Server.People;
using Countersign.Server.Tests.Fixtures;
using Countersign.Server.Tests.Transports.Ssh;
using Countersign.Server.Transports.Ssh;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Countersign.Server.Tests.Regressions;

/// <summary>What a program on the gateway's machine tries at the socket behind sshd.</summary>
[SupportedOSPlatform("linux")]
public sealed class SshSocketAttacks : IAsyncLifetime
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("countersign-door-");
    private readonly FakeClock clock = new();
    private readonly HeldSessions held = new();
    private SshDoor door = null!;
    private SshSessions sessions = null!;
    private SshPlaces places = null!;

    public ValueTask InitializeAsync()
    {
        places = SshPlaces.ForOwnUser(new() { Data = folder.FullName, Http = new(System.Net.IPAddress.Loopback, 0), Url = new("http://localhost") });
        sessions = new(held.RunAsync, Options.Create(new SshOptions()), clock, NullLogger<SshSessions>.Instance);
        door = new(new NoKeys(), sessions, clock, NullLogger<SshDoor>.Instance);
        door.Open(places);
        door.Trust(Environment.ProcessId); // so far as sshd's processes get
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await door.DisposeAsync();
        folder.Delete(recursive: true);
    }

    public static TheoryData<string, byte[]> Malformed
    {
        get
        {
            var whole = RawShell.Session();
            var all = new TheoryData<string, byte[]>
            {
                { "nothing that we know", "GET / HTTP/1.1\r\n\r\n"u8.ToArray() },
                { "another version", [.. "C2S"u8, .. whole[3..]] },
                { "another kind", [.. "C1X"u8, .. whole[3..]] },
                { "cut", whole[..^1] },
                { "the head alone", whole[..3] },
                { "one byte", whole[..1] },
                { "more than there is", [.. whole, 0] },
                { "one field more", [.. whole, 0, 0] },
                { "a length beyond the end", [.. "C1S"u8, 0xFF, 0xFF, .. whole[5..]] },
                { "larger than any", new byte[DescriptorMessage.MaxBytes + 1] },
                { "a key id with a quote", RawShell.Session(key: "ssh-\"") },
                { "a key id with a path", RawShell.Session(key: "../ssh") },
                { "no key id", RawShell.Session(key: "") },
                { "a long key id", RawShell.Session(key: new('a', 65)) },
                { "a mark of its own", RawShell.Session(mark: "UV") },
                { "no connection", RawShell.Session(connection: "") },
                { "a connection with a name", RawShell.Session(connection: "localhost 1 127.0.0.1 2") },
                { "a connection with a port too large", RawShell.Session(connection: "127.0.0.1 65536 127.0.0.1 2") },
                { "a connection with more", RawShell.Session(connection: "127.0.0.1 1 127.0.0.1 2 3") },
                { "a connection with a line", RawShell.Session(connection: "127.0.0.1 1 127.0.0.1 2\n") },
                { "a protocol that is no UTF-8", [.. "C1S"u8, .. whole[3..^11], 0, 1, 0xFF] },
                { "an offer with descriptors", RawShell.Message("C1K", "ssh-ed25519", "AAAA") },
            };
            return all;
        }
    }

    [Theory]
    [MemberData(nameof(Malformed))]
    public async Task A_message_that_the_shell_does_not_send_is_refused_and_its_descriptors_are_closed(string what, byte[] message)
    {
        using var ends = new Ends();
        using var shell = new RawShell(places.Socket);

        shell.Send(message, ends.Theirs);

        Assert.True((await shell.AnswerAsync()).Length == 0, what);
        ends.CloseTheirs();
        Assert.True(await ends.ReadsEndAsync(), "somebody still holds the client's output");
        await StillServesAsync();
    }

    [Fact]
    public async Task A_command_that_is_no_UTF_8_is_heard_as_no_command_of_ours()
    {
        var whole = RawShell.Session();
        using var ends = new Ends();
        using var shell = new RawShell(places.Socket);
        shell.Send([.. whole[..^14], 0, 1, 0xFF, .. whole[^11..]], ends.Theirs);
        var session = await held.NextAsync();
        Assert.Equal("\uFFFD", session.Session.Command);
        Assert.IsType<Core.Git.SshCommandLine.Refused>(Core.Git.SshCommandLine.Parse("git-upload-pack 'ACME/" + session.Session.Command + "'"));
        session.Status.SetResult(127);
        Assert.Equal([127], await shell.AnswerAsync());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(8)]
    [InlineData(40)]
    public async Task Any_other_number_of_descriptors_is_refused_and_all_are_closed(int count)
    {
        using var ends = new Ends();
        using var shell = new RawShell(places.Socket);

        shell.Send(RawShell.Session(), Enumerable.Repeat(ends.Theirs[1], count).ToArray());

        Assert.Empty(await shell.AnswerAsync());
        ends.CloseTheirs();
        Assert.True(await ends.ReadsEndAsync(), "somebody still holds the client's output");
        await StillServesAsync();
    }

    [Fact]
    public async Task Descriptors_of_files_are_no_client()
    {
        using var file = File.OpenHandle(Path.Combine(folder.FullName, "file"), FileMode.Create, FileAccess.ReadWrite);
        using var shell = new RawShell(places.Socket);

        shell.Send(RawShell.Session(), file, file, file);

        Assert.Empty(await shell.AnswerAsync());
        await StillServesAsync();
    }

    [Fact]
    public async Task Who_connects_and_says_nothing_is_let_go_of()
    {
        var armed = clock.WhenArmedAsync(TimeSpan.Zero, SshDoor.MessagePatience);
        using var shell = new RawShell(places.Socket);
        await armed;

        clock.Advance(SshDoor.MessagePatience);

        Assert.Empty(await shell.AnswerAsync());
        await StillServesAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_client_that_neither_sends_nor_takes_what_is_awaited_loses_its_command_with_a_word(bool reads)
    {
        using var ends = new Ends();
        using var shell = new RawShell(places.Socket);
        shell.Send(RawShell.Session(), ends.Theirs);
        var session = await held.NextAsync();
        clock.Advance(TimeSpan.FromHours(2)); // held: nobody waits for it
        Assert.False(session.Gone.IsCancellationRequested);

        var awaited = reads ? session.Session.Input.ReadAsync(session.Gone).AsTask() : (Task)session.Session.Output.WriteAsync(new byte[4 << 20], session.Gone).AsTask();
        clock.Advance(TimeSpan.FromSeconds(599));
        Assert.False(session.Gone.IsCancellationRequested);
        clock.Advance(TimeSpan.FromSeconds(1));

        await session.Ended;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => awaited);
        Assert.Equal([75], await shell.AnswerAsync());
        Assert.Equal("countersign: your side did nothing for 600 seconds, so this command was ended\n", await ends.ReadErrorAsync());
        await StillServesAsync();
    }

    [Fact]
    public async Task A_shell_that_says_more_than_one_thing_loses_its_command()
    {
        using var ends = new Ends();
        using var shell = new RawShell(places.Socket);
        shell.Send(RawShell.Session(), ends.Theirs);
        var session = await held.NextAsync();

        shell.Send(RawShell.Session(command: "another"), ends.Theirs);

        await session.Ended;
        await StillServesAsync();
    }

    [Fact]
    public async Task A_shell_that_hangs_up_at_once_starts_nothing_that_stays()
    {
        for (var attempt = 0; attempt < 50; attempt++)
        {
            using var ends = new Ends();
            using var shell = new RawShell(places.Socket);
            shell.Send(RawShell.Session(), ends.Theirs);
        }

        Assert.True(SpinWait.SpinUntil(() => sessions.Count == 0, TimeSpan.FromSeconds(20)));
        await StillServesAsync();
    }

    [Fact]
    public async Task A_process_that_sshd_has_not_started_is_refused()
    {
        door.Trust(1);
        using var ends = new Ends();
        using var shell = new RawShell(places.Socket);

        Assert.Empty(await shell.AnswerAsync());
    }

    [Fact]
    public async Task Before_sshd_runs_nobody_is_let_in()
    {
        door.Trust(0);
        using var shell = new RawShell(places.Socket);

        Assert.Empty(await shell.AnswerAsync());
    }

    [Fact]
    public async Task Another_user_is_refused_even_where_the_folder_lets_it_in()
    {
        Assert.SkipUnless(Environment.UserName == "root", "takes root to be somebody else");
        File.SetUnixFileMode(folder.FullName, (UnixFileMode)0b111_111_111);
        File.SetUnixFileMode(places.Socket, (UnixFileMode)0b110_110_110);
        var shell = Path.Combine(folder.FullName, "shell"); // wherever the checkout lies, this can be run
        File.Copy(places.Shell, shell);
        File.SetUnixFileMode(shell, (UnixFileMode)0b101_101_101);
        var start = new ProcessStartInfo("setpriv", ["--reuid", "4343", "--clear-groups", shell, places.Socket, "ssh-k"]) { RedirectStandardError = true, RedirectStandardInput = true, RedirectStandardOutput = true };
        start.Environment["SSH_CONNECTION"] = "192.0.2.7 50000 192.0.2.1 2222";

        using var other = Process.Start(start)!;
        await other.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.NotEqual(0, other.ExitCode);
        Assert.Equal(0, sessions.Count);
        await StillServesAsync();
    }

    [Fact]
    public void The_socket_is_its_owners_alone() =>
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(places.Socket) & (UnixFileMode)0b111_111_111);

    [Fact]
    public async Task A_shell_at_a_socket_of_somebody_else_tells_it_nothing()
    {
        Assert.SkipUnless(Environment.UserName == "root", "takes root to be somebody else");

        // The shell takes its own user and root for the gateway. Run as another, it finds the socket of a third.
        File.SetUnixFileMode(folder.FullName, (UnixFileMode)0b111_111_111);
        var shell = Path.Combine(folder.FullName, "shell");
        File.Copy(places.Shell, shell);
        File.SetUnixFileMode(shell, (UnixFileMode)0b101_101_101);
        var trap = Path.Combine(folder.FullName, "trap.sock");
        using var listening = Process.Start(new ProcessStartInfo("setpriv", ["--reuid", "4344", "--clear-groups", "perl", "-MIO::Socket::UNIX", "-MSocket", "-e",
            "$s=IO::Socket::UNIX->new(Type=>SOCK_SEQPACKET,Local=>$ARGV[0],Listen=>1); chmod 0666,$ARGV[0]; $|=1; print \"ready\\n\"; $c=$s->accept; $n=sysread($c,$b,9999); print defined $n?$n:-1;", trap])
        { RedirectStandardOutput = true })!;
        Assert.Equal("ready", await listening.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken));

        using var ours = Process.Start(new ProcessStartInfo("setpriv", ["--reuid", "4345", "--clear-groups", shell, trap, "ssh-k"])
        { RedirectStandardError = true, RedirectStandardInput = true, RedirectStandardOutput = true })!;
        await ours.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.Equal(69, ours.ExitCode);
        Assert.Equal("0", await listening.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken));
    }

    /// <summary>The next honest shell gets its command.</summary>
    private async Task StillServesAsync()
    {
        door.Trust(Environment.ProcessId);
        using var ends = new Ends();
        using var shell = new RawShell(places.Socket);
        shell.Send(RawShell.Session(command: "honest"), ends.Theirs);
        HeldSession session;
        do
        {
            session = await held.NextAsync();
        }
        while (session.Session.Command != "honest");
        session.Status.SetResult(5);
        Assert.Equal([5], await shell.AnswerAsync());
    }

    /// <summary>Three pipes, as sshd makes them.</summary>
    private sealed class Ends : IDisposable
    {
        private readonly AnonymousPipeServerStream input = new(PipeDirection.Out);
        private readonly AnonymousPipeServerStream output = new(PipeDirection.In);
        private readonly AnonymousPipeServerStream error = new(PipeDirection.In);

        public System.Runtime.InteropServices.SafeHandle[] Theirs => [input.ClientSafePipeHandle, output.ClientSafePipeHandle, error.ClientSafePipeHandle];

        public void CloseTheirs()
        {
            input.DisposeLocalCopyOfClientHandle();
            output.DisposeLocalCopyOfClientHandle();
            error.DisposeLocalCopyOfClientHandle();
        }

        /// <summary>Nobody has the writing end any more.</summary>
        public async Task<bool> ReadsEndAsync() =>
            await output.ReadAsync(new byte[1], TestContext.Current.CancellationToken).AsTask().WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken) == 0;

        public async Task<string> ReadErrorAsync()
        {
            var text = new byte[1024];
            return System.Text.Encoding.UTF8.GetString(text, 0, await error.ReadAsync(text, TestContext.Current.CancellationToken).AsTask().WaitAsync(TimeSpan.FromSeconds(20)));
        }

        public void Dispose()
        {
            input.Dispose();
            output.Dispose();
            error.Dispose();
        }
    }

    private sealed class NoKeys : ISshKeys
    {
        public Task<Server.Factors.SecurityKeySsh.AttestationChallenge> MakeChallengeAsync(PrincipalId owner, CancellationToken cancellation) => throw new NotSupportedException();

        public Task<Result<SshKeySummary>> AddAsync(PrincipalId owner, string line, string? label, int? days, string actor, CancellationToken cancellation) => throw new NotSupportedException();

        public Task<Result<SshKeySummary>> AddAttestedAsync(
            PrincipalId owner, string line, ReadOnlyMemory<byte> attestation, string? label, int? days, string actor, CancellationToken cancellation) => throw new NotSupportedException();

        public Task<IReadOnlyList<SshKeySummary>> ListAsync(PrincipalId owner, CancellationToken cancellation) => throw new NotSupportedException();

        public Task<Result<SshKeySummary>> RemoveAsync(PrincipalId owner, string id, string actor, CancellationToken cancellation) => throw new NotSupportedException();

        public Task<Result<SshKeySummary>> ReportAsync(PrincipalId owner, string id, string actor, CancellationToken cancellation) => throw new NotSupportedException();

        public OfferedKey? Find(ReadOnlySpan<byte> blob) => null;

        public AuthenticatedCredential? Authenticate(string keyId, ClientAddress from) => null;

        public bool IsLive(PrincipalId owner, string credentialId) => false;
    }
}
