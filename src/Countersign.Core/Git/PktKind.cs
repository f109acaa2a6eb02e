namespace Countersign.Core.Git;

/// <summary>Kinds of pkt-line (gitprotocol-common "pkt-line Format", gitprotocol-v2 "Packet-Line Framing").</summary>
public enum PktKind
{
    Data,

    /// <summary><c>0000</c>: end of a message.</summary>
    Flush,

    /// <summary><c>0001</c>: separates the sections of a version 2 message.</summary>
    Delimiter,

    /// <summary><c>0002</c>: end of a response over a stateless connection.</summary>
    ResponseEnd,
}
