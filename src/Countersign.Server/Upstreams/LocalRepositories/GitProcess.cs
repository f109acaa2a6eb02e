using System.Diagnostics;
using System.IO.Pipes;
using System.Text;

namespace Countersign.Server.Upstreams.LocalRepositories;

/// <summary>
/// One child that never outlives its use: disposing ends it and everything it started, first politely, so that git takes
/// its lock files and half-written packs away, then by force. Should the gateway itself die, the child's pipes close and
/// git ends by itself (PR_SET_PDEATHSIG is not used: it fires when the starting thread ends, not the process).
/// </summary>
internal sealed class GitProcess : IAsyncDisposable
{
    private const int PipeSize = 256 * 1024;
    private const int MaxErrors = 4096;
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(2);

    private readonly Process _process;
    private readonly bool _leadsGroup;
    private readonly Task<string> _errors;
    private readonly Task _exited;

    private bool _ended;

    private GitProcess(Process process, bool leadsGroup)
    {
        (_process, _leadsGroup) = (process, leadsGroup);
        Input = process.StandardInput.BaseStream;
        Output = process.StandardOutput.BaseStream;
        Enlarge(Input);
        Enlarge(Output);
        _errors = ReadErrorsAsync(process.StandardError.BaseStream);
        _exited = process.WaitForExitAsync(CancellationToken.None);
    }

    public int Id => _process.Id;

    /// <summary>What the child reads; closing it is the end of the input.</summary>
    public Stream Input { get; }

    public Stream Output { get; }

    public static GitProcess Start(GitExecutable git, ProcessStartInfo start) =>
        new(Process.Start(start) ?? throw new InvalidOperationException("git did not start"), git.HasGroups);

    /// <summary>The exit status, once it ended by itself.</summary>
    public async Task<int> WaitAsync(CancellationToken cancellation)
    {
        await _exited.WaitAsync(cancellation);
        _ended = true;
        return _process.ExitCode;
    }

    /// <summary>The first line that says what went wrong, without paths; empty when nothing did. Ask after the exit.</summary>
    public async Task<string> ErrorAsync(CancellationToken cancellation) => GitErrors.Summarize(await _errors.WaitAsync(cancellation));

    public async ValueTask DisposeAsync()
    {
        await EndAsync();
        await Input.DisposeQuietlyAsync();
        await Output.DisposeQuietlyAsync();
        await _errors;
        _process.Dispose();
    }

    /// <summary>Ends the child and everything it started, unless it has ended by itself.</summary>
    public async Task EndAsync()
    {
        if (_ended)
        {
            return;
        }

        Signal(Posix.Terminate);
        try
        {
            await _exited.WaitAsync(Grace);
        }
        catch (TimeoutException)
        {
            // Said below, by force.
        }

        // The leader may be gone while what it started is not; the group lives as long as any of them.
        Signal(Posix.Kill);
        await _exited;
        _ended = true;
    }

    private void Signal(int signal)
    {
        if (_leadsGroup)
        {
            Posix.SignalGroup(_process.Id, signal);
        }
        else if (!_process.HasExited && signal == Posix.Kill)
        {
            _process.Kill(entireProcessTree: true);
        }
        else if (!_process.HasExited)
        {
            Posix.SignalProcess(_process.Id, signal);
        }
    }

    private static void Enlarge(Stream stream)
    {
        if (stream is PipeStream pipe)
        {
            Posix.TryEnlarge(pipe.SafePipeHandle, PipeSize);
        }
    }

    private static async Task<string> ReadErrorsAsync(Stream stream)
    {
        var (kept, filled, buffer) = (new byte[MaxErrors], 0, new byte[MaxErrors]);
        try
        {
            while (await stream.ReadAsync(buffer) is var count and > 0)
            {
                var keep = Math.Min(count, MaxErrors - filled);
                buffer.AsSpan(0, keep).CopyTo(kept.AsSpan(filled));
                filled += keep; // the rest is read too, else the child would wait for us for ever
            }
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException)
        {
            // The child was ended under us; what came is what there is.
        }

        return Encoding.UTF8.GetString(kept, 0, filled);
    }
}
