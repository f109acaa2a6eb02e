using System.Buffers;
using Countersign.Core.Git;
using FsCheck;
using FsCheck.Fluent;

namespace Countersign.Core.Tests.Git;

public sealed class PktLineTests
{
    [Fact]
    public void What_is_written_is_read_whatever_it_is() => Prop.ForAll<byte[]>(payload =>
    {
        var writer = new ArrayBufferWriter<byte>();
        writer.WritePacket(payload);
        writer.WriteFlush();
        var rest = Bytes.Whole(writer.WrittenSpan.ToArray());
        Assert.Equal(ParseStatus.Done, PktLine.TryRead(ref rest, out var kind, out ReadOnlySequence<byte> read));
        Assert.Equal(PktKind.Data, kind);
        Assert.Equal(payload, read.ToArray());
        Assert.Equal(ParseStatus.Done, PktLine.TryRead(ref rest, out kind, out read));
        Assert.Equal(PktKind.Flush, kind);
        Assert.True(rest.IsEmpty);
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_packet_cut_anywhere_needs_more_and_in_two_pieces_reads_the_same()
    {
        var bytes = Bytes.Of(Bytes.Pkt("hello\n"));
        for (var cut = 0; cut < bytes.Length; cut++)
        {
            var part = Bytes.Whole(bytes[..cut]);
            var span = (ReadOnlySpan<byte>)bytes.AsSpan(0, cut);
            Assert.Equal(ParseStatus.NeedMore, PktLine.TryRead(ref part, out _, out ReadOnlySequence<byte> _));
            Assert.Equal(ParseStatus.NeedMore, PktLine.TryRead(ref span, out _, out ReadOnlySpan<byte> _));
            Assert.Equal(cut, part.Length);
            var pieces = Bytes.Cut(bytes, cut);
            Assert.Equal(ParseStatus.Done, PktLine.TryRead(ref pieces, out _, out ReadOnlySequence<byte> payload));
            Assert.Equal("hello\n", Bytes.Text(payload.ToArray()));
        }
    }

    [Theory]
    [InlineData("0000", PktKind.Flush)]
    [InlineData("0001", PktKind.Delimiter)]
    [InlineData("0002", PktKind.ResponseEnd)]
    [InlineData("0004", PktKind.Data)]
    public void The_special_packets_are_told_apart(string text, PktKind expected)
    {
        var rest = Bytes.Whole(Bytes.Of(text));
        var span = (ReadOnlySpan<byte>)Bytes.Of(text);
        Assert.Equal(ParseStatus.Done, PktLine.TryRead(ref rest, out var kind, out ReadOnlySequence<byte> payload));
        Assert.Equal(ParseStatus.Done, PktLine.TryRead(ref span, out var same, out ReadOnlySpan<byte> _));
        Assert.Equal((expected, expected, 0L), (kind, same, payload.Length));
    }

    [Theory]
    [InlineData("0003")]
    [InlineData("fff1")] // 65521
    [InlineData("ffff")]
    [InlineData("-001")]
    [InlineData("+004")]
    [InlineData("0x10")]
    [InlineData(" 004")]
    [InlineData("PACK")]
    [InlineData("P")]
    [InlineData("00G")]
    public void A_length_that_cannot_be_is_malformed_at_once(string text)
    {
        var rest = Bytes.Whole(Bytes.Of(text));
        var span = (ReadOnlySpan<byte>)Bytes.Of(text);
        Assert.Equal(ParseStatus.Malformed, PktLine.TryRead(ref rest, out _, out ReadOnlySequence<byte> _));
        Assert.Equal(ParseStatus.Malformed, PktLine.TryRead(ref span, out _, out ReadOnlySpan<byte> _));
        Assert.Equal(text.Length, rest.Length);
    }

    [Fact]
    public void The_longest_packet_is_read_and_a_longer_one_cannot_be_written()
    {
        var writer = new ArrayBufferWriter<byte>();
        writer.WritePacket(new byte[PktLine.MaxPayload]);
        Assert.Equal("fff0", Bytes.Text(writer.WrittenSpan[..4]));
        Assert.Throws<ArgumentOutOfRangeException>(() => writer.WritePacket(new byte[PktLine.MaxPayload + 1]));
    }

    [Fact]
    public void Garbage_never_throws_and_never_grows() => Prop.ForAll<byte[]>(garbage =>
    {
        var rest = Bytes.Whole(garbage);
        while (PktLine.TryRead(ref rest, out _, out ReadOnlySequence<byte> payload) == ParseStatus.Done)
        {
            Assert.True(payload.Length <= garbage.Length);
        }
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_sideband_splits_where_a_packet_is_full()
    {
        var writer = new ArrayBufferWriter<byte>();
        writer.WriteSideband(PktWriter.Data, new byte[PktWriter.MaxSideband + 1]);
        var rest = Bytes.Whole(writer.WrittenSpan.ToArray());
        PktLine.TryRead(ref rest, out _, out ReadOnlySequence<byte> first);
        PktLine.TryRead(ref rest, out _, out ReadOnlySequence<byte> second);
        Assert.Equal((65516L, 2L, 0L), (first.Length, second.Length, rest.Length));
        Assert.Equal(PktWriter.Data, second.FirstSpan[0]);
    }

    [Fact]
    public void A_keepalive_is_an_empty_progress_packet()
    {
        var writer = new ArrayBufferWriter<byte>();
        writer.WriteKeepalive();
        var rest = Bytes.Whole(writer.WrittenSpan.ToArray());
        PktLine.TryRead(ref rest, out _, out ReadOnlySequence<byte> payload);
        Assert.Equal([PktWriter.Progress], payload.ToArray());
    }
}
