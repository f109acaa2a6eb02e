using Countersign.Core.Git;
using Countersign.Server.Enforcement;
using Countersign.Server.People;

namespace Countersign.Server.Transports.Ssh;

/// <summary>Runs what was asked for over SSH. What it is comes first: nobody is asked about a command that does not exist.</summary>
internal sealed partial class SshCommands(ISshKeys keys, SshGit git, SshDesk desk, SshLargeFiles largeFiles, SshCrowd crowd, SshState state, ILogger<SshCommands> logger)
{
    private const int Failed = 1;
    private const int Busy = 75; // EX_TEMPFAIL

    // As a shell says that there is no such program; Git LFS then goes on with git-lfs-authenticate.
    private const int NoSuchCommand = 127;

    /// <param name="session">Its descriptors are closed by the caller, after this ends.</param>
    /// <param name="gone">Ends everything at once: the client, its shell or the gateway goes.</param>
    /// <returns>The exit status for the client, 0 to 255. Throws <see cref="IOException"/> and <see cref="OperationCanceledException"/> when there is no client any more.</returns>
    public async Task<int> RunAsync(SshSession session, CancellationToken gone)
    {
        try
        {
            return await RunAsync(session, SshCommandLine.Parse(session.Command), gone);
        }
        catch (OperationCanceledException) when (!gone.IsCancellationRequested)
        {
            return Failed; // its person's access has ended: half an answer must not look like a whole one
        }
        catch (UnreadableRequestException exception)
        {
            return await SayAsync(session, exception.Message);
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException)
        {
            throw; // the client has gone, or the gateway goes
        }
        catch (Exception exception)
        {
            Log.Failed(logger, exception);
            return await SayAsync(session, "The gateway could not serve this command, so it was denied.");
        }
    }

    private async Task<int> RunAsync(SshSession session, SshCommandLine line, CancellationToken gone)
    {
        switch (line)
        {
            case SshCommandLine.LargeFilesOverSsh:
                return NoSuchCommand;
            case SshCommandLine.Refused { SpeaksGit: true }:
                session.Output.WriteError($"There is no repository at this address. Addresses are like\n{state.Pattern}");
                await session.Output.FlushAsync(gone);
                return Failed;
            case SshCommandLine.Refused:
                await SayAsync(session, $"Only Git is served here. What else there is: {state.Command} help");
                return NoSuchCommand;
        }

        if (keys.Authenticate(session.Login.KeyId, session.Login.Client) is not { } who)
        {
            return await SayAsync(session, "This SSH key has been removed or has expired, or its owner's access has ended.");
        }

        using var place = crowd.Enter(who.Principal.Id, isGit: line is SshCommandLine.Git);
        if (!place.IsAcquired)
        {
            await SayAsync(session, "Too many of your commands wait or run already. Run this one again when some have ended.");
            return Busy;
        }

        return line switch
        {
            SshCommandLine.Git command => await git.RunAsync(session, who, command, gone),
            SshCommandLine.LargeFiles command => await largeFiles.AuthenticateAsync(session, who, command, gone),
            SshCommandLine.Requests => await desk.ListAsync(session, who, gone),
            SshCommandLine.Approve command => await desk.ApproveAsync(session, who, command, gone),
            SshCommandLine.Help => await desk.HelpAsync(session, gone),
            _ => await desk.GreetAsync(session, who, gone),
        };
    }

    private static async Task<int> SayAsync(SshSession session, string line)
    {
        try
        {
            await new SshTerminal(session.Error).SayAsync(line, CancellationToken.None);
        }
        catch (InvalidOperationException)
        {
            // Its descriptors are closed already.
        }

        return Failed;
    }

    private static partial class Log
    {
        [LoggerMessage(6100, LogLevel.Error, "A command over SSH was denied because handling it failed")]
        public static partial void Failed(ILogger logger, Exception exception);
    }
}
