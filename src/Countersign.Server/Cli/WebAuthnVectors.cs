using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Countersign.Core.WebAuthn;

namespace Countersign.Server.Cli;

/// <summary>
/// Runs test vectors in the form of WebAuthn Level 3 section 16: RP ID example.org, origin https://example.org, framed by
/// https://example.com where a vector says so. Cross-origin use is allowed here because the vectors contain it; the product refuses it.
/// </summary>
internal static class WebAuthnVectors
{
    // Any: the vectors are no person's. Where a statement has certificates, attestation_ca_cert must be their root.
    private static readonly byte[] UserHandle = [0];

    private static readonly RelyingParty Example = new("example.org", "Test vectors", ["https://example.org"])
    {
        AllowCrossOrigin = true,
        TopOrigins = ["https://example.com"],
        Algorithms = [.. Enum.GetValues<CoseAlgorithm>()],
    };

    /// <returns>0 if all verify, 1 if one does not, 2 if the text is not of the form.</returns>
    public static int Run(string json, TextWriter output, TextWriter error)
    {
        try
        {
            using var document = JsonDocument.Parse(json, new() { AllowDuplicateProperties = false, MaxDepth = 16 });
            return Run(document.RootElement, output, error);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            error.WriteLine(OneLine($"not a file of test vectors: {e.Message}"));
            return 2;
        }
    }

    private static int Run(JsonElement file, TextWriter output, TextWriter error)
    {
        if (FaultOf(file) is { } fault)
        {
            error.WriteLine($"not a file of test vectors: {fault}");
            return 2;
        }

        var root = file.TryGetProperty("attestation_ca_cert", out var certificate) ? certificate.GetString() : null;
        var failed = false;
        foreach (var vector in file.GetProperty("vectors").EnumerateArray())
        {
            var reason = Verify(vector, root);
            failed |= reason is not null;
            var id = OneLine(vector.GetProperty("id").GetString()!);
            output.WriteLine(reason is null ? $"ok {id}" : $"FAIL {id}: {OneLine(reason)}");
        }

        return failed ? 1 : 0;
    }

    private static string? FaultOf(JsonElement file)
    {
        if (file.ValueKind != JsonValueKind.Object
            || !file.TryGetProperty("vectors", out var vectors) || vectors.ValueKind != JsonValueKind.Array || vectors.GetArrayLength() == 0)
        {
            return "\"vectors\" is not a list of at least one vector";
        }

        if (file.TryGetProperty("attestation_ca_cert", out var certificate) && certificate.ValueKind is not (JsonValueKind.String or JsonValueKind.Null))
        {
            return "\"attestation_ca_cert\" is not text";
        }

        return vectors.EnumerateArray().All(vector => vector.ValueKind == JsonValueKind.Object
            && vector.TryGetProperty("id", out var id) && id.ValueKind == JsonValueKind.String)
            ? null
            : "a vector is not an object with an \"id\"";
    }

    /// <returns>Null if everything that the vector holds verifies, or why not.</returns>
    private static string? Verify(JsonElement vector, string? root)
    {
        try
        {
            // Without a registration there is no key to verify anything with.
            return Register(Member(vector, "registration", JsonValueKind.Object), root) switch
            {
                (null, var reason) => $"registration: {reason}",
                (var credential, _) when vector.TryGetProperty("authentication", out var second) && second.ValueKind != JsonValueKind.Null =>
                    Authenticate(Member(vector, "authentication", JsonValueKind.Object), credential) is { } reason ? $"authentication: {reason}" : null,
                _ => null,
            };
        }
        catch (FormatException e)
        {
            return e.Message;
        }
    }

    private static (CredentialRecord? Credential, string Reason) Register(JsonElement registration, string? root)
    {
        var attestationObject = Bytes(registration, "attestationObject");
        if (!AttestationObject.TryParse(attestationObject, out var attestation)
            || !AuthenticatorData.TryParse(attestation.AuthenticatorData, out var data) || data.Credential is not { } attested)
        {
            return (null, Words(WebAuthnError.AttestationObjectMalformed));
        }

        if (registration.TryGetProperty("aaguid", out _) && Aaguid.Read(Bytes(registration, "aaguid", Aaguid.Length)) != attested.Aaguid)
        {
            return (null, "aaguid is not the stated one");
        }

        var id = registration.TryGetProperty("credential_id", out _) ? Bytes(registration, "credential_id") : attested.CredentialId.ToArray();
        var expectation = new RegistrationExpectation(Example, Bytes(registration, "challenge"), TrustIn(root), TimeProvider.System.GetUtcNow())
        {
            RequireUserVerification = false,
        };
        var result = RegistrationCeremony.Verify(expectation, new(id, Bytes(registration, "clientDataJSON"), attestationObject, []));
        return result.Credential switch
        {
            null => (null, Words(result.Error)),
            // Everything but none and self attestation has certificates.
            { Attestation: { IsTrusted: false, Type: not (AttestationType.None or AttestationType.Self) } } => (null, Words(WebAuthnError.AttestationNotTrusted)),
            var credential => (credential, ""),
        };
    }

    private static string? Authenticate(JsonElement authentication, CredentialRecord credential)
    {
        var expectation = new AuthenticationExpectation(Example, Bytes(authentication, "challenge"), credential, UserHandle)
        {
            RequireUserVerification = false,
        };
        var result = AuthenticationCeremony.Verify(expectation, new(
            credential.Id,
            Bytes(authentication, "clientDataJSON"),
            Bytes(authentication, "authenticatorData"),
            Bytes(authentication, "signature"),
            UserHandle: null));
        return result.Error == WebAuthnError.None ? null : Words(result.Error);
    }

    // A root that is missing or damaged is nobody's root: what needs it fails, the rest does not.
    private static AttestationTrust TrustIn(string? root)
    {
        try
        {
            return root is null
                ? AttestationTrust.Empty
                : AttestationTrust.Of([Convert.FromHexString(root)], new HashSet<Aaguid>(), new HashSet<Aaguid>());
        }
        catch (Exception e) when (e is FormatException or CryptographicException)
        {
            return AttestationTrust.Empty;
        }
    }

    private static byte[] Bytes(JsonElement element, string name, int? length = null)
    {
        try
        {
            var bytes = Convert.FromHexString(Member(element, name, JsonValueKind.String).GetString()!);
            return length is null || bytes.Length == length ? bytes : throw new FormatException();
        }
        catch (Exception e) when (e is FormatException or InvalidOperationException)
        {
            throw new FormatException($"\"{name}\" is missing or not hexadecimal of the right length");
        }
    }

    private static JsonElement Member(JsonElement element, string name, JsonValueKind kind) =>
        element.TryGetProperty(name, out var member) && member.ValueKind == kind ? member : throw new FormatException($"\"{name}\" is missing");

    // SignCountNotIncreased -> sign count not increased
    private static string Words(WebAuthnError error) => string.Concat(error.ToString().Select((c, i) =>
        char.IsAsciiLetterUpper(c) ? (i == 0 ? "" : " ") + char.ToLowerInvariant(c) : c.ToString(CultureInfo.InvariantCulture)));

    // Ids come from the file: nothing of it may speak to the terminal.
    private static string OneLine(string text) => string.Concat(text.Select(c => char.IsControl(c) ? '?' : c));
}
