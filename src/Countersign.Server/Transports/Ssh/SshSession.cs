using System.IO.Pipelines;

namespace Countersign.Server.Transports.Ssh;

/// <summary>One command on an SSH connection: the client's own descriptors, passed on by the shell.</summary>
/// <param name="Login">Who, as proved by sshd.</param>
/// <param name="Command">What the client asked to run, as received and not yet parsed; empty for none (<c>ssh git@host</c>).</param>
/// <param name="ProtocolVersion">Of Git's wire protocol, from <c>GIT_PROTOCOL</c>: 0, 1 or 2.</param>
internal sealed record SshSession(SshLogin Login, string Command, int ProtocolVersion)
{
    public required PipeReader Input { get; init; }

    public required PipeWriter Output { get; init; }

    /// <summary>What people read in their terminal.</summary>
    public required PipeWriter Error { get; init; }

    /// <summary>How long it is waited for; null where somebody else sees to that.</summary>
    public ClientPatience? Patience { get; init; }
}
