using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Countersign.Core.Audit;

/// <summary>What the gateway signs from time to time: this log had this many records and this root (c2sp.org/tlog-checkpoint).</summary>
/// <param name="Origin">Which log; the name of its key too.</param>
/// <param name="Size">The number of records.</param>
/// <param name="Root">The Merkle root over them.</param>
public sealed record Checkpoint(string Origin, long Size, byte[] Root)
{
    /// <summary>The signed text: origin, size and base64 root, a line each.</summary>
    public string Text => $"{Origin}\n{Size.ToString(CultureInfo.InvariantCulture)}\n{Convert.ToBase64String(Root)}\n";

    /// <summary>Reads the text of a note; lines after the third are extensions and are ignored.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out Checkpoint? checkpoint)
    {
        checkpoint = null;
        if (text.Split('\n') is [{ Length: > 0 } origin, var digits, var base64, .., ""]
            && long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var size)
            && size.ToString(CultureInfo.InvariantCulture) == digits)
        {
            Span<byte> root = stackalloc byte[MerkleTree.HashSize];
            var decoded = base64.Length == 44 && Convert.TryFromBase64String(base64, root, out var written) && written == MerkleTree.HashSize;
            checkpoint = decoded ? new(origin, size, root.ToArray()) : null;
        }

        return checkpoint is not null;
    }
}
