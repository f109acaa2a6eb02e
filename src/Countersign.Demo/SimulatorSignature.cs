using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Countersign.Demo;

/// <summary>
/// Checks signatures as Duo documents them. Written apart from the product's own code, so that the two can disagree: neither
/// knows the other, and both are held against the vectors of Duo's own client.
/// </summary>
internal static class SimulatorSignature
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(300);

    /// <returns>The code of Duo's refusal (40101 and so on), or the version of the signature.</returns>
    public static (int? Refused, int Version) Check(
        string integrationKey, string secretKey, string? authorization, string? date, DateTimeOffset now, string method, string host, string path, string query, string contentType, byte[] body)
    {
        if (authorization is null || !authorization.StartsWith("Basic ", StringComparison.Ordinal) || Decode(authorization[6..]) is not [var key, var signature])
        {
            return (40101, 0);
        }

        if (key != integrationKey)
        {
            return (40102, 0);
        }

        if (date is null)
        {
            return (40104, 0);
        }

        if (!DateTimeOffset.TryParseExact(date.Replace("-0000", "+0000", StringComparison.Ordinal), "ddd, dd MMM yyyy HH:mm:ss zz'00'", CultureInfo.InvariantCulture, DateTimeStyles.None, out var said)
            || (said - now).Duration() > Window)
        {
            return (40105, 0);
        }

        var form = contentType.StartsWith("application/x-www-form-urlencoded", StringComparison.Ordinal) ? Encoding.UTF8.GetString(body) : query;
        var start = string.Join('\n', date, method, host.ToLowerInvariant(), path);
        if (method == "GET" || form.Length > 0 || body.Length == 0)
        {
            if (Matches($"{start}\n{Canonical(form)}"))
            {
                return (null, 2);
            }
        }

        var parameters = method == "GET" ? Canonical(query) : "";
        return Matches($"{start}\n{parameters}\n{Hex(SHA512.HashData(body))}\n{Hex(SHA512.HashData([]))}") ? (null, 5) : (40103, 0);

        bool Matches(string text)
        {
            using var mac = new HMACSHA512(Encoding.ASCII.GetBytes(secretKey));
            return Hex(mac.ComputeHash(Encoding.UTF8.GetBytes(text))) == signature;
        }
    }

    /// <summary>Decodes and writes anew, so that what was sent in another order or with other escapes does not pass for what was signed.</summary>
    public static string Canonical(string form)
    {
        var pairs = Pairs(form).Select(pair => (Name: Escape(pair.Name), Value: Escape(pair.Value))).ToList();
        pairs.Sort((one, other) => string.CompareOrdinal(one.Name, other.Name));
        return string.Join("&", pairs.Select(pair => pair.Name + "=" + pair.Value));
    }

    public static IEnumerable<(string Name, string Value)> Pairs(string form) =>
        from part in form.Split('&', StringSplitOptions.RemoveEmptyEntries)
        let at = part.IndexOf('=', StringComparison.Ordinal)
        select at < 0 ? (Unescape(part), "") : (Unescape(part[..at]), Unescape(part[(at + 1)..]));

    private static string Escape(string text)
    {
        var escaped = new StringBuilder();
        foreach (var octet in Encoding.UTF8.GetBytes(text))
        {
            var character = (char)octet;
            if (char.IsAsciiLetterOrDigit(character) || character is '-' or '.' or '_' or '~')
            {
                escaped.Append(character);
            }
            else
            {
                escaped.Append(CultureInfo.InvariantCulture, $"%{octet:X2}");
            }
        }

        return escaped.ToString();
    }

    private static string Unescape(string text) => Uri.UnescapeDataString(text.Replace('+', ' '));

    private static string Hex(byte[] bytes) => Convert.ToHexString(bytes).ToLowerInvariant();

    private static string[]? Decode(string base64)
    {
        var bytes = new byte[base64.Length];
        return Convert.TryFromBase64String(base64, bytes, out var length) ? Encoding.UTF8.GetString(bytes, 0, length).Split(':', 2) : null;
    }
}
