namespace Countersign.Server.Storage;

/// <summary>A person's own credential for a Git host, for commands that bring none along.</summary>
internal sealed class UpstreamTokenRow
{
    public required Guid PersonId { get; init; }

    public required string UpstreamName { get; init; }

    /// <summary>The name that goes with it at the host; "" where it goes alone.</summary>
    public required string UserName { get; set; }

    /// <summary>The header that carries the credential, sealed for this person and the host at this address.</summary>
    public required byte[] Sealed { get; set; }

    public required DateTimeOffset CreatedAt { get; set; }
}
