using System.Formats.Cbor;

namespace Countersign.Core.WebAuthn.Statements;

/// <summary>The members of an attStmt. Each format says which it has; one more or of another type is a malformed statement.</summary>
internal sealed class StatementMap
{
    private const int MostMembers = 8;

    private readonly Dictionary<string, ReadOnlyMemory<byte>> members;

    private StatementMap(Dictionary<string, ReadOnlyMemory<byte>> members) => this.members = members;

    /// <summary>Reads one map from a reader that has been checked to be canonical.</summary>
    public static StatementMap? Read(CborReader reader)
    {
        var count = reader.ReadStartMap();
        if (count is null or > MostMembers)
        {
            return null;
        }

        var members = new Dictionary<string, ReadOnlyMemory<byte>>(StringComparer.Ordinal);
        while (reader.PeekState() != CborReaderState.EndMap)
        {
            members.Add(reader.ReadTextString(), reader.ReadEncodedValue());
        }

        reader.ReadEndMap();
        return new(members);
    }

    public bool Has(string name) => members.ContainsKey(name);

    /// <summary>Whether the members are exactly these.</summary>
    public bool Is(params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            if (!Has(name))
            {
                return false;
            }
        }

        return members.Count == names.Length;
    }

    public byte[]? Bytes(string name) =>
        Open(name, CborReaderState.ByteString) is { } reader ? reader.ReadByteString() : null;

    public string? Text(string name) =>
        Open(name, CborReaderState.TextString) is { } reader ? reader.ReadTextString() : null;

    public CoseAlgorithm? Algorithm(string name) =>
        Open(name, CborReaderState.NegativeInteger) is { } reader
        && reader.ReadCborNegativeIntegerRepresentation() is < int.MaxValue and var representation
        && (CoseAlgorithm)(-1 - (int)representation) is var algorithm && Enum.IsDefined(algorithm)
            ? algorithm
            : null;

    /// <summary>The certificates of an x5c, DER, leaf first; null for none, too many, or anything that is no byte string.</summary>
    public IReadOnlyList<byte[]>? Certificates(string name)
    {
        if (Open(name, CborReaderState.StartArray) is not { } reader || reader.ReadStartArray() is null or 0 or > WebAuthnLimits.Certificates)
        {
            return null;
        }

        var certificates = new List<byte[]>();
        while (reader.PeekState() != CborReaderState.EndArray)
        {
            if (reader.PeekState() != CborReaderState.ByteString)
            {
                return null;
            }

            certificates.Add(reader.ReadByteString());
        }

        return certificates;
    }

    private CborReader? Open(string name, CborReaderState state) =>
        members.TryGetValue(name, out var value)
        && new CborReader(value, CborConformanceMode.Ctap2Canonical) is var reader
        && reader.PeekState() == state
            ? reader
            : null;
}
