namespace Countersign.Server.Enforcement;

/// <summary>
/// What a FIDO2 key proved when its owner signed in over SSH. One connection can carry many commands, and this proof is worth
/// one approval: whoever uses it spends it.
/// </summary>
/// <param name="Connection">Names the connection, on this machine and for all time: sshd's process and when it started.</param>
/// <param name="SignedInAt">When the connection was made: signing in came after it.</param>
/// <param name="UserVerified">sshd asked for user verification and got it; false: a touch alone.</param>
internal sealed record SshHandshake(string Connection, DateTimeOffset SignedInAt, bool UserVerified);
