using System.Buffers.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Countersign.Server.Factors.WebAuthn;

/// <summary>
/// All that is needed to verify, years later and without this gateway, that this key approved this operation: the signed
/// challenge must be <c>WebAuthnChallenge.For(nonce, digest)</c>. Bytes are base64url, the digest is hexadecimal.
/// </summary>
internal sealed record AssertionEvidence(
    [property: JsonPropertyName("credentialId")] string CredentialId,
    [property: JsonPropertyName("publicKey")] string PublicKey,
    [property: JsonPropertyName("clientDataJSON")] string ClientDataJson,
    [property: JsonPropertyName("authenticatorData")] string AuthenticatorData,
    [property: JsonPropertyName("signature")] string Signature,
    [property: JsonPropertyName("nonce")] string Nonce,
    [property: JsonPropertyName("digest")] string Digest)
{
    public static string Of(AcceptedAssertion accepted) => JsonSerializer.Serialize(new AssertionEvidence(
        Encode(accepted.Passkey.Record.Id),
        Encode(accepted.Passkey.Record.PublicKey),
        Encode(accepted.Response.ClientDataJson),
        Encode(accepted.Response.AuthenticatorData),
        Encode(accepted.Response.Signature),
        Encode(accepted.Ceremony.Nonce),
        accepted.Ceremony.Digest));

    private static string Encode(ReadOnlyMemory<byte> bytes) => Base64Url.EncodeToString(bytes.Span);
}
