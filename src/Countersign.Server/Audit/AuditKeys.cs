using System.Security.Cryptography;
using System.Text;
using Countersign.Core.Audit;
using Countersign.Server.Storage.Sqlite;

namespace Countersign.Server.Audit;

/// <summary>
/// The two keys of the audit log, files of mode 0600 in the keys folder: the seal key (32 random bytes) that chains the
/// records, and the signing key (ECDSA, P-256, PKCS #8) whose public half is for auditors.
/// </summary>
internal sealed class AuditKeys : IDisposable
{
    private const string SealFile = "audit-seal.key";
    private const string SigningFile = "audit-signing.pem";
    private const int SealKeyLength = 32;
    private readonly Lock gate = new();
    private readonly ECDsa signing;

    private AuditKeys(byte[] sealKey, ECDsa signing)
    {
        SealKey = sealKey;
        this.signing = signing;
        Public = new(signing.ExportSubjectPublicKeyInfo());
    }

    public ReadOnlyMemory<byte> SealKey { get; }

    public CheckpointKey Public { get; }

    /// <summary>Throws <see cref="AuditKeyException"/> when a key is missing or is not one.</summary>
    public static AuditKeys Load(string folder)
    {
        var sealKey = Read(folder, SealFile, File.ReadAllBytes);
        if (sealKey.Length != SealKeyLength)
        {
            throw new AuditKeyException(folder, SealFile, "is not a seal key");
        }

        var signing = ECDsa.Create();
        try
        {
            signing.ImportFromPem(Read(folder, SigningFile, File.ReadAllText));
            return new(sealKey, signing);
        }
        catch (Exception e) when (e is ArgumentException or CryptographicException)
        {
            signing.Dispose();
            throw new AuditKeyException(folder, SigningFile, "is not a signing key", e);
        }
    }

    /// <summary>Makes the keys where they are missing, then loads them. Only for a data folder without a ledger: a log with new keys would be a log without its past.</summary>
    public static AuditKeys LoadOrCreate(string folder)
    {
        try
        {
            PrivateFiles.CreateFolder(folder);
            WriteOnce(Path.Combine(folder, SealFile), RandomNumberGenerator.GetBytes(SealKeyLength));
            using var made = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            WriteOnce(Path.Combine(folder, SigningFile), Encoding.ASCII.GetBytes(made.ExportPkcs8PrivateKeyPem() + "\n"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AuditKeyException(folder, "", "cannot be written: " + e.Message, e);
        }

        return Load(folder);
    }

    /// <returns>The checkpoint as a signed note.</returns>
    public string Sign(Checkpoint checkpoint)
    {
        lock (gate)
        {
            var signature = signing.SignData(Encoding.UTF8.GetBytes(checkpoint.Text), HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
            return Public.Note(checkpoint.Text, signature);
        }
    }

    /// <summary>The checkpoint of a log that ends like this, as a signed note.</summary>
    public string Sign(AuditHead head) => Sign(new Checkpoint(Public.Origin, head.Size, head.Tree.Root()));

    public void Dispose() => signing.Dispose();

    private static T Read<T>(string folder, string name, Func<string, T> read)
    {
        try
        {
            return read(Path.Combine(folder, name));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AuditKeyException(folder, name, e is FileNotFoundException or DirectoryNotFoundException ? "is missing" : "cannot be read", e);
        }
    }

    /// <summary>Whole or not at all, and never over an existing key: a log is worth nothing without the key that sealed it.</summary>
    private static void WriteOnce(string file, byte[] content)
    {
        if (File.Exists(file))
        {
            return;
        }

        var temporary = $"{file}.{Guid.NewGuid():N}";
        using (var stream = PrivateFiles.Open(temporary, FileMode.CreateNew))
        {
            stream.Write(content);
            stream.Flush(flushToDisk: true);
        }

        File.Move(temporary, file, overwrite: false);
    }
}

/// <summary>A key of the audit log cannot be used.</summary>
internal sealed class AuditKeyException(string folder, string name, string what, Exception? inner = null)
    : Exception($"The audit key {Path.Combine(folder, name)} {what}. Restore the keys folder from a backup, or move ledger.db away to begin a new log.", inner);
