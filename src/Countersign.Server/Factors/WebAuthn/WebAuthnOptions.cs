namespace Countersign.Server.Factors.WebAuthn;

/// <summary>Section <c>WebAuthn</c> of the configuration.</summary>
internal sealed class WebAuthnOptions
{
    /// <summary>A folder of PEM files with the roots of authenticator vendors; without it nothing counts as hardware-attested.</summary>
    public string? AttestationRoots { get; set; }

    /// <summary>The only models (AAGUID) that may count as hardware-attested; empty allows every model that a root vouches for.</summary>
    public IList<Guid> AllowedModels { get; } = [];

    /// <summary>Models that may not be registered and whose passkeys are refused.</summary>
    public IList<Guid> RevokedModels { get; } = [];

    /// <summary>Passkeys that may be copied to other devices (synced) can be registered and used.</summary>
    public bool AllowBackupEligible { get; set; } = true;
}
