using Countersign.Core.Git;
using FsCheck;
using FsCheck.Fluent;

namespace Countersign.Core.Tests.Git;

public sealed class UploadPackRequestTests
{
    private static readonly string A = new('a', 40);

    private static readonly string Fetch = Bytes.Pkt("command=fetch") + Bytes.Pkt("agent=git/2.39.5") + Bytes.Pkt("object-format=sha1")
        + "0001" + Bytes.Pkt("thin-pack") + Bytes.Pkt("sideband-all") + Bytes.Pkt($"want {A}\n") + Bytes.Pkt("done\n") + "0000";

    private static (ParseStatus Status, UploadPackRequest? Request) Parse(string text, int version = 2) =>
        (UploadPackRequest.TryParse(Bytes.Whole(Bytes.Of(text)), version, out var request, out _), request);

    [Fact]
    public void The_commands_of_version_2_are_known()
    {
        Assert.Equal(UploadPackCommand.LsRefs, Parse(Bytes.Pkt("command=ls-refs\n") + "0000").Request?.Command);
        Assert.Equal(UploadPackCommand.ObjectInfo, Parse(Bytes.Pkt("command=object-info") + "0000").Request?.Command);
        Assert.Equal(new(UploadPackCommand.Fetch) { SidebandAll = true, Done = true }, Parse(Fetch).Request);
        Assert.Equal(UploadPackCommand.Probe, Parse("0000").Request?.Command);
    }

    [Theory]
    [InlineData("command=bundle-uri")]
    [InlineData("command=fetchx")]
    [InlineData("command=fetch\n\n")]
    [InlineData(" command=fetch")]
    [InlineData("agent=git/2.39.5")] // the command comes first; nothing is searched for
    [InlineData("")]
    public void Another_first_line_is_no_fetch(string line) => Assert.Equal(ParseStatus.Malformed, Parse(Bytes.Pkt(line) + "0000").Status);

    [Fact]
    public void An_argument_counts_only_behind_the_delimiter() =>
        Assert.False(Parse(Bytes.Pkt("command=fetch") + Bytes.Pkt("sideband-all") + "0001" + Bytes.Pkt($"want {A}") + "0000").Request!.SidebandAll);

    [Fact]
    public void A_request_cut_at_any_byte_needs_more_and_in_two_pieces_reads_the_same()
    {
        var bytes = Bytes.Of(Fetch);
        for (var cut = 0; cut < bytes.Length; cut++)
        {
            Assert.Equal(ParseStatus.NeedMore, UploadPackRequest.TryParse(Bytes.Whole(bytes[..cut]), 2, out var request, out _));
            Assert.Null(request);
            Assert.Equal(ParseStatus.Done, UploadPackRequest.TryParse(Bytes.Cut(bytes, cut), 2, out request, out _));
            Assert.True(request!.SidebandAll);
        }
    }

    [Theory]
    [InlineData("0001", "0001")]
    [InlineData("0001", "0002")]
    [InlineData("0001", "xxxx")]
    public void A_fetch_that_is_not_in_packets_is_refused(string one, string two) =>
        Assert.Equal(ParseStatus.Malformed, Parse(Bytes.Pkt("command=fetch") + one + two).Status);

    [Fact]
    public void A_fetch_with_thousands_of_haves_is_searched_so_far_and_no_further()
    {
        var haves = string.Concat(Enumerable.Repeat(Bytes.Pkt($"have {A}"), UploadPackRequest.MaxScan / 49 + 2));
        Assert.Equal(ParseStatus.NeedMore, Parse(Bytes.Pkt("command=fetch") + "0001" + Bytes.Pkt("sideband-all") + haves[..^(49 * 9)]).Status);
        var (status, request) = Parse(Bytes.Pkt("command=fetch") + "0001" + Bytes.Pkt("sideband-all") + haves);
        Assert.Equal((ParseStatus.Done, true), (status, request!.SidebandAll));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void The_older_versions_begin_with_a_want_or_a_flush(int version)
    {
        Assert.Equal(UploadPackCommand.Fetch, Parse(Bytes.Pkt($"want {A} multi_ack\n") + "0000", version).Request?.Command);
        Assert.Equal(UploadPackCommand.Probe, Parse("0000", version).Request?.Command);
        Assert.Equal(ParseStatus.Malformed, Parse(Bytes.Pkt("have x"), version).Status);
        Assert.Equal(ParseStatus.Malformed, Parse(Bytes.Pkt("command=fetch"), version).Status);
    }

    [Fact]
    public void Garbage_never_throws() => Prop.ForAll<byte[], int>((garbage, at) =>
    {
        var bytes = Bytes.Of(Fetch);
        var position = (int)((uint)at % bytes.Length);
        garbage.AsSpan(0, Math.Min(garbage.Length, bytes.Length - position)).CopyTo(bytes.AsSpan(position));
        UploadPackRequest.TryParse(Bytes.Cut(bytes, position), 2, out _, out _);
        UploadPackRequest.TryParse(Bytes.Whole(garbage), at & 1, out _, out _);
    }).QuickCheckThrowOnFailure();
}
