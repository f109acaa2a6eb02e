using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace Countersign.Core.Audit;

/// <summary>
/// A log's public key (ECDSA, P-256, SHA-256) as c2sp.org/signed-note has it (signature type 0x02): the key id is the first
/// four bytes of the SHA-256 of the DER SubjectPublicKeyInfo, a signature is in DER. The log's name,
/// <c>countersign/</c> with 16 hexadecimal digits of that same hash, follows from the key.
/// </summary>
public sealed class CheckpointKey
{
    private const int MaxNoteLength = 16 * 1024;
    private readonly byte[] subjectPublicKeyInfo;
    private readonly byte[] keyId;

    public CheckpointKey(byte[] subjectPublicKeyInfo)
    {
        this.subjectPublicKeyInfo = subjectPublicKeyInfo;
        var hash = SHA256.HashData(subjectPublicKeyInfo);
        keyId = hash[..4];
        Origin = $"countersign/{Convert.ToHexStringLower(hash.AsSpan(0, 8))}";
    }

    /// <summary>The first line of each checkpoint, and the name in its signature line.</summary>
    public string Origin { get; }

    /// <summary>For an auditor's <c>openssl</c>.</summary>
    public string Pem => PemEncoding.WriteString("PUBLIC KEY", subjectPublicKeyInfo) + "\n";

    /// <summary>Puts text and signature into a note.</summary>
    public string Note(string text, ReadOnlySpan<byte> signature)
        => $"{text}\n\u2014 {Origin} {Convert.ToBase64String([.. keyId, .. signature])}\n";

    /// <summary>Opens a signed checkpoint. Signatures by other keys are ignored; one that claims to be ours and is not fails the whole note.</summary>
    public bool TryOpen(string note, [NotNullWhen(true)] out Checkpoint? checkpoint)
    {
        checkpoint = null;
        var split = note.LastIndexOf("\n\n", StringComparison.Ordinal);
        if (note.Length > MaxNoteLength || split < 0 || split + 2 >= note.Length || !note.EndsWith('\n'))
        {
            return false;
        }

        var text = note[..(split + 1)];
        var ours = note[(split + 2)..^1].Split('\n').Select(SignatureOf).OfType<byte[]>().ToList();
        using var key = ECDsa.Create();
        key.ImportSubjectPublicKeyInfo(subjectPublicKeyInfo, out _);
        var bytes = Encoding.UTF8.GetBytes(text);
        return ours.Count > 0
            && ours.All(signature => key.VerifyData(bytes, signature, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence))
            && Checkpoint.TryParse(text, out checkpoint)
            && checkpoint.Origin == Origin;
    }

    /// <summary>The signature of a line <c>— name base64(key id || signature)</c> when name and key id are ours.</summary>
    private byte[]? SignatureOf(string line)
    {
        var buffer = new byte[line.Length];
        return line.Split(' ') is ["\u2014", var name, var base64]
            && name == Origin
            && Convert.TryFromBase64String(base64, buffer, out var written)
            && buffer.AsSpan(0, written).StartsWith(keyId)
            ? buffer[keyId.Length..written]
            : null;
    }
}
