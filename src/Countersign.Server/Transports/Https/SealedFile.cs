using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace Countersign.Server.Transports.Https;

/// <summary>
/// A file without a name, encrypted with a key that exists in this process alone: neither a copied disk nor a restored one gives
/// away what waited for an approval, and nothing of it outlives the gateway. AES-256-GCM (NIST SP 800-38D) over frames of 64 KiB,
/// each under its number as nonce; the key is drawn for this one file, so no nonce comes twice.
/// </summary>
internal sealed class SealedFile : IDisposable
{
    /// <summary>Plain bytes in a frame; all but the last have so many.</summary>
    public const int FrameSize = 64 * 1024;

    private readonly SafeFileHandle file;
    private readonly AesGcm cipher;

    public SealedFile(string folder)
    {
        var path = Path.Combine(folder, Path.GetRandomFileName());
        file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite, FileOptions.Asynchronous);
        File.Delete(path); // the open file stays; its name goes, whatever happens from here on
        Span<byte> key = stackalloc byte[32];
        RandomNumberGenerator.Fill(key);
        cipher = new(key, AesGcm.TagByteSizes.MaxSize);
        CryptographicOperations.ZeroMemory(key);
    }

    /// <summary>What a frame of so many plain bytes takes in the file.</summary>
    public static int StoredSize(int plain) => plain + AesGcm.TagByteSizes.MaxSize;

    /// <param name="number">Of the frame; each is written once.</param>
    /// <param name="plain">Its bytes.</param>
    /// <param name="scratch">Room for the stored frame.</param>
    /// <param name="cancellation">Ends the write.</param>
    public ValueTask WriteAsync(long number, ReadOnlyMemory<byte> plain, Memory<byte> scratch, CancellationToken cancellation)
    {
        var stored = scratch[..StoredSize(plain.Length)];
        cipher.Encrypt(Nonce(number), plain.Span, stored.Span[..plain.Length], stored.Span[plain.Length..]);
        return RandomAccess.WriteAsync(file, stored, number * StoredSize(FrameSize), cancellation);
    }

    /// <summary>Reads a whole frame into <paramref name="plain"/>. Throws <see cref="CryptographicException"/> when the file is not what was written.</summary>
    public async ValueTask ReadAsync(long number, Memory<byte> plain, Memory<byte> scratch, CancellationToken cancellation)
    {
        var stored = scratch[..StoredSize(plain.Length)];
        for (var read = 0; read < stored.Length;)
        {
            var more = await RandomAccess.ReadAsync(file, stored[read..], (number * StoredSize(FrameSize)) + read, cancellation);
            read += more > 0 ? more : throw new EndOfStreamException("A push that waited on disk is not whole any more.");
        }

        cipher.Decrypt(Nonce(number), stored.Span[..plain.Length], stored.Span[plain.Length..], plain.Span);
    }

    public void Dispose()
    {
        cipher.Dispose();
        file.Dispose();
    }

    private static byte[] Nonce(long number)
    {
        var nonce = new byte[AesGcm.NonceByteSizes.MaxSize];
        BitConverter.TryWriteBytes(nonce, number);
        return nonce;
    }
}
