using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace Countersign.Core.WebAuthn;

/// <summary>The browser's <c>AuthenticationResponseJSON</c> (section 5.1), decoded.</summary>
/// <param name="Id">The credential's id.</param>
/// <param name="ClientDataJson">As sent.</param>
/// <param name="AuthenticatorData">As sent.</param>
/// <param name="Signature">As sent.</param>
/// <param name="UserHandle">Null where the authenticator did not say.</param>
public sealed record AuthenticationResponse(
    ReadOnlyMemory<byte> Id,
    ReadOnlyMemory<byte> ClientDataJson,
    ReadOnlyMemory<byte> AuthenticatorData,
    ReadOnlyMemory<byte> Signature,
    ReadOnlyMemory<byte>? UserHandle)
{
    /// <summary>Refuses duplicates, padding, members that no browser sends, and anything over its bound.</summary>
    public static bool TryParse(string json, [NotNullWhen(true)] out AuthenticationResponse? response)
    {
        response = null;
        using var document = CredentialJson.Parse(json, out var id, out var inner);
        if (document is null
            || !inner.HasOnly("clientDataJSON", "authenticatorData", "signature", "userHandle")
            || !StrictBase64Url.TryDecode(inner.Text("clientDataJSON"), WebAuthnLimits.ClientData, out var clientData)
            || !StrictBase64Url.TryDecode(inner.Text("authenticatorData"), WebAuthnLimits.AuthenticatorData, out var data)
            || !StrictBase64Url.TryDecode(inner.Text("signature"), WebAuthnLimits.Signature, out var signature)
            || !TryReadUserHandle(inner, out var userHandle))
        {
            return false;
        }

        response = new(id, clientData, data, signature, userHandle);
        return true;
    }

    private static bool TryReadUserHandle(JsonElement inner, out ReadOnlyMemory<byte>? handle)
    {
        handle = null;
        if (!inner.TryGetProperty("userHandle", out var member) || member.ValueKind == JsonValueKind.Null)
        {
            return true;
        }

        if (!StrictBase64Url.TryDecode(inner.Text("userHandle"), WebAuthnLimits.UserHandle, out var bytes) || bytes.Length == 0)
        {
            return false;
        }

        handle = bytes;
        return true;
    }
}
