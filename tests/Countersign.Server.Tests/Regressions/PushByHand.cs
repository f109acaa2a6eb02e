using System.IO.Compression;
using System.Text;
using static Countersign.Server.Tests.Regressions.RawConnection;

namespace Countersign.Server.Tests.Regressions;

/// <summary>Pushes written by hand.</summary>
internal static class PushByHand
{
    public const string CorePath = "/scm/ACME/core.git";
    public const string Capabilities = "report-status side-band-64k delete-refs ofs-delta";
    public static readonly string Zero = new('0', 40);

    /// <summary>Reads need nothing, so that a push is asked for where its refs are known; main is nobody's.</summary>
    public const string ProtectedMain =
        """
        version: 1
        mode: enforce
        rules:
          - { name: reads, operations: [read], effect: allow }
          - { name: writes, operations: [write], require: { strength: strong } }
          - { name: main-is-closed, operations: [write], refs: [main], effect: deny }
        """;

    public const string OpenReads =
        """
        version: 1
        mode: enforce
        rules:
          - { name: reads, operations: [read], effect: allow }
          - { name: writes, operations: [write], require: { strength: strong } }
        """;

    /// <summary>A pack without objects: all that a push of commits which are there already needs.</summary>
    public static string EmptyPack =>
        "PACK\0\0\0\x02\0\0\0\0" + Encoding.Latin1.GetString([0x02, 0x9d, 0x08, 0x82, 0x3b, 0xd8, 0xa8, 0xea, 0xb5, 0x10, 0xad, 0x6a, 0xc7, 0x5c, 0x82, 0x3c, 0xfd, 0x3e, 0xd3, 0x1e]);

    public static string Head(params string[] lines)
    {
        var named = Array.FindIndex(lines, line => !line.StartsWith("shallow", StringComparison.Ordinal));
        return string.Concat(lines.Select((line, index) => Packet(index == named ? $"{line}\0{Capabilities}" : line))) + "0000";
    }

    public static string Gzip(string text)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
        {
            gzip.Write(Encoding.Latin1.GetBytes(text));
        }

        return Encoding.Latin1.GetString(packed.ToArray());
    }
}
