using System.Buffers;

namespace Countersign.Core.Git;

/// <summary>
/// The answer to a push that does not go on: a text for the person and <c>ng</c> for every ref (gitprotocol-pack, "Report
/// Status"), in the form that the client asked for. The client then shows <c>! [remote rejected] main -> main (reason)</c>.
/// </summary>
public static class ReceivePackAnswer
{
    /// <param name="writer">Takes the response body, to its end.</param>
    /// <param name="capabilities">What the client asked for.</param>
    /// <param name="updates">Every update of the push.</param>
    /// <param name="text">Lines for the person, at most 72 columns each; shown only where the client takes sidebands.</param>
    /// <param name="reason">A few words, shown behind each ref.</param>
    public static void WriteRefused(
        IBufferWriter<byte> writer, PushCapabilities capabilities, IReadOnlyList<RefUpdate> updates, string text, string reason)
    {
        if (capabilities.SideBand64k && text.Length > 0)
        {
            writer.WriteProgress(text);
        }

        if (capabilities.ReportStatus)
        {
            var report = new ArrayBufferWriter<byte>();
            report.WriteText("unpack ok\n");
            foreach (var update in updates)
            {
                report.WriteText($"ng {update.Name} {TerminalText.Line(reason)}\n");
            }

            report.WriteFlush();
            if (!capabilities.SideBand64k)
            {
                writer.Write(report.WrittenSpan);
                return;
            }

            writer.WriteSideband(PktWriter.Data, report.WrittenSpan);
        }

        writer.WriteFlush();
    }
}
