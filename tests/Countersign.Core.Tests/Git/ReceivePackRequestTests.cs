using System.Buffers;
using Countersign.Core.Git;
using FsCheck;
using FsCheck.Fluent;

namespace Countersign.Core.Tests.Git;

public sealed class ReceivePackRequestTests
{
    private static readonly string A = new('a', 40);
    private static readonly string B = new('b', 40);
    private static readonly string Zero = new('0', 40);

    private static string First(string command, string capabilities = "report-status side-band-64k agent=git/2.39.5") =>
        Bytes.Pkt($"{command}\0 {capabilities}");

    private static (ParseStatus Status, ReceivePackRequest? Request, long Consumed, string Error) Parse(string text)
    {
        var status = ReceivePackRequest.TryParse(Bytes.Whole(Bytes.Of(text)), out var request, out var consumed, out var error);
        return (status, request, consumed, error);
    }

    private static string Wrong(string text)
    {
        var (status, request, _, error) = Parse(text);
        Assert.Equal(ParseStatus.Malformed, status);
        Assert.Null(request);
        Assert.NotEmpty(error);
        Assert.DoesNotContain(error, char.IsControl);
        return error;
    }

    [Fact]
    public void Every_ref_of_a_push_is_read_and_the_pack_begins_where_the_head_ends()
    {
        var head = First($"{A} {B} refs/heads/main", "report-status-v2 side-band-64k atomic delete-refs quiet object-format=sha1 agent=git/2.39.5")
            + Bytes.Pkt($"{Zero} {B} refs/tags/v1\n") + Bytes.Pkt($"{A} {Zero} refs/heads/old") + "0000";
        var (status, request, consumed, _) = Parse(head + "PACK....");
        Assert.Equal((ParseStatus.Done, (long)head.Length), (status, consumed));
        Assert.Equal(["refs/heads/main", "refs/tags/v1", "refs/heads/old"], request!.Updates.Select(update => update.Name.Value));
        Assert.Equal([RefChange.Update, RefChange.Create, RefChange.Delete], request.Updates.Select(update => update.Change));
        Assert.True(request is { HasPack: true, IsProbe: false, Capabilities: { SideBand64k: true, ReportStatus: true, ReportStatusV2: true, Atomic: true, DeleteRefs: true, Quiet: true, PushOptions: false } });
        Assert.Equal("git/2.39.5", request.Capabilities.Agent);
    }

    [Fact]
    public void Shallow_lines_and_push_options_are_read_too()
    {
        var (status, request, _, _) = Parse(Bytes.Pkt($"shallow {A}") + Bytes.Pkt($"shallow {B}\n")
            + First($"{A} {B} refs/heads/main", "report-status push-options") + "0000" + Bytes.Pkt("ci.skip") + Bytes.Pkt("topic=a b\n") + "0000PACK");
        Assert.Equal(ParseStatus.Done, status);
        Assert.Equal([A, B], request!.Shallow.Select(id => id.Hex));
        Assert.Equal(["ci.skip", "topic=a b"], request.PushOptions);
    }

    [Fact]
    public void A_head_cut_at_any_byte_needs_more_and_in_two_pieces_reads_the_same()
    {
        var bytes = Bytes.Of(Bytes.Pkt($"shallow {A}") + First($"{A} {B} refs/heads/m\u00e4in", "report-status push-options")
            + Bytes.Pkt($"{Zero} {B} refs/tags/v1") + "0000" + Bytes.Pkt("x=1") + "0000");
        for (var cut = 0; cut < bytes.Length; cut++)
        {
            Assert.Equal(ParseStatus.NeedMore, ReceivePackRequest.TryParse(Bytes.Whole(bytes[..cut]), out _, out _, out _));
            Assert.Equal(ParseStatus.Done, ReceivePackRequest.TryParse(Bytes.Cut(bytes, cut), out var request, out var consumed, out _));
            Assert.Equal((2, 1, 1, (long)bytes.Length), (request!.Updates.Count, request.PushOptions.Count, request.Shallow.Count, consumed));
        }
    }

