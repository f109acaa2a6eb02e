using System.Formats.Asn1;
using System.Formats.Cbor;
using System.Security.Cryptography;

namespace Countersign.Core.WebAuthn;

/// <summary>The steps on authenticator data that both ceremonies share.</summary>
internal static class CeremonyChecks
{
    /// <summary>
    /// Every parser turns what it expects of garbage into a value; this is for what nobody expected. It denies, and never hides a
    /// fault of the process itself.
    /// </summary>
    public static bool IsGarbage(Exception e) => e is FormatException or ArgumentException or InvalidOperationException
        or ArithmeticException or IndexOutOfRangeException or CryptographicException or AsnContentException or CborContentException;

    /// <summary>7.1 steps 14 to 17, 7.2 steps 15 to 18.</summary>
    public static WebAuthnError Data(AuthenticatorData data, RelyingParty relyingParty, bool requireUserVerification)
    {
        // "Verify that the rpIdHash in authData is the SHA-256 hash of the RP ID expected by the Relying Party."
        if (!data.RpIdHash.SequenceEqual(relyingParty.IdHash))
        {
            return WebAuthnError.RpIdHashMismatch;
        }

        // "Verify that the UP bit of the flags in authData is set." Conditional creation, which would excuse it, is never asked for.
        if (!data.Has(AuthenticatorFlags.UserPresent))
        {
            return WebAuthnError.UserNotPresent;
        }

        // "If the Relying Party requires user verification [...], verify that the UV bit of the flags in authData is set."
        if (requireUserVerification && !data.Has(AuthenticatorFlags.UserVerified))
        {
            return WebAuthnError.UserNotVerified;
        }

        // "If the BE bit of the flags in authData is not set, verify that the BS bit is not set."
        return data.Has(AuthenticatorFlags.BackupState) && !data.Has(AuthenticatorFlags.BackupEligible)
            ? WebAuthnError.BackupStateInvalid
            : WebAuthnError.None;
    }
}
