using System.Security.Cryptography;
using System.Text;

namespace Countersign.Core.WebAuthn;

/// <summary>
/// Who asks for ceremonies: the id, and the exact origins that may run them. The list is configured, never taken from a request,
/// because the request's own Origin header proves nothing about what the authenticator signed.
/// </summary>
public sealed record RelyingParty
{
    /// <param name="rpId">A domain in lower case; <c>localhost</c> for trying out.</param>
    /// <param name="name">The name for people.</param>
    /// <param name="origins">Serialised origins (RFC 6454): scheme, host, port where it is not the default, nothing else.</param>
    /// <exception cref="ArgumentException">An id that is no domain, or an origin that could never be right for it.</exception>
    public RelyingParty(string rpId, string name, IReadOnlyList<string> origins)
    {
        if (Uri.CheckHostName(rpId) != UriHostNameType.Dns || rpId.Any(char.IsAsciiLetterUpper))
        {
            throw new ArgumentException($"'{rpId}' is not a domain in lower case.", nameof(rpId));
        }

        if (origins.Count == 0)
        {
            throw new ArgumentException("At least one origin is needed.", nameof(origins));
        }

        foreach (var origin in origins)
        {
            if (!IsOrigin(origin, out var host) || (host != rpId && !host.EndsWith("." + rpId, StringComparison.Ordinal)))
            {
                throw new ArgumentException($"'{origin}' is not a secure origin within '{rpId}'.", nameof(origins));
            }
        }

        RpId = rpId;
        Name = name;
        Origins = [.. origins];
        IdHash = SHA256.HashData(Encoding.UTF8.GetBytes(rpId));
    }

    public string RpId { get; }

    public string Name { get; }

    public IReadOnlyList<string> Origins { get; }

    /// <summary>Whether ceremonies in a frame of another origin are expected (steps 10 and 13). The product says no.</summary>
    public bool AllowCrossOrigin { get; init; }

    /// <summary>The pages that may frame a ceremony where <see cref="AllowCrossOrigin"/> is set; exact.</summary>
    public IReadOnlyList<string> TopOrigins { get; init; } = [];

    /// <summary>The algorithms that are offered, best first, and the only ones that are accepted.</summary>
    public IReadOnlyList<CoseAlgorithm> Algorithms { get; init; } =
        [CoseAlgorithm.ES256, CoseAlgorithm.EdDSA, CoseAlgorithm.ES384, CoseAlgorithm.ES512, CoseAlgorithm.RS256];

    internal byte[] IdHash { get; }

    private static bool IsOrigin(string origin, out string host)
    {
        host = "";
        if (!Uri.TryCreate(origin, UriKind.Absolute, out var uri) || uri.GetLeftPart(UriPartial.Authority) != origin || uri.UserInfo.Length > 0)
        {
            return false;
        }

        host = uri.Host;
        // Secure Contexts section 3.1: https, or plain http to this machine.
        return uri.Scheme == Uri.UriSchemeHttps
            || (uri.Scheme == Uri.UriSchemeHttp && (host == "localhost" || host.EndsWith(".localhost", StringComparison.Ordinal)));
    }
}
