using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Countersign.Core.WebAuthn;
using Microsoft.Extensions.Options;

namespace Countersign.Server.Factors.WebAuthn;

/// <summary>Who asks for passkeys, and which are welcome: from the configured address and options, never from a request.</summary>
internal sealed class PasskeyPolicy
{
    private readonly RelyingParty? relyingParty;
    private readonly HashSet<Guid> revoked;

    /// <summary>Throws <see cref="InvalidDataException"/>, one sentence, when a root cannot be read.</summary>
    public PasskeyPolicy(GatewayOptions gateway, IOptions<WebAuthnOptions> options)
    {
        // WebAuthn knows domains only, and secure ones: on an address such as 127.0.0.1 no browser makes a passkey.
        relyingParty = gateway.Url is { HostNameType: UriHostNameType.Dns } url && (url.Scheme == Uri.UriSchemeHttps || url.IsLoopback)
            ? new(gateway.Url.IdnHost.ToLowerInvariant(), "Countersign", [gateway.Url.GetLeftPart(UriPartial.Authority)])
            : null;
        revoked = [.. options.Value.RevokedModels];
        RefuseBackupEligible = !options.Value.AllowBackupEligible;
        Trust = AttestationTrust.Of(
            options.Value.AttestationRoots is { } folder ? ReadRoots(folder) : [],
            options.Value.AllowedModels.Select(model => new Aaguid(model)).ToHashSet(),
            revoked.Select(model => new Aaguid(model)).ToHashSet());
    }

    /// <summary>Throws <see cref="PasskeysUnavailableException"/> where the gateway's address is no domain.</summary>
    public RelyingParty RelyingParty => relyingParty ?? throw new PasskeysUnavailableException();

    public bool IsAvailable => relyingParty is not null;

    public AttestationTrust Trust { get; }

    public bool RefuseBackupEligible { get; }

    /// <summary>Asked at each use, so that a model that is revoked today stops working today.</summary>
    public bool Accepts(CredentialRecord record) =>
        !revoked.Contains(record.Aaguid.Value) && !(RefuseBackupEligible && record.BackupEligible);

    private static List<ReadOnlyMemory<byte>> ReadRoots(string folder)
    {
        try
        {
            var roots = new List<ReadOnlyMemory<byte>>();
            foreach (var file in Directory.EnumerateFiles(folder, "*.pem").Order(StringComparer.Ordinal))
            {
                var certificates = new X509Certificate2Collection();
                certificates.ImportFromPemFile(file);
                roots.AddRange(certificates.Select(certificate => (ReadOnlyMemory<byte>)certificate.RawData));
            }

            return roots;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new InvalidDataException($"WebAuthn:AttestationRoots: {folder} cannot be read as PEM certificates: {failure.Message}", failure);
        }
    }
}

/// <summary>The gateway's public address is no domain.</summary>
internal sealed class PasskeysUnavailableException()
    : Exception("Passkeys need a domain: start the gateway with --url https://NAME, or http://localhost:PORT to try it out.");
