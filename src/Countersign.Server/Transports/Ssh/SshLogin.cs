using Countersign.Core.Identities;
using Countersign.Server.Enforcement;

namespace Countersign.Server.Transports.Ssh;

/// <summary>What sshd proved before it started the shell for one command.</summary>
/// <param name="KeyId">The key whose signature it verified, from the forced command that we gave it.</param>
/// <param name="Client">The other end of the connection, as sshd saw it.</param>
/// <param name="Handshake">For a FIDO2 key: what the signature proved; null for others.</param>
internal sealed record SshLogin(string KeyId, ClientAddress Client, SshHandshake? Handshake);
