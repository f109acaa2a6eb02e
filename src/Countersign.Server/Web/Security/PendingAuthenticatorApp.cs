using System.Security.Cryptography;
using System.Text.Json;
using Countersign.Core.Identities;
using Microsoft.AspNetCore.DataProtection;

namespace Countersign.Server.Web.Security;

/// <summary>
/// Keeps the picture of an authenticator app that is being set up on the page when its first code was mistyped; without it a
/// new secret would be drawn and the one just scanned would be worth nothing. Sealed, for one person, for ten minutes.
/// </summary>
internal sealed class PendingAuthenticatorApp(IDataProtectionProvider protection)
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);
    private readonly ITimeLimitedDataProtector protector = protection.CreateProtector("Countersign.Web.PendingAuthenticatorApp").ToTimeLimitedDataProtector();

    public string Seal(PrincipalId person, string otpauthUri, string secret) =>
        protector.Protect(JsonSerializer.Serialize(new[] { person.ToString(), otpauthUri, secret }), Lifetime);

    public (string OtpauthUri, string Secret)? Open(PrincipalId person, string? sealedText)
    {
        try
        {
            return sealedText is not null
                && JsonSerializer.Deserialize<string[]>(protector.Unprotect(sealedText)) is [var owner, var uri, var secret]
                && owner == person.ToString()
                ? (uri, secret)
                : null;
        }
        catch (CryptographicException)
        {
            return null;
        }
    }
}
