using System.Buffers;
using Countersign.Core.Git;

namespace Countersign.Core.Tests.Git;

public sealed class AnswerTests
{
    private static readonly RefUpdate[] Updates = [Update("refs/heads/main"), Update("refs/tags/v1")];

    private static RefUpdate Update(string name)
    {
        Assert.True(ObjectId.TryParse(new('a', 40), out var old) & ObjectId.TryParse(new('b', 40), out var @new) & RefName.TryParse(name, out var parsed));
        return new(old!, @new!, parsed!);
    }

    private static string Refuse(PushCapabilities capabilities, string text = "Denied: refused on your phone.", string reason = "second factor denied")
    {
        var writer = new ArrayBufferWriter<byte>();
        ReceivePackAnswer.WriteRefused(writer, capabilities, Updates, text, reason);
        return Bytes.Text(writer.WrittenSpan);
    }

    private static readonly string Report = Bytes.Pkt("unpack ok\n") + Bytes.Pkt("ng refs/heads/main second factor denied\n")
        + Bytes.Pkt("ng refs/tags/v1 second factor denied\n") + "0000";

    [Fact]
    public void A_refusal_in_bands_shows_the_text_and_rejects_every_ref() => Assert.Equal(
        Bytes.Pkt("\u0002Denied: refused on your phone.\n") + Bytes.Pkt("\u0001" + Report) + "0000",
        Refuse(new() { SideBand64k = true, ReportStatus = true }));

    [Fact]
    public void Without_bands_only_the_report_can_be_sent() => Assert.Equal(Report, Refuse(new() { ReportStatus = true }));

    [Fact]
    public void Without_a_report_only_the_text_can_be_sent() => Assert.Equal(
        Bytes.Pkt("\u0002Denied: refused on your phone.\n") + "0000", Refuse(new() { SideBand64k = true }));

    [Fact]
    public void Without_either_the_answer_is_empty() => Assert.Equal("0000", Refuse(PushCapabilities.None));

    [Fact]
    public void Neither_text_nor_reason_can_steer_a_terminal_or_add_a_line()
    {
        var answer = Refuse(new() { SideBand64k = true, ReportStatus = true }, "a\u001b[2Jb\r", "no\nok refs/heads/main\u202e");
        Assert.DoesNotContain('\u001b', answer);
        Assert.DoesNotContain('\r', answer);
        Assert.Contains("ng refs/heads/main no ok refs/heads/main\n", answer, StringComparison.Ordinal);
    }

    [Fact]
    public void A_report_over_many_refs_splits_into_packets_and_stays_one_report()
    {
        var writer = new ArrayBufferWriter<byte>();
        var many = Enumerable.Range(0, 2000).Select(number => Update($"refs/heads/{number}")).ToArray();
        ReceivePackAnswer.WriteRefused(writer, new() { SideBand64k = true, ReportStatus = true }, many, "", "no");
        var (rest, report) = (new ReadOnlySequence<byte>(writer.WrittenMemory), new ArrayBufferWriter<byte>());
        while (PktLine.TryRead(ref rest, out var kind, out ReadOnlySequence<byte> payload) == ParseStatus.Done && kind == PktKind.Data)
        {
            Assert.Equal(1, payload.FirstSpan[0]);
            report.Write(payload.Slice(1).ToArray());
        }

        Assert.True(rest.IsEmpty);
        Assert.Equal(2000, Bytes.Text(report.WrittenSpan).Split("ng refs/heads/").Length - 1);
    }

    [Fact]
    public void A_refused_advertisement_is_an_error_packet()
    {
        var writer = new ArrayBufferWriter<byte>();
        AdvertisementAnswer.WriteError(writer, GitService.ReceivePack, "Not approved yet.\nRun it again.\u0007");
        Assert.Equal(Bytes.Pkt("# service=git-receive-pack\n") + "0000" + Bytes.Pkt("ERR Not approved yet.\nRun it again."), Bytes.Text(writer.WrittenSpan));
    }

    [Fact]
    public void An_error_longer_than_a_packet_is_cut()
    {
        var writer = new ArrayBufferWriter<byte>();
        writer.WriteError(new string('x', 100_000));
        Assert.Equal(PktLine.MaxLength, writer.WrittenCount);
    }
}
