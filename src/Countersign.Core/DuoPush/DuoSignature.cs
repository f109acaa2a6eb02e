using System.Security.Cryptography;
using System.Text;

namespace Countersign.Core.DuoPush;

/// <summary>
/// How calls of Duo's Auth API v2 are signed: HMAC-SHA512 over a text of lines, sent as the password of HTTP Basic. The date has
/// the form of RFC 2822 and the resolution of a second: two equal calls within one second carry the same signature.
/// Source: Duo's documentation ("API Details, Authentication") and its Python client 5.6.1.
/// </summary>
public static class DuoSignature
{
    /// <summary>Version 2: date, method, host in lower case, path, parameters.</summary>
    public const int Forms = 2;

    /// <summary>Version 5: the same, then SHA-512 of the body and of the <c>x-duo-*</c> headers, of which we send none. A body is JSON, and then the line of the parameters is empty.</summary>
    public const int Json = 5;

    private static readonly string NoHeaders = Convert.ToHexStringLower(SHA512.HashData([]));

    /// <param name="version"><see cref="Forms"/> or <see cref="Json"/>.</param>
    /// <param name="date">As in the header <c>Date</c>.</param>
    /// <param name="method">GET or POST.</param>
    /// <param name="host">Of the API, in any case.</param>
    /// <param name="path">Begins with a slash, has no query.</param>
    /// <param name="parameters">As <see cref="DuoParameters.Encode"/> writes them; "" where they are in a JSON body.</param>
    /// <param name="body">What is sent; it counts in version 5 only.</param>
    public static string Canonical(int version, string date, string method, string host, string path, string parameters, ReadOnlySpan<byte> body)
    {
        var text = $"{date}\n{method}\n{host.ToLowerInvariant()}\n{path}\n{parameters}";
        return version switch
        {
            Forms => text,
            Json => $"{text}\n{Convert.ToHexStringLower(SHA512.HashData(body))}\n{NoHeaders}",
            _ => throw new ArgumentOutOfRangeException(nameof(version)),
        };
    }

    /// <returns>The value of the header <c>Authorization</c>.</returns>
    public static string Authorization(string integrationKey, string secretKey, string canonical)
    {
        var mac = Convert.ToHexStringLower(HMACSHA512.HashData(Encoding.UTF8.GetBytes(secretKey), Encoding.UTF8.GetBytes(canonical)));
        return "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{integrationKey}:{mac}"));
    }
}
