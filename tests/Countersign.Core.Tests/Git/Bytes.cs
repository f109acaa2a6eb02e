using System.Buffers;
using System.Text;

namespace Countersign.Core.Tests.Git;

internal static class Bytes
{
    public static byte[] Of(string text) => Encoding.UTF8.GetBytes(text);

    public static string Text(ReadOnlySpan<byte> bytes) => Encoding.UTF8.GetString(bytes);

    /// <summary>A pkt-line around the text.</summary>
    public static string Pkt(string payload) => $"{Encoding.UTF8.GetByteCount(payload) + 4:x4}{payload}";

    public static ReadOnlySequence<byte> Whole(byte[] bytes) => new(bytes);

    /// <summary>The same bytes in two segments, cut at the position.</summary>
    public static ReadOnlySequence<byte> Cut(byte[] bytes, int position)
    {
        var first = new Segment(bytes.AsMemory(0, position), null);
        var second = new Segment(bytes.AsMemory(position), first);
        return new(first, 0, second, second.Memory.Length);
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory, Segment? before)
        {
            Memory = memory;
            if (before is not null)
            {
                before.Next = this;
                RunningIndex = before.Memory.Length;
            }
        }
    }
}
