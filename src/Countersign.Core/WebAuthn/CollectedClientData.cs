using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text.Json;

namespace Countersign.Core.WebAuthn;

/// <summary>What the browser says about the ceremony (section 5.8.1). Members that are not listed here are allowed and ignored.</summary>
/// <param name="Type"><c>webauthn.create</c> or <c>webauthn.get</c>.</param>
/// <param name="Challenge">The decoded challenge.</param>
/// <param name="Origin">The serialised origin of the caller.</param>
/// <param name="CrossOrigin">Whether the caller was framed by another origin; false where it is not said.</param>
/// <param name="TopOrigin">The origin of the framing page, or null.</param>
public sealed record CollectedClientData(string Type, ReadOnlyMemory<byte> Challenge, string Origin, bool CrossOrigin, string? TopOrigin)
{
    public const string Create = "webauthn.create";
    public const string Get = "webauthn.get";

    public static bool TryParse(ReadOnlyMemory<byte> utf8, [NotNullWhen(true)] out CollectedClientData? data)
    {
        data = null;
        using var document = StrictJson.Parse(utf8, WebAuthnLimits.ClientData);
        if (document is null)
        {
            return false;
        }

        var root = document.RootElement;
        var crossOrigin = false;
        string? topOrigin = null;
        if (root.Text("type") is not { } type
            || root.Text("origin") is not { } origin
            || !StrictBase64Url.TryDecode(root.Text("challenge"), WebAuthnLimits.ClientData, out var challenge)
            || (root.TryGetProperty("crossOrigin", out var cross) && !TryBoolean(cross, out crossOrigin))
            || (root.TryGetProperty("topOrigin", out _) && (topOrigin = root.Text("topOrigin")) is null))
        {
            return false;
        }

        data = new(type, challenge, origin, crossOrigin, topOrigin);
        return true;
    }

    /// <summary>The steps that both ceremonies share: 7.1 steps 7 to 11, 7.2 steps 10 to 14.</summary>
    internal WebAuthnError Check(string type, ReadOnlySpan<byte> challenge, RelyingParty relyingParty)
    {
        // "Verify that the value of C.type is the string webauthn.create" (webauthn.get).
        if (Type != type)
        {
            return WebAuthnError.TypeMismatch;
        }

        if (challenge.Length < WebAuthnLimits.ShortestChallenge)
        {
            return WebAuthnError.ChallengeTooShort;
        }

        // "Verify that the value of C.challenge equals the base64url encoding of pkOptions.challenge."
        if (!CryptographicOperations.FixedTimeEquals(Challenge.Span, challenge))
        {
            return WebAuthnError.ChallengeMismatch;
        }

        // "Verify that the value of C.origin is an origin expected by the Relying Party": scheme, host and port, exactly.
        if (!relyingParty.Origins.Contains(Origin, StringComparer.Ordinal))
        {
            return WebAuthnError.OriginMismatch;
        }

        // "If C.crossOrigin is present and set to true, verify that the Relying Party expects" it.
        if (CrossOrigin && !relyingParty.AllowCrossOrigin)
        {
            return WebAuthnError.CrossOriginRefused;
        }

        // "If C.topOrigin is present: verify that the Relying Party expects" framing, and that it "matches the origin of a page
        // that the Relying Party expects to be sub-framed within".
        return TopOrigin is not null
            && !(relyingParty.AllowCrossOrigin && relyingParty.TopOrigins.Contains(TopOrigin, StringComparer.Ordinal))
            ? WebAuthnError.TopOriginRefused
            : WebAuthnError.None;
    }

    private static bool TryBoolean(JsonElement element, out bool value)
    {
        value = element.ValueKind == JsonValueKind.True;
        return element.ValueKind is JsonValueKind.True or JsonValueKind.False;
    }
}
