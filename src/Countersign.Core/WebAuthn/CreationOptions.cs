namespace Countersign.Core.WebAuthn;

/// <summary>The person whom a credential is made for (section 5.4.3).</summary>
/// <param name="Handle">1 to 64 bytes that say nothing about the person.</param>
/// <param name="Name">The account's name.</param>
/// <param name="DisplayName">The person's name.</param>
public sealed record WebAuthnUser(ReadOnlyMemory<byte> Handle, string Name, string DisplayName);

/// <summary>
/// What a registration asks for. User verification is always required, and the attestation is asked for as the authenticator made it.
/// </summary>
/// <param name="RelyingParty">Who asks.</param>
/// <param name="Challenge">At least 16 bytes.</param>
/// <param name="User">For whom.</param>
/// <param name="Exclude">The credentials that the person has already.</param>
public sealed record CreationOptions(
    RelyingParty RelyingParty, ReadOnlyMemory<byte> Challenge, WebAuthnUser User, IReadOnlyList<CredentialDescriptor> Exclude)
{
    /// <summary>Whether only credentials will do that can sign in without a name.</summary>
    public bool RequireResidentKey { get; init; }

    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <returns><c>PublicKeyCredentialCreationOptionsJSON</c> (section 5.1).</returns>
    public string ToJson() => OptionsJson.Write(writer =>
    {
        writer.WriteStartObject("rp");
        writer.WriteString("id", RelyingParty.RpId);
        writer.WriteString("name", RelyingParty.Name);
        writer.WriteEndObject();

        writer.WriteStartObject("user");
        writer.WriteBytes("id", User.Handle);
        writer.WriteString("name", User.Name);
        writer.WriteString("displayName", User.DisplayName);
        writer.WriteEndObject();

        writer.WriteBytes("challenge", Challenge);
        writer.WriteStartArray("pubKeyCredParams");
        foreach (var algorithm in RelyingParty.Algorithms)
        {
            writer.WriteStartObject();
            writer.WriteString("type", "public-key");
            writer.WriteNumber("alg", (int)algorithm);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteTimeout(Timeout);
        writer.WriteDescriptors("excludeCredentials", Exclude);

        writer.WriteStartObject("authenticatorSelection");
        writer.WriteString("residentKey", RequireResidentKey ? "required" : "preferred");
        writer.WriteBoolean("requireResidentKey", RequireResidentKey);
        writer.WriteString("userVerification", "required");
        writer.WriteEndObject();

        writer.WriteString("attestation", "direct");
    });
}
