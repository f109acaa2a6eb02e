namespace Countersign.Server.Transports.Ssh;

/// <summary>Git over SSH cannot be served on this machine as it is; HTTPS can. The message is the reason on the ready line: what is missing, and what to do.</summary>
/// <param name="message">A clause without a full stop and without parentheses.</param>
internal sealed class SshUnavailableException(string message) : Exception(message)
{
    /// <summary>Another program listens where sshd should.</summary>
    public bool IsAddressTaken { get; init; }
}
