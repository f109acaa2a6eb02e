namespace Countersign.Server.Transports.Ssh;

/// <param name="Type">As <c>ssh-keygen -l</c> names it: ED25519, ECDSA, RSA.</param>
/// <param name="Fingerprint"><c>SHA256:</c> and unpadded base64, as ssh asks about it at the first connection.</param>
internal sealed record HostKey(string Type, string Fingerprint);

/// <summary>What people need to know to use Git over SSH here.</summary>
/// <param name="Host">In addresses.</param>
/// <param name="Port">In addresses.</param>
/// <param name="HostKeys">To compare with what ssh shows at the first connection.</param>
/// <param name="Version">Of sshd: <c>OpenSSH_9.2p1</c>.</param>
internal sealed record SshFacts(string Host, int Port, IReadOnlyList<HostKey> HostKeys, string Version)
{
    /// <summary>Whoever it is, the key says.</summary>
    public const string Login = "git";

    /// <summary>What the addresses of all repositories begin with: <c>ssh://git@HOST:PORT</c>, then <c>/KEY/REPO.git</c>.</summary>
    public string Url => Port == 22 ? $"ssh://{Login}@{Host}" : $"ssh://{Login}@{Host}:{Port}";

    /// <summary>What is typed to sign in without Git; ssh wants an IPv6 address without its brackets.</summary>
    public string Command => Port == 22 ? $"ssh {Login}@{Host.Trim('[', ']')}" : $"ssh -p {Port} {Login}@{Host.Trim('[', ']')}";
}