    [Fact]
    public void A_flush_alone_is_a_probe()
    {
        var (status, request, consumed, _) = Parse("0000");
        Assert.Equal((ParseStatus.Done, true, false, 4L), (status, request!.IsProbe, request.HasPack, consumed));
    }

    [Fact]
    public void A_push_that_only_deletes_has_no_pack() => Assert.False(Parse(First($"{A} {Zero} refs/heads/x") + "0000").Request!.HasPack);

    [Fact]
    public void A_sha256_push_has_long_ids()
    {
        var (one, two) = (new string('1', 64), new string('2', 64));
        var (status, request, _, _) = Parse(First($"{one} {two} refs/heads/main", "report-status object-format=sha256") + "0000");
        Assert.Equal((ParseStatus.Done, ObjectFormat.Sha256), (status, request!.Capabilities.ObjectFormat));
    }

    [Fact]
    public void A_second_ref_cannot_hide() // a proxy once looked at the first one only
    {
        var (_, request, _, _) = Parse(First($"{A} {B} refs/heads/topic") + Bytes.Pkt($"{A} {B} refs/heads/main") + "0000");
        Assert.Contains(request!.Updates, update => update.Name.Value == "refs/heads/main");
    }

    [Fact]
    public void The_word_PACK_inside_the_head_ends_nothing() // another one searched for it
    {
        var (_, request, _, _) = Parse(First($"{A} {B} refs/heads/PACK") + Bytes.Pkt($"{A} {B} refs/heads/main") + "0000PACK");
        Assert.Equal(2, request!.Updates.Count);
    }

    [Fact]
    public void Capabilities_on_a_later_line_are_refused() =>
        Assert.Contains("first", Wrong(First($"{A} {B} refs/heads/a", "report-status") + Bytes.Pkt($"{A} {B} refs/heads/b\0push-options") + "0000" + Bytes.Pkt("x") + "0000"), StringComparison.Ordinal);

    [Theory]
    [InlineData("report-status\tpush-options")] // receive-pack splits at tabs as well
    [InlineData("report-status\npush-options")]
    [InlineData("report-status\0push-options")]
    [InlineData("agent=\u00e4")]
    [InlineData("object-format=sha512")]
    [InlineData("object-format=sha1 object-format=sha256")]
    public void A_capability_list_that_can_be_read_in_two_ways_is_refused(string capabilities) =>
        Wrong(First($"{A} {B} refs/heads/a", capabilities) + "0000");

    [Fact]
    public void A_capability_with_a_value_counts_as_it_does_for_git() =>
        Assert.Equal(["x"], Parse(First($"{A} {B} refs/heads/a", "push-options=1") + "0000" + Bytes.Pkt("x") + "0000").Request!.PushOptions);

    [Fact]
    public void A_signed_push_is_refused_with_a_way_out() =>
        Assert.Contains("--signed", Wrong(Bytes.Pkt("push-cert\0 report-status\n") + Bytes.Pkt("certificate version 0.1\n") + "0000"), StringComparison.Ordinal);

    [Theory]
    [InlineData("HEAD")]
    [InlineData("main")]
    [InlineData("refs/heads/../../config")]
    [InlineData("refs/heads/a b")]
    [InlineData("refs/heads/a\u001b[2J")]
    [InlineData("refs/heads/.hidden")]
    [InlineData("refs/heads/a.lock")]
    [InlineData("refs/heads/")]
    [InlineData("refs/heads/a\n")] // the packet's own line feed is taken off, this one is not
    public void A_name_that_is_none_is_refused(string name) =>
        Assert.Contains("not a ref name", Wrong(First($"{A} {B} {name}") + "0000"), StringComparison.Ordinal);

