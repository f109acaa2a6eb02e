using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace Countersign.Core.WebAuthn;

/// <summary>The browser's <c>RegistrationResponseJSON</c> (section 5.1), decoded.</summary>
/// <param name="Id">The credential's id.</param>
/// <param name="ClientDataJson">As sent.</param>
/// <param name="AttestationObject">As sent.</param>
/// <param name="Transports">Sorted, without repeats.</param>
public sealed record RegistrationResponse(
    ReadOnlyMemory<byte> Id, ReadOnlyMemory<byte> ClientDataJson, ReadOnlyMemory<byte> AttestationObject, IReadOnlyList<string> Transports)
{
    private const int MostTransports = 8;
    private const int LongestTransport = 32;

    /// <summary>Refuses duplicates, padding, members that no browser sends, and anything over its bound.</summary>
    public static bool TryParse(string json, [NotNullWhen(true)] out RegistrationResponse? response)
    {
        response = null;
        using var document = CredentialJson.Parse(json, out var id, out var inner);
        // The last four repeat what is in the attestation object, where it is signed; here they are allowed, and not used.
        if (document is null
            || !inner.HasOnly("clientDataJSON", "attestationObject", "transports", "authenticatorData", "publicKey", "publicKeyAlgorithm")
            || !StrictBase64Url.TryDecode(inner.Text("clientDataJSON"), WebAuthnLimits.ClientData, out var clientData)
            || !StrictBase64Url.TryDecode(inner.Text("attestationObject"), WebAuthnLimits.AttestationObject, out var attestation)
            || !TryReadTransports(inner, out var transports))
        {
            return false;
        }

        response = new(id, clientData, attestation, transports);
        return true;
    }

    // Section 5.8.4: values that are not known yet are kept; here within bounds, because they come back in options.
    private static bool TryReadTransports(JsonElement inner, out IReadOnlyList<string> transports)
    {
        transports = [];
        if (!inner.TryGetProperty("transports", out var array) || array.ValueKind == JsonValueKind.Null)
        {
            return true;
        }

        if (array.ValueKind != JsonValueKind.Array || array.GetArrayLength() > MostTransports)
        {
            return false;
        }

        var names = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var element in array.EnumerateArray())
        {
            if (element.ValueKind != JsonValueKind.String || StrictJson.TextOf(element) is not { Length: > 0 and <= LongestTransport } name
                || !name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-'))
            {
                return false;
            }

            names.Add(name);
        }

        transports = [.. names];
        return true;
    }
}
