using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using Microsoft.Extensions.Primitives;

namespace Countersign.Server.Proxies;

/// <summary>
/// <c>X-Forwarded-For</c>: each proxy adds, at the right, the address that it was spoken to from. The client is the right-most
/// address that is not a trusted proxy's; what stands left of it is what that client claims. One bad entry spoils the header.
/// </summary>
internal static class ForwardedFor
{
    private const int MaxEntries = 32;

    /// <summary>Several headers are one list, in their order (RFC 9110 5.3). Where all are trusted, the left-most is the client.</summary>
    /// <returns>False when any entry is not an address, or there are too many.</returns>
    public static bool TryFindClient(StringValues headers, TrustedProxies trusted, [NotNullWhen(true)] out IPAddress? client)
    {
        client = null;
        var entries = headers.ToString().Split(',', MaxEntries + 1);
        if (entries.Length > MaxEntries)
        {
            return false;
        }

        for (var index = entries.Length - 1; index >= 0; index--)
        {
            if (!TryParseEntry(entries[index].AsSpan().Trim(" \t"), out var address))
            {
                client = null;
                return false;
            }

            if (client is null || trusted.Include(client))
            {
                client = address;
            }
        }

        return client is not null;
    }

    /// <summary>An address, alone or with a port as some load balancers write it; IPv6 may and with a port must stand in brackets (RFC 3986 3.2.2).</summary>
    private static bool TryParseEntry(ReadOnlySpan<char> text, [NotNullWhen(true)] out IPAddress? address)
    {
        address = null;
        if (text is ['[', ..])
        {
            var end = text.IndexOf(']');
            return end > 0 && IsPortOrNothing(text[(end + 1)..]) && IsOfV6(text[1..end]) && TryParseHost(text[1..end], out address);
        }

        var colon = text.IndexOf(':');
        var hasPort = colon >= 0 && text[(colon + 1)..].IndexOf(':') < 0;
        return hasPort
            ? IsPortOrNothing(text[colon..]) && !IsOfV6(text[..colon]) && TryParseHost(text[..colon], out address)
            : TryParseHost(text, out address);
    }

    private static bool IsOfV6(ReadOnlySpan<char> host) => host.Contains(':');

    /// <summary>Nobody sends from the unspecified or the broadcast address.</summary>
    private static bool TryParseHost(ReadOnlySpan<char> host, [NotNullWhen(true)] out IPAddress? address) =>
        PlainAddress.TryParse(host, out address)
        && !address.Equals(IPAddress.Any) && !address.Equals(IPAddress.IPv6Any) && !address.Equals(IPAddress.None);

    private static bool IsPortOrNothing(ReadOnlySpan<char> text) =>
        text.IsEmpty || (text[0] == ':' && text.Length is > 1 and <= 6 && ushort.TryParse(text[1..], NumberStyles.None, CultureInfo.InvariantCulture, out _));
}
