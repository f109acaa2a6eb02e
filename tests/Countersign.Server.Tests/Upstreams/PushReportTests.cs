using System.Buffers;
using Countersign.Core.Git;
using Countersign.Server.Upstreams;

namespace Countersign.Server.Tests.Upstreams;

public sealed class PushReportTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_report_in_pieces_of_any_size_reads_the_same(bool banded)
    {
        var bytes = Answer(banded, "unpack ok\n", "ok refs/heads/main\n", "ng refs/heads/b hook declined\n", "ok refs/heads/c\n", "option refname refs/heads/ng x\n");
        for (var size = 1; size <= bytes.Length; size++)
        {
            var report = Observe(bytes, size);
            Assert.Equal((true, 2, 1, false), (report.Seen, report.Accepted, report.Rejected, report.AllAccepted(3)));
        }
    }

    [Fact]
    public void Every_ref_must_be_named_as_taken()
    {
        Assert.True(Observe(Answer(true, "unpack ok\n", "ok refs/heads/a\n"), 100).AllAccepted(1));
        Assert.False(Observe(Answer(true, "unpack ok\n", "ok refs/heads/a\n"), 100).AllAccepted(2));
        Assert.False(Observe(Answer(true, "unpack index-pack abnormal exit\n", "ok refs/heads/a\n"), 100).AllAccepted(1));
        Assert.False(Observe([], 1).AllAccepted(0));
    }

    [Fact]
    public void Text_for_the_person_cannot_pose_as_the_report()
    {
        var writer = new ArrayBufferWriter<byte>();
        writer.WriteProgress("000eunpack ok\n0017ok refs/heads/main\n");
        writer.WriteFlush();
        Assert.False(Observe(writer.WrittenSpan.ToArray(), 7).Seen);
    }

    [Fact]
    public void What_is_no_packet_is_no_report() => Assert.False(Observe("this is no pkt-line at all"u8.ToArray(), 5).Seen);

    private static PushReport Observe(byte[] bytes, int size)
    {
        var report = new PushReport();
        foreach (var piece in bytes.Chunk(size))
        {
            report.Observe(piece);
        }

        return report;
    }

    private static byte[] Answer(bool banded, params string[] lines)
    {
        var (report, answer) = (new ArrayBufferWriter<byte>(), new ArrayBufferWriter<byte>());
        foreach (var line in lines)
        {
            report.WriteText(line);
        }

        report.WriteFlush();
        if (!banded)
        {
            return report.WrittenSpan.ToArray();
        }

        answer.WriteProgress("Resolving deltas: 100%");
        answer.WriteSideband(PktWriter.Data, report.WrittenSpan[..20]); // a report may be cut anywhere between packets of the band
        answer.WriteKeepalive();
        answer.WriteSideband(PktWriter.Data, report.WrittenSpan[20..]);
        answer.WriteFlush();
        return answer.WrittenSpan.ToArray();
    }
}
