using System.Formats.Cbor;

namespace Countersign.Core.WebAuthn;

/// <summary>
/// CTAP2 canonical CBOR (CTAP 2.2 section 8): definite lengths, shortest forms, sorted and unique keys, no tags, four levels. One
/// encoding for each value, so that no two readers can see different things in the same bytes.
/// </summary>
internal static class StrictCbor
{
    /// <summary>A reader over exactly one item of this form; null where the bytes are anything else.</summary>
    public static CborReader? Open(ReadOnlyMemory<byte> bytes) =>
        TryMeasure(bytes, out var length) && length == bytes.Length ? new(bytes, CborConformanceMode.Ctap2Canonical) : null;

    /// <summary>The length of the item that the bytes begin with.</summary>
    public static bool TryMeasure(ReadOnlyMemory<byte> bytes, out int length)
    {
        length = 0;
        try
        {
            var reader = new CborReader(bytes, CborConformanceMode.Ctap2Canonical, allowMultipleRootLevelValues: true);
            do
            {
                if (!TryStep(reader) || reader.CurrentDepth > WebAuthnLimits.CborDepth)
                {
                    return false;
                }
            }
            while (reader.CurrentDepth > 0);

            length = bytes.Length - reader.BytesRemaining;
            return true;
        }
        catch (Exception e) when (e is CborContentException or InvalidOperationException or OverflowException)
        {
            return false;
        }
    }

    private static bool TryStep(CborReader reader)
    {
        switch (reader.PeekState())
        {
            case CborReaderState.StartMap:
                return reader.ReadStartMap() is not null;
            case CborReaderState.EndMap:
                reader.ReadEndMap();
                return true;
            case CborReaderState.StartArray:
                return reader.ReadStartArray() is not null;
            case CborReaderState.EndArray:
                reader.ReadEndArray();
                return true;
            case CborReaderState.TextString:
                reader.ReadTextString(); // not skipped: this checks the UTF-8
                return true;
            case CborReaderState.ByteString:
            case CborReaderState.UnsignedInteger:
            case CborReaderState.NegativeInteger:
            case CborReaderState.Boolean:
            case CborReaderState.Null:
            case CborReaderState.SimpleValue:
            case CborReaderState.HalfPrecisionFloat:
            case CborReaderState.SinglePrecisionFloat:
            case CborReaderState.DoublePrecisionFloat:
                reader.SkipValue();
                return true;
            default:
                return false; // tags, indefinite lengths, the end of the data
        }
    }
}
