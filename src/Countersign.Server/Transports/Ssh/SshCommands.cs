namespace Countersign.Server.Transports.Ssh;

/// <summary>Runs what was asked for over SSH.</summary>
internal sealed class SshCommands
{
    /// <param name="session">Its descriptors are closed by the caller, after this ends.</param>
    /// <param name="gone">Ends everything at once: the client, its shell or the gateway goes.</param>
    /// <returns>The exit status for the client, 0 to 255.</returns>
    public Task<int> RunAsync(SshSession session, CancellationToken gone) => throw new NotSupportedException();
}
