using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Runtime.Versioning;

namespace Countersign.Server.Transports.Ssh;

/// <summary>One running sshd with its keeper (src/Countersign.Shell/keeper.c). Disposing ends both, and all that sshd started.</summary>
[SupportedOSPlatform("linux")]
internal sealed partial class SshdProcess : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan LastLines = TimeSpan.FromSeconds(1);

    private readonly Process keeper;
    private readonly Task following;
    private readonly ILogger logger;
    private readonly List<string> complaints = [];
    private readonly TaskCompletionSource listening = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int awaited;
    private int disposed;

    private SshdProcess(Process keeper, int sockets, ILogger logger)
    {
        (this.keeper, awaited, this.logger) = (keeper, sockets, logger);
        Keeper = keeper.Id;
        following = FollowAsync();
        Ended = EndAsync();
    }

    /// <summary>What the door lets in descends from it.</summary>
    public int Keeper { get; }

    /// <summary>Completes with the exit code when the keeper has ended, and with it sshd and everything that it started; unless somebody has killed the keeper.</summary>
    public Task<int> Ended { get; }

    /// <summary>Completes when it listens. Throws <see cref="SshUnavailableException"/>.</summary>
    /// <param name="started">Told the keeper's process as soon as there is one.</param>
    public static async Task<SshdProcess> StartAsync(IPEndPoint address, SshPlaces places, SshPrograms programs, Action<int> started, ILogger logger)
    {
        var user = places.User?.ToString(CultureInfo.InvariantCulture) ?? "-";
        var start = new ProcessStartInfo(places.Keeper, [places.Lock, user, programs.Sshd, "-D", "-e", "-f", places.Config])
        {
            RedirectStandardInput = true, // the pipe whose end means that the gateway has ended
            RedirectStandardError = true,
            WorkingDirectory = "/",
        };
        programs.Isolate(start);
        start.Environment["LD_PRELOAD"] = places.Account;
        try
        {
            var sshd = new SshdProcess(Process.Start(start)!, SshdConfiguration.Listening(address).Count, logger);
            started(sshd.Keeper);
            await ((Task)Task.WhenAny(sshd.listening.Task, sshd.Ended)).WaitAsync(Patience).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (sshd.listening.Task.IsCompleted)
            {
                return sshd;
            }

            await sshd.DisposeAsync();
            throw sshd.Explain(address);
        }
        catch (Win32Exception exception)
        {
            throw new SshUnavailableException($"{places.Keeper} cannot be run: {exception.Message}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref disposed, 1) == 1)
        {
            return;
        }

        try
        {
            keeper.StandardInput.Close();
        }
        catch (IOException)
        {
            // it has ended by itself
        }

        await ((Task)Ended).WaitAsync(Patience).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!Ended.IsCompleted)
        {
            keeper.Kill();
            await Ended;
        }

        keeper.StandardError.Dispose();
        keeper.Dispose();
    }

    private async Task<int> EndAsync()
    {
        await keeper.WaitForExitAsync();
        await following.WaitAsync(LastLines).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // connections that a killed keeper leaves hold the pipe open
        return keeper.ExitCode;
    }

    /// <summary>sshd writes its log to standard error, a line for each event. Names that clients sent are in it with their unsafe bytes escaped (strnvis).</summary>
    private async Task FollowAsync()
    {
        try
        {
            while (await keeper.StandardError.ReadLineAsync() is { } line)
            {
                Follow(line.TrimEnd('\r'));
            }
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException or OperationCanceledException)
        {
            // nobody wants to know any more
        }
    }

    private void Follow(string line)
    {
        if (line.StartsWith("Server listening on ", StringComparison.Ordinal) && Interlocked.Decrement(ref awaited) == 0)
        {
            listening.TrySetResult();
        }

        if (!listening.Task.IsCompleted)
        {
            complaints.Add(line);
        }

        if (line.StartsWith("error:", StringComparison.Ordinal) || line.StartsWith("fatal:", StringComparison.Ordinal) || line.StartsWith("countersign-keeper:", StringComparison.Ordinal))
        {
            Log.Complained(logger, line);
        }
        else
        {
            Log.Said(logger, line);
        }
    }

    private SshUnavailableException Explain(IPEndPoint address)
    {
        bool Says(string text) => complaints.Exists(line => line.Contains(text, StringComparison.Ordinal));
        return Says("Address already in use") ? new($"{address} is in use by another program") { IsAddressTaken = true }
            : Says("failed: Permission denied") ? new($"sshd has no root rights and may not listen on {address}; take a port of 1024 or more, or set sysctl net.ipv4.ip_unprivileged_port_start={address.Port}")
            : new($"sshd does not start: {(complaints.Count > 0 ? complaints[^1] : "it said nothing")}");
    }

    private static partial class Log
    {
        [LoggerMessage(5321, LogLevel.Information, "sshd: {Line}")]
        public static partial void Said(ILogger logger, string line);

        [LoggerMessage(5322, LogLevel.Warning, "sshd: {Line}")]
        public static partial void Complained(ILogger logger, string line);
    }
}
