using System.Net;
using System.Runtime.Versioning;

namespace Countersign.Server.Transports.Ssh;

/// <summary>
/// What sshd is told: public keys only, one account, one program, and of all that SSH can do, running that program. Ciphers and
/// key exchange are what the installed OpenSSH takes by itself: its authors know best, and updates keep them current.
/// </summary>
[SupportedOSPlatform("linux")]
internal static class SshdConfiguration
{
    /// <summary>Plain and FIDO2 keys with SHA-2; no certificates, no SHA-1.</summary>
    private const string Algorithms =
        "ssh-ed25519,sk-ssh-ed25519@openssh.com,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521,sk-ecdsa-sha2-nistp256@openssh.com,rsa-sha2-512,rsa-sha2-256";

    private static readonly Version RequiresSizes = new(9, 1);
    private static readonly Version EndsUnused = new(9, 2);
    private static readonly Version HasPenalties = new(9, 8);
    private static readonly Version HasSessionProgram = new(9, 8);
    private static readonly Version HasAuthProgram = new(10, 0);

    /// <summary>The text of sshd_config(5).</summary>
    public static string Write(IPEndPoint address, SshPlaces places, SshPrograms programs)
    {
        List<string> lines =
        [
            .. Listening(address).Select(each => $"ListenAddress {each}"),
            .. places.HostKeys.Select(file => $"HostKey {Quoted(file)}"),
            "PidFile none",
            "LogLevel INFO",
            "UsePAM no",
            "StrictModes yes",

            "AllowUsers git",
            "AuthenticationMethods publickey",
            "PubkeyAuthentication yes",
            "PasswordAuthentication no",
            "KbdInteractiveAuthentication no",
            "HostbasedAuthentication no",
            $"PubkeyAcceptedAlgorithms {Algorithms}",
            "AuthorizedKeysFile none",
            // The program must be root's, in folders of root (sshd_config(5)); only the first word is looked at, so that ours may lie anywhere.
            $"AuthorizedKeysCommand /usr/bin/env {Quoted(places.Shell, tokens: true)} --keys {Quoted(places.Socket, tokens: true)} %t %k",
            "AuthorizedKeysCommandUser git",

            "DisableForwarding yes",
            "AllowAgentForwarding no",
            "AllowTcpForwarding no",
            "AllowStreamLocalForwarding no",
            "X11Forwarding no",
            "PermitTunnel no",
            "PermitTTY no",
            "PermitUserRC no",
            "PermitUserEnvironment no",
            "AcceptEnv GIT_PROTOCOL",
            "PrintMotd no",
            "UseDNS no",

            // Both count connections that have not signed in; a held command has. ClientAlive finds clients that are gone, and
            // keeps what is silent on the way from forgetting a held command: it must be below its idle limit.
            "LoginGraceTime 30",
            "MaxStartups 100:30:300",
            // One address leaves room for others before all are turned away by lot.
            "PerSourceMaxStartups 60",
            "PerSourceNetBlockSize 32:64",
            "MaxAuthTries 20", // an agent offers all its keys before the right one
            "MaxSessions 20", // commands at one time on a shared connection
            "ClientAliveInterval 15",
            "ClientAliveCountMax 4",
        ];
        if (programs.Release >= EndsUnused)
        {
            lines.Add("UnusedConnectionTimeout 15m"); // a connection without a command is nobody's but costs two processes
        }

        if (programs.Release >= HasPenalties)
        {
            // Keys are not guessed. What it would do is to lock out everybody behind an office's address for one bad job there.
            lines.Add("PerSourcePenalties no");
        }

        if (programs.Release >= RequiresSizes)
        {
            lines.Add("RequiredRSASize 3072");
        }

        if (programs.Root is { } root)
        {
            AddProgram("SshdSessionPath", "sshd-session", HasSessionProgram);
            AddProgram("SshdAuthPath", "sshd-auth", HasAuthProgram);
            void AddProgram(string keyword, string name, Version since)
            {
                if (programs.Release >= since && File.Exists($"{root}/usr/lib/openssh/{name}"))
                {
                    lines.Add($"{keyword} {Quoted($"{root}/usr/lib/openssh/{name}")}");
                }
            }
        }

        return string.Join('\n', lines) + "\n";
    }

    /// <summary>All of IPv6 is all of IPv4, too, as it is for HTTP; sshd opens one socket for each.</summary>
    public static IReadOnlyList<IPEndPoint> Listening(IPEndPoint address) =>
        address.Address.Equals(IPAddress.IPv6Any) ? [address, new(IPAddress.Any, address.Port)] : [address];

    /// <summary>One word, whatever is in it; <paramref name="tokens"/> where sshd replaces <c>%t</c> and the like afterwards.</summary>
    private static string Quoted(string path, bool tokens = false)
    {
        var word = path.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal);
        return $"\"{(tokens ? word.Replace("%", "%%", StringComparison.Ordinal) : word)}\"";
    }
}
