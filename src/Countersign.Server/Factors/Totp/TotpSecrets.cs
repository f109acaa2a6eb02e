using System.Security.Cryptography;
using Countersign.Server.People;
using Microsoft.AspNetCore.DataProtection;

namespace Countersign.Server.Factors.Totp;

/// <summary>Draws, seals and opens the secrets of authenticator apps: the database alone gives none away.</summary>
internal sealed class TotpSecrets(IDataProtectionProvider protection, GatewayOptions options)
{
    private readonly IDataProtector seal = protection.CreateProtector("Countersign.Totp.v1");

    public static byte[] Draw() => RandomNumberGenerator.GetBytes(OneTimeCode.SecretBytes);

    public byte[] Seal(byte[] secret) => seal.Protect(secret);

    public byte[] Open(byte[] sealedSecret) => seal.Unprotect(sealedSecret);

    /// <summary>What the QR picture holds (Key Uri Format).</summary>
    public string Uri(string personName, ReadOnlySpan<byte> secret) =>
        $"otpauth://totp/Countersign:{personName}@{options.Url.Host}?secret={Base32.Encode(secret)}&issuer=Countersign&algorithm=SHA1&digits={OneTimeCode.Digits}&period={OneTimeCode.StepSeconds}";
}
