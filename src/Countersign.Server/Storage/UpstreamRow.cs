namespace Countersign.Server.Storage;

/// <summary>Another Git host.</summary>
internal sealed class UpstreamRow
{
    /// <summary>The name, lower case.</summary>
    public required string Name { get; init; }

    /// <summary><c>smart-http</c>, later others.</summary>
    public required string Kind { get; init; }

    /// <summary>The rest of its definition, as JSON; no secret is in it.</summary>
    public required string Settings { get; set; }

    /// <summary>The service credential's password or token, sealed; null without one.</summary>
    public byte[]? SealedSecret { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }
}
