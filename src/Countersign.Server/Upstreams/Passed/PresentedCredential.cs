using System.Net.Http.Headers;
using System.Text;
using System.Text.RegularExpressions;
using Countersign.Server.Enforcement;
using Countersign.Server.People;
using Microsoft.Extensions.Primitives;

namespace Countersign.Server.Upstreams.Passed;

/// <summary>
/// What somebody shows for a Git host: Basic (RFC 7617) or Bearer (RFC 6750), in one spelling, so that the same credential
/// written differently is not tried twice. Its bytes are passed on as they came; nothing prints them.
/// </summary>
internal sealed partial class PresentedCredential
{
    private const int MaxLength = 4096;

    private PresentedCredential(string? userName, byte[] secret, string header) => (UserName, Secret, Passed) = (userName, secret, new(header));

    /// <summary>Null for Bearer.</summary>
    public string? UserName { get; }

    public byte[] Secret { get; }

    /// <summary>The Authorization header, for the host alone.</summary>
    public PassedCredential Passed { get; }

    /// <summary>Null for what is no credential, or is one of the gateway's own: those are nobody else's business.</summary>
    public static PresentedCredential? Parse(StringValues values)
    {
        if (values is not [{ Length: > 0 and <= MaxLength } value] || !AuthenticationHeaderValue.TryParse(value, out var header) || header.Parameter is not { Length: > 0 } parameter)
        {
            return null;
        }

        var credential = header.Scheme.ToUpperInvariant() switch
        {
            "BEARER" when Token68().IsMatch(parameter) => new(null, Encoding.ASCII.GetBytes(parameter), $"Bearer {parameter}"),
            "BASIC" => Basic(parameter),
            _ => null,
        };
        return credential is null || IsOurs(credential.Secret) || (credential.UserName is { } user && IsOurs(Encoding.UTF8.GetBytes(user))) ? null : credential;
    }

    public override string ToString() => "[secret]";

    private static PresentedCredential? Basic(string encoded)
    {
        var bytes = new byte[encoded.Length];
        if (!Convert.TryFromBase64String(encoded, bytes, out var length))
        {
            return null;
        }

        var pair = bytes.AsSpan(0, length);
        var colon = pair.IndexOf((byte)':');
        var isPlain = !pair.ContainsAnyInRange((byte)0, (byte)31) && !pair.Contains((byte)127); // RFC 7617 2: no control characters
        return colon > 0 && colon < length - 1 && isPlain
            ? new(Encoding.UTF8.GetString(pair[..colon]), pair[(colon + 1)..].ToArray(), $"Basic {Convert.ToBase64String(pair)}")
            : null;
    }

    private static bool IsOurs(ReadOnlySpan<byte> secret) =>
        secret.Length > 4 && Encoding.ASCII.GetString(secret[..4]).ToLowerInvariant() is StoredSecret.TokenPrefix or StoredSecret.SessionPrefix or StoredSecret.SshLfsPrefix;

    // RFC 6750 2.1
    [GeneratedRegex("^[A-Za-z0-9._~+/-]+=*$", RegexOptions.CultureInvariant)]
    private static partial Regex Token68();
}
