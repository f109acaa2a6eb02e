using System.Buffers;
using System.Text.Json;
using Countersign.Core.Git;

namespace Countersign.Core.LargeFiles;

/// <summary>Writes the JSON documents of Git LFS.</summary>
public static class LfsDocument
{
    /// <summary>One object with the members that are written.</summary>
    public static byte[] Write(Action<Utf8JsonWriter> members)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            members(json);
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>An error; the text is what Git LFS shows.</summary>
    public static byte[] Message(string text) => Write(json => json.WriteString("message", TerminalText.Line(text)));
}
