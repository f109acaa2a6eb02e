using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Countersign.Core.Git;

/// <summary>
/// Tells whether a pack that passes by has come to its end: a pack ends with the hash of everything before it (gitformat-pack).
/// Over SSH not every client closes its side after a pack, so that waiting for the end of the input would be waiting for ever.
/// A crafted pack can look ended too early; then its sender has cut off nobody's pack but its own.
/// </summary>
public sealed class PackTrailer : IDisposable
{
    // Header (12 bytes) and hash: no pack is shorter.
    private const int Header = 12;
    private readonly IncrementalHash _hash;
    private readonly byte[] _tail;
    private int _kept;
    private long _hashed;

    [SuppressMessage("Security", "CA5350", Justification = "The hash that the pack format has; nothing is trusted because of it.")]
    public PackTrailer(ObjectFormat format)
    {
        var name = format == ObjectFormat.Sha256 ? HashAlgorithmName.SHA256 : HashAlgorithmName.SHA1;
        _hash = IncrementalHash.CreateHash(name);
        _tail = new byte[_hash.HashLengthInBytes];
    }

    /// <summary>True when what was added so far is a whole pack.</summary>
    public bool IsAtEnd => _kept == _tail.Length && _hashed >= Header && _hash.GetCurrentHash().AsSpan().SequenceEqual(_tail);

    /// <summary>Takes the next bytes of the pack.</summary>
    public void Add(ReadOnlySpan<byte> bytes)
    {
        // The last bytes may be the hash itself, so they are hashed only when more come behind them.
        var fromTail = Math.Clamp(_kept + bytes.Length - _tail.Length, 0, _kept);
        Hash(_tail.AsSpan(0, fromTail));
        _tail.AsSpan(fromTail, _kept - fromTail).CopyTo(_tail);
        _kept -= fromTail;
        var fromBytes = Math.Max(0, bytes.Length - (_tail.Length - _kept));
        Hash(bytes[..fromBytes]);
        bytes[fromBytes..].CopyTo(_tail.AsSpan(_kept));
        _kept += bytes.Length - fromBytes;
    }

    public void Dispose() => _hash.Dispose();

    private void Hash(ReadOnlySpan<byte> bytes)
    {
        _hash.AppendData(bytes);
        _hashed += bytes.Length;
    }
}
