using System.Diagnostics.CodeAnalysis;
using System.Formats.Cbor;
using Countersign.Core.WebAuthn.Statements;

namespace Countersign.Core.WebAuthn;

/// <summary>The result of a registration (section 6.5.4): the canonical CBOR map of fmt, attStmt and authData, and nothing else.</summary>
public sealed class AttestationObject
{
    private AttestationObject(string format, StatementMap statement, ReadOnlyMemory<byte> authenticatorData)
    {
        Format = format;
        Statement = statement;
        AuthenticatorData = authenticatorData;
    }

    public string Format { get; }

    /// <summary>Not parsed yet.</summary>
    public ReadOnlyMemory<byte> AuthenticatorData { get; }

    internal StatementMap Statement { get; }

    public static bool TryParse(ReadOnlyMemory<byte> bytes, [NotNullWhen(true)] out AttestationObject? attestation)
    {
        attestation = null;
        if (bytes.Length > WebAuthnLimits.AttestationObject || StrictCbor.Open(bytes) is not { } reader)
        {
            return false;
        }

        try
        {
            // Canonical order: shorter keys first.
            if (reader.ReadStartMap() != 3 || reader.ReadTextString() != "fmt" || reader.ReadTextString() is not { Length: <= 32 } format
                || reader.ReadTextString() != "attStmt" || StatementMap.Read(reader) is not { } statement
                || reader.ReadTextString() != "authData" || reader.ReadByteString() is not { } data)
            {
                return false;
            }

            attestation = new(format, statement, data);
            return true;
        }
        catch (Exception e) when (e is CborContentException or InvalidOperationException)
        {
            return false;
        }
    }
}
