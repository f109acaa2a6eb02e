namespace Countersign.Core.WebAuthn;

/// <summary>
/// Bounds on what is parsed, in bytes unless said. Generous to real authenticators (the longest statements are TPM chains
/// of about 6 KiB), small enough that a hostile response costs nothing.
/// </summary>
public static class WebAuthnLimits
{
    public const int ResponseJson = 128 * 1024;
    public const int ClientData = 16 * 1024;
    public const int AttestationObject = 64 * 1024;
    public const int AuthenticatorData = 16 * 1024;
    public const int PublicKey = 2048;
    public const int Signature = 1024;

    /// <summary>Section 4, credential id.</summary>
    public const int CredentialId = 1023;

    /// <summary>Section 5.4.3, user handle.</summary>
    public const int UserHandle = 64;

    /// <summary>Section 13.4.3: challenges hold at least 16 bytes.</summary>
    public const int ShortestChallenge = 16;

    /// <summary>Certificates in one statement.</summary>
    public const int Certificates = 8;

    /// <summary>Levels of nesting; the message encoding of CTAP2 (section 8) allows four.</summary>
    public const int CborDepth = 4;

    /// <summary>Levels of nesting in JSON; the options and responses have three, extensions a few more.</summary>
    public const int JsonDepth = 8;
}
