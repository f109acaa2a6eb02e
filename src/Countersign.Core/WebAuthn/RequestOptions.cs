namespace Countersign.Core.WebAuthn;

/// <summary>What an assertion asks for. User verification is always required.</summary>
/// <param name="RelyingParty">Who asks.</param>
/// <param name="Challenge">At least 16 bytes.</param>
/// <param name="Allow">The credentials that will do; empty for any that the person's device offers.</param>
public sealed record RequestOptions(RelyingParty RelyingParty, ReadOnlyMemory<byte> Challenge, IReadOnlyList<CredentialDescriptor> Allow)
{
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <returns><c>PublicKeyCredentialRequestOptionsJSON</c> (section 5.1).</returns>
    public string ToJson() => OptionsJson.Write(writer =>
    {
        writer.WriteBytes("challenge", Challenge);
        writer.WriteTimeout(Timeout);
        writer.WriteString("rpId", RelyingParty.RpId);
        writer.WriteDescriptors("allowCredentials", Allow);
        writer.WriteString("userVerification", "required");
    });
}
