using System.Net.Http.Headers;
using System.Text;
using Microsoft.Extensions.Primitives;

namespace Countersign.Server.Transports.Https;

/// <summary>The first factor as HTTP carries it: <c>Basic</c> (RFC 7617, the password is the access token) or <c>Bearer</c> (RFC 6750).</summary>
internal readonly record struct AuthorizationHeader(string? UserName, string Secret)
{
    private const int MaxLength = 4096;

    /// <summary>Exactly one header of a known scheme; anything else is no credential.</summary>
    public static AuthorizationHeader? Parse(StringValues values)
    {
        if (values is not [{ Length: > 0 and <= MaxLength } value] || !AuthenticationHeaderValue.TryParse(value, out var header))
        {
            return null;
        }

        return header switch
        {
            { Scheme: var scheme, Parameter: { Length: > 0 } token } when scheme.Equals("Bearer", StringComparison.OrdinalIgnoreCase) => new(null, token),
            { Scheme: var scheme, Parameter: { Length: > 0 } pair } when scheme.Equals("Basic", StringComparison.OrdinalIgnoreCase) => Basic(pair),
            _ => null,
        };
    }

    public override string ToString() => "[secret]";

    private static AuthorizationHeader? Basic(string encoded)
    {
        var bytes = new byte[encoded.Length];
        if (!Convert.TryFromBase64String(encoded, bytes, out var length))
        {
            return null;
        }

        var pair = Encoding.UTF8.GetString(bytes, 0, length);
        return pair.IndexOf(':', StringComparison.Ordinal) is var colon and > 0 ? new(pair[..colon], pair[(colon + 1)..]) : null;
    }
}
