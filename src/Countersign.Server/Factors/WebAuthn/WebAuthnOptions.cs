namespace Countersign.Server.Factors.WebAuthn;

/// <summary>Section <c>WebAuthn</c> of the configuration.</summary>
internal sealed class WebAuthnOptions
{
    /// <summary>A folder of PEM files with the roots of authenticator vendors; without it nothing counts as hardware-attested.</summary>
    public string? AttestationRoots { get; set; }

    /// <summary>The models (AAGUID) that count as hardware-attested when a root vouches for them; none by default.</summary>
    public IList<Guid> AllowedModels { get; } = [];

    /// <summary>Models that may not be registered and whose passkeys are refused.</summary>
    public IList<Guid> RevokedModels { get; } = [];

    /// <summary>Passkeys that may be copied to other devices (synced) can be registered and used.</summary>
    public bool AllowBackupEligible { get; set; } = true;
}
