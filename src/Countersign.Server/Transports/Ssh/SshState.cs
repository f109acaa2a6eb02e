using System.Net;

namespace Countersign.Server.Transports.Ssh;

/// <summary>Whether Git over SSH is served, for whoever shows it: the ready line, pages, the API, doctor.</summary>
internal sealed class SshState
{
    private SshFacts? facts;

    /// <summary>Null while it is not served.</summary>
    public SshFacts? Facts => Volatile.Read(ref facts);

    /// <summary>What a repository's address looks like.</summary>
    public string Pattern => $"{Facts?.Url ?? $"ssh://{SshFacts.Login}@HOST:PORT"}/KEY/REPO.git";

    /// <summary>What is typed before a command such as <c>help</c>.</summary>
    public string Command => Facts?.Command ?? $"ssh -p PORT {SshFacts.Login}@HOST";

    /// <summary>Why it is not served, when it is not.</summary>
    public string Reason { get; private set; } = "switched off";

    /// <summary>Where sshd listens.</summary>
    public IPEndPoint? Address { get; private set; }

    /// <summary>For the ready line.</summary>
    public string Line => Facts is null ? $"ssh=off ({Reason})" : $"ssh={Address}";

    public void On(IPEndPoint address, SshFacts known)
    {
        Address = address;
        Volatile.Write(ref facts, known);
    }

    public void Off(string reason) => Reason = reason;
}
