using System.Buffers.Binary;
using System.Text;

namespace Countersign.Core.SshKeys;

/// <summary>Reads the data types of RFC 4251 section 5. After a failure every further read fails too.</summary>
internal ref struct SshWireReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> rest = bytes;

    /// <summary>Everything was read, and nothing failed.</summary>
    public readonly bool IsComplete => !Failed && rest.IsEmpty;

    public bool Failed { get; private set; }

    /// <summary><c>uint32</c>: big-endian.</summary>
    public uint Number()
    {
        if (rest.Length < 4)
        {
            Fail();
            return 0;
        }

        var number = BinaryPrimitives.ReadUInt32BigEndian(rest);
        rest = rest[4..];
        return number;
    }

    /// <summary><c>string</c>: its length, then so many bytes.</summary>
    public ReadOnlySpan<byte> String()
    {
        var length = Number();
        if (length > rest.Length)
        {
            Fail();
            return [];
        }

        var value = rest[..(int)length];
        rest = rest[(int)length..];
        return value;
    }

    /// <summary>A <c>string</c> that names something: printable ASCII (RFC 4251 section 6); anything else fails.</summary>
    public string Name()
    {
        var value = String();
        if (value.IsEmpty || value.ContainsAnyExceptInRange((byte)'!', (byte)'~'))
        {
            Fail();
            return "";
        }

        return Encoding.ASCII.GetString(value);
    }

    /// <summary><c>mpint</c> of a positive number, without its leading zero; any other form of the same number fails, and so does 0.</summary>
    public ReadOnlySpan<byte> Positive()
    {
        var value = String();
        if (value.IsEmpty || value[0] >= 0x80 || (value[0] == 0 && (value.Length == 1 || value[1] < 0x80)))
        {
            Fail();
            return [];
        }

        return value[0] == 0 ? value[1..] : value;
    }

    private void Fail()
    {
        Failed = true;
        rest = [];
    }
}
