using System.Buffers;
using Countersign.Core.Git;

namespace Countersign.Core.Tests.Git;

/// <summary>What is changed and watched on the way to and from another Git host.</summary>
public sealed class FarAnswerTests
{
    private const string Capabilities = "000eversion 2\n" + "0015agent=git/2.39.5\n" + "0013ls-refs=unborn\n" + "0012fetch=shallow\n" + "0000";

    private static readonly string Fetch = Bytes.Pkt("command=fetch") + Bytes.Pkt("agent=git/2.39.5") + "0001" + Bytes.Pkt("thin-pack\n")
        + Bytes.Pkt("sideband-all\n") + Bytes.Pkt("sideband-all-of-it\n") + Bytes.Pkt("sideband-all") + Bytes.Pkt("done\n") + "0000";

    private static readonly string Answer = Bytes.Pkt("acknowledgments\n") + Bytes.Pkt("ready\n") + "0001" + Bytes.Pkt("packfile\n")
        + Bytes.Pkt("\u0002Counting\n") + Bytes.Pkt("\u0001PACK") + "0000";

    [Theory]
    [InlineData("fetch=shallow filter\n", "fetch=shallow filter sideband-all\n")]
    [InlineData("fetch=shallow", "fetch=shallow sideband-all\n")]
    [InlineData("fetch\n", "fetch=sideband-all\n")]
    [InlineData("fetch=\n", "fetch=sideband-all\n")]
    [InlineData("fetch=sideband-all\n", "fetch=sideband-all\n")]
    [InlineData("fetch=shallow sideband-all wait-for-done\n", "fetch=shallow sideband-all wait-for-done\n")]
    [InlineData("fetch=not-sideband-all\n", "fetch=not-sideband-all sideband-all\n")]
    [InlineData("fetcher=shallow\n", "fetcher=shallow\n")]
    [InlineData("server-option\n", "server-option\n")]
    public void Fetch_gets_one_more_feature_and_nothing_else_changes(string line, string expected)
    {
        foreach (var announcement in new[] { "", Bytes.Pkt("# service=git-upload-pack\n") + "0000" })
        {
            var writer = new ArrayBufferWriter<byte>();
            Assert.True(CapabilityAdvertisement.TryOfferSidebandAll(
                Bytes.Of(announcement + Bytes.Pkt("version 2\n") + Bytes.Pkt("agent=x\n") + Bytes.Pkt(line) + "0000"), writer));
            Assert.Equal(announcement + Bytes.Pkt("version 2\n") + Bytes.Pkt("agent=x\n") + Bytes.Pkt(expected) + "0000", Bytes.Text(writer.WrittenSpan));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("0000")]
    [InlineData("000eversion 1\n0000")]
    [InlineData("000eversion 2\n")]
    [InlineData("000eversion 2\n0001")]
    [InlineData("000eversion 2\n00000000")]
    [InlineData("001e# service=git-upload-pack\n000eversion 2\n0000")]
    [InlineData("001e# service=git-upload-pack\n0000")]
    [InlineData("<html>sign in</html>")]
    [InlineData("001e# service=git-upload-pack\n0000003faaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa refs/heads/main\n0000")]
    [InlineData("000eversion 2\n0000003faaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa refs/heads/main\n0000")]
    public void What_is_no_list_of_capabilities_is_not_taken_for_one(string body) =>
        Assert.False(CapabilityAdvertisement.TryOfferSidebandAll(Bytes.Of(body), new ArrayBufferWriter<byte>()));

    [Fact]
    public void Capabilities_that_end_at_any_other_byte_are_none()
    {
        for (var length = 0; length < Capabilities.Length; length++)
        {
            Assert.False(CapabilityAdvertisement.TryOfferSidebandAll(Bytes.Of(Capabilities[..length]), new ArrayBufferWriter<byte>()));
        }
    }

    [Fact]
    public void The_argument_is_taken_out_wherever_the_request_is_cut()
    {
        var bytes = Bytes.Of(Fetch);
        var expected = Fetch.Replace("0011sideband-all\n", "", StringComparison.Ordinal).Replace("0010sideband-all", "", StringComparison.Ordinal);
        for (var cut = 0; cut <= bytes.Length; cut++)
        {
            var writer = new ArrayBufferWriter<byte>();
            var first = Bytes.Whole(bytes[..cut]);
            Assert.True(SidebandAll.TryStrip(ref first, writer));
            var rest = Bytes.Cut([.. first.ToArray(), .. bytes[cut..]], (int)first.Length);
            Assert.True(SidebandAll.TryStrip(ref rest, writer));
            Assert.True(rest.IsEmpty);
            Assert.Equal(expected, Bytes.Text(writer.WrittenSpan));
        }
    }

    [Fact]
    public void A_request_that_is_not_in_packets_is_not_changed_into_one()
    {
        var body = Bytes.Whole(Bytes.Of("hello"));
        Assert.False(SidebandAll.TryStrip(ref body, new ArrayBufferWriter<byte>()));
    }

    [Fact]
    public void Packets_before_the_pack_go_into_band_1_and_the_pack_stays_as_it_is()
    {
        var expected = Bytes.Pkt("\u0001acknowledgments\n") + Bytes.Pkt("\u0001ready\n") + "0001" + Bytes.Pkt("\u0001packfile\n")
            + Bytes.Pkt("\u0002Counting\n") + Bytes.Pkt("\u0001PACK") + "0000";
        var bytes = Bytes.Of(Answer);
        for (var cut = 0; cut <= bytes.Length; cut++)
        {
            var (ends, answer, writer) = (new PacketEnds(), new SidebandAllAnswer(), new ArrayBufferWriter<byte>());
            var whole = ends.Take(bytes.AsSpan(0, cut));
            Assert.True(answer.TryWrite(bytes.AsSpan(0, whole), writer));
            var more = ends.Take(bytes.AsSpan(cut));
            Assert.True(answer.TryWrite(bytes.AsSpan(whole, more > 0 ? cut - whole + more : 0), writer));
            Assert.Equal(expected, Bytes.Text(writer.WrittenSpan));
            Assert.True(ends is { IsAtEnd: true, EndsWithFlush: true, Band: 1, IsRaw: false });
        }
    }

    [Fact]
    public void An_error_stays_outside_the_bands()
    {
        var writer = new ArrayBufferWriter<byte>();
        Assert.True(new SidebandAllAnswer().TryWrite(Bytes.Of(Bytes.Pkt("ERR no")), writer));
        Assert.Equal(Bytes.Pkt("ERR no"), Bytes.Text(writer.WrittenSpan));
    }

    [Theory]
    [InlineData("0000", 4, true, 0, false)]
    [InlineData("0008NAK\n", 8, false, 0, false)]
    [InlineData("0008NAK\n00", 8, false, 0, false)]
    [InlineData("0009\u0001PACK0009\u0002", 9, false, 1, false)]
    [InlineData("0009\u0001PACK0000", 13, true, 1, false)]
    [InlineData("0004", 4, false, 0, false)]
    [InlineData("0008NAK\nPACK\0\0\0\u0002", 16, false, 0, true)]
    [InlineData("00", 0, false, 0, false)]
    [InlineData("zz", 2, false, 0, true)]
    [InlineData("fff5", 4, false, 0, true)]
    [InlineData("", 0, false, 0, false)]
    public void Ends_of_packets_are_found_wherever_the_stream_is_cut(string text, int expected, bool flush, int band, bool raw)
    {
        var bytes = Bytes.Of(text);
        for (var cut = 0; cut <= bytes.Length; cut++)
        {
            var ends = new PacketEnds();
            var first = ends.Take(bytes.AsSpan(0, cut));
            var second = ends.Take(bytes.AsSpan(cut));
            Assert.Equal(expected, second > 0 ? cut + second : first);
            Assert.Equal((flush, band, raw), (ends.EndsWithFlush, ends.Band, ends.IsRaw));
            Assert.Equal(raw || expected == bytes.Length, ends.IsAtEnd);
        }
    }
}
