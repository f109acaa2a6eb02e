namespace Countersign.Server.Upstreams.Passed;

/// <summary>What a Git host says of a credential.</summary>
internal abstract record HostVerdict
{
    private HostVerdict()
    {
    }

    /// <summary>It is good, and this is whose it is at the host.</summary>
    internal sealed record Known(string Name) : HostVerdict;

    /// <summary>It proves nothing here.</summary>
    /// <param name="Everywhere">The host did not take the credential itself (401), so that no other repository needs to be tried.</param>
    internal sealed record Refused(bool Everywhere) : HostVerdict;

    /// <summary>The host answers the same to anybody, so its answer says nothing about who asks.</summary>
    internal sealed record Open : HostVerdict;

    /// <summary>It was not asked: too many wrong credentials of that name or from that network.</summary>
    internal sealed record Throttled : HostVerdict;

    /// <summary>It gave no answer that means anything. The text ends a sentence that names the host; it is for the log.</summary>
    internal sealed record Silent(string Why) : HostVerdict;
}
