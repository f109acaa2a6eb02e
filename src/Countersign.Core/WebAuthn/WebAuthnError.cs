namespace Countersign.Core.WebAuthn;

/// <summary>
/// Why a ceremony was refused; one value for each step of WebAuthn Level 3 sections 7.1 and 7.2. For logs and audit: to the
/// browser they all look the same.
/// </summary>
public enum WebAuthnError
{
    None,

    /// <summary>The browser's JSON is not of its form, or something broke in a way that no other value names.</summary>
    Malformed,

    /// <summary>7.2 step 5: the credential is not one of those that were asked for.</summary>
    CredentialNotAllowed,

    /// <summary>7.2 step 6: nobody was identified before, and the response does not say who it is.</summary>
    UserHandleMissing,

    /// <summary>7.2 step 6: the response names another person.</summary>
    UserHandleMismatch,

    /// <summary>7.1 steps 5, 6 and 7.2 steps 8, 9: no JSON object, a duplicate or missing member, a wrong type, too long.</summary>
    ClientDataMalformed,

    /// <summary>7.1 step 7, 7.2 step 10.</summary>
    TypeMismatch,

    /// <summary>Section 13.4.3: a challenge of less than 16 bytes was expected; nothing can be accepted for it.</summary>
    ChallengeTooShort,

    /// <summary>7.1 step 8, 7.2 step 11.</summary>
    ChallengeMismatch,

    /// <summary>7.1 step 9, 7.2 step 12.</summary>
    OriginMismatch,

    /// <summary>7.1 step 10, 7.2 step 13.</summary>
    CrossOriginRefused,

    /// <summary>7.1 step 11, 7.2 step 14.</summary>
    TopOriginRefused,

    /// <summary>7.1 step 13: not the canonical CBOR map of fmt, attStmt and authData.</summary>
    AttestationObjectMalformed,

    /// <summary>Section 6.1: too short, trailing bytes, or flags that do not fit what follows.</summary>
    AuthenticatorDataMalformed,

    /// <summary>7.1 step 14, 7.2 step 15.</summary>
    RpIdHashMismatch,

    /// <summary>7.1 step 15, 7.2 step 16.</summary>
    UserNotPresent,

    /// <summary>7.1 step 16, 7.2 step 17.</summary>
    UserNotVerified,

    /// <summary>7.1 step 17, 7.2 step 18: backed up, yet not eligible for it.</summary>
    BackupStateInvalid,

    /// <summary>7.2 step 19: eligibility never changes in the life of a credential.</summary>
    BackupEligibilityChanged,

    /// <summary>The policy refuses credentials that may be copied to other devices (7.1 step 18).</summary>
    BackupEligibleRefused,

    /// <summary>Section 6.5.2: a registration without attested credential data.</summary>
    AttestedCredentialMissing,

    /// <summary>Section 6.1: an assertion with attested credential data.</summary>
    AttestedCredentialUnexpected,

    /// <summary>RFC 9052 section 7 and section 6.5.1.1: no canonical COSE key, or its type, curve, size or point does not fit its algorithm.</summary>
    PublicKeyInvalid,

    /// <summary>7.1 step 20.</summary>
    AlgorithmNotOffered,

    /// <summary>7.1 step 22.</summary>
    AttestationFormatUnknown,

    /// <summary>7.1 step 23: the statement is not of the form that its format has.</summary>
    AttestationStatementMalformed,

    /// <summary>7.1 step 23: a signature in the statement does not verify.</summary>
    AttestationSignatureInvalid,

    /// <summary>7.1 step 23: the algorithm of the statement is unknown, or not that of the key it is for.</summary>
    AttestationAlgorithmMismatch,

    /// <summary>7.1 step 23: the certificate does not meet the requirements of its format (8.2.1, 8.3.1), or is a CA's.</summary>
    AttestationCertificateInvalid,

    /// <summary>7.1 step 23: the certificate was issued for another model.</summary>
    AttestationAaguidMismatch,

    /// <summary>7.1 step 23: what is attested is another key.</summary>
    AttestationKeyMismatch,

    /// <summary>7.1 step 23: what is attested belongs to another ceremony (TPM extraData, Android challenge, Apple nonce).</summary>
    AttestationCeremonyMismatch,

    /// <summary>8.3: magic, type or name of the TPM's structure is wrong.</summary>
    TpmCertificationInvalid,

    /// <summary>8.4: the key may be used by all applications, was imported, or is not for signing.</summary>
    AndroidAuthorizationInvalid,

    /// <summary>7.1 steps 24, 25: the statement verifies, but to no configured root; and the policy asks for one.</summary>
    AttestationNotTrusted,

    /// <summary>7.1 step 26: empty, or longer than 1023 bytes; or not the id that the response names.</summary>
    CredentialIdInvalid,

    /// <summary>7.2 step 21.</summary>
    SignatureInvalid,

    /// <summary>7.2 step 22: a copied authenticator is likely.</summary>
    SignCountNotIncreased,
}