    [Fact]
    public void Malformed_lines_are_refused()
    {
        Wrong(First($"{A} {B}") + "0000");
        Wrong(First($"{A}  {B} refs/heads/a") + "0000");
        Wrong(First($"{A.ToUpperInvariant()} {B} refs/heads/a") + "0000");
        Wrong(First($"{A[..39]} {B} refs/heads/a") + "0000");
        Wrong(First($"{Zero} {Zero} refs/heads/a") + "0000");
        Wrong(First($"{A} {new string('b', 64)} refs/heads/a") + "0000");
        Wrong(First($"{A} {B} refs/heads/a", "object-format=sha256") + "0000");
        Wrong(First($"{A} {B} refs/heads/a") + Bytes.Pkt($"{B} {A} refs/heads/a") + "0000");
        Wrong(First($"{A} {B} refs/heads/a") + Bytes.Pkt($"shallow {A}") + "0000");
        Wrong(Bytes.Pkt($"shallow {A}") + "0000");
        Wrong(Bytes.Pkt($"shallow {Zero}") + First($"{A} {B} refs/heads/a") + "0000");
        Wrong(Bytes.Pkt($"shallow {A}\0push-options") + First($"{A} {B} refs/heads/a") + "0000" + "0000");
        Wrong(First($"{A} {B} refs/heads/a", "push-options") + "0000" + Bytes.Pkt("a\nb") + "0000");
        Wrong(First($"{A} {B} refs/heads/a") + "0001");
        Wrong(First($"{A} {B} refs/heads/a") + "0004" + "0000");
        Wrong(First($"{A} {B} refs/heads/a") + "PACK");
        Wrong("PACK\0\0\0\u0002");
    }

    [Fact]
    public void A_name_that_is_not_utf8_is_refused()
    {
        var bytes = Bytes.Of(Bytes.Pkt($"{A} {B} refs/heads/aX") + "0000");
        bytes[Array.IndexOf(bytes, (byte)'X')] = 0xff;
        Assert.Equal(ParseStatus.Malformed, ReceivePackRequest.TryParse(Bytes.Whole(bytes), out _, out _, out var error));
        Assert.Contains("UTF-8", error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_head_without_end_is_refused_at_its_bound()
    {
        var option = Bytes.Of(Bytes.Pkt(new string('x', 60_000)));
        var body = new ArrayBufferWriter<byte>();
        body.Write(Bytes.Of(First($"{A} {B} refs/heads/a", "push-options") + "0000"));
        while (body.WrittenCount <= ReceivePackRequest.MaxLength)
        {
            Assert.Equal(ParseStatus.NeedMore, ReceivePackRequest.TryParse(new(body.WrittenMemory), out _, out _, out _));
            body.Write(option);
        }

        Assert.Equal(ParseStatus.Malformed, ReceivePackRequest.TryParse(new(body.WrittenMemory), out _, out _, out var error));
        Assert.Contains("too many", error, StringComparison.Ordinal);
    }

    [Fact]
    public void More_refs_than_the_bound_are_refused()
    {
        var lines = Enumerable.Range(0, ReceivePackRequest.MaxUpdates).Select(number => Bytes.Pkt($"{A} {B} refs/heads/{number}"));
        Assert.Contains("50000", Wrong(First($"{A} {B} refs/heads/a") + string.Concat(lines) + "0000"), StringComparison.Ordinal);
    }

    [Fact]
    public void Garbage_never_throws() => Prop.ForAll<byte[], int>((garbage, at) =>
    {
        var bytes = Bytes.Of(First($"{A} {B} refs/heads/main", "push-options") + Bytes.Pkt($"{A} {B} refs/heads/b") + "0000" + Bytes.Pkt("o") + "0000");
        ReceivePackRequest.TryParse(Bytes.Whole(garbage), out _, out _, out _);
        var position = (int)((uint)at % bytes.Length);
        garbage.AsSpan(0, Math.Min(garbage.Length, bytes.Length - position)).CopyTo(bytes.AsSpan(position));
        ReceivePackRequest.TryParse(Bytes.Cut(bytes, position), out var request, out var consumed, out var error);
        Assert.True(consumed <= bytes.Length && (request is null || error.Length == 0));
    }).QuickCheckThrowOnFailure();
}
