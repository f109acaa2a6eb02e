using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Countersign.Core.SshKeys;

/// <summary>
/// An SSH public key (RFC 4253 section 6.6, RFC 5656, RFC 8709, OpenSSH PROTOCOL.u2f) of a type that is welcome. Every byte of
/// <see cref="Blob"/> is accounted for and there is one encoding of each key, so that two keys are the same exactly when their blobs are.
/// </summary>
public sealed class SshPublicKey
{
    internal SshPublicKey(SshKeyType type, ReadOnlyMemory<byte> blob, string? application, ReadOnlyMemory<byte> point)
    {
        Type = type;
        Blob = blob;
        Application = application;
        Point = point;
    }

    public SshKeyType Type { get; }

    /// <summary>The wire form.</summary>
    public ReadOnlyMemory<byte> Blob { get; }

    /// <summary>What a security key's key was made for, <c>ssh:</c> and perhaps more; null for other keys.</summary>
    public string? Application { get; }

    /// <summary>What the owner wrote behind the key: a claim, and any text. "" for none.</summary>
    public string Comment { get; init; } = "";

    /// <summary>As <c>ssh-keygen -l</c> prints it: <c>SHA256:</c> and base64 without padding.</summary>
    public string Fingerprint => $"SHA256:{Convert.ToBase64String(SHA256.HashData(Blob.Span)).TrimEnd('=')}";

    /// <summary>The curve's point: raw for Ed25519, uncompressed (SEC 1) for ECDSA; empty for RSA.</summary>
    internal ReadOnlyMemory<byte> Point { get; }

    /// <param name="text">What <c>ssh-keygen</c> writes to the <c>.pub</c> file: type, base64, comment; one line and no options.</param>
    /// <param name="key">The key; null when there is a fault.</param>
    /// <param name="fault">The first thing that is wrong.</param>
    public static bool TryParse(string? text, [NotNullWhen(true)] out SshPublicKey? key, out SshKeyFault fault)
    {
        (key, fault) = SshKeyLine.Read(text);
        return key is not null;
    }

    /// <param name="blob">The wire form, and nothing behind it.</param>
    /// <param name="key">The key; null when there is a fault.</param>
    /// <param name="fault">The first thing that is wrong.</param>
    public static bool TryRead(ReadOnlyMemory<byte> blob, [NotNullWhen(true)] out SshPublicKey? key, out SshKeyFault fault)
    {
        (key, fault) = SshKeyBlob.Read(blob);
        return key is not null;
    }

    internal SshPublicKey With(string comment) => new(Type, Blob, Application, Point) { Comment = comment };
}
