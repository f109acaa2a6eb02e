using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;

namespace Countersign.Server.Proxies;

/// <summary>
/// An IP address in the form that everybody reads alike. The framework's parser also takes <c>1</c>, <c>0x7f.1</c>, <c>[::1]:80</c>
/// and zones; an address that two programs read differently is no address here.
/// </summary>
internal static class PlainAddress
{
    private static readonly SearchValues<char> V6 = SearchValues.Create("0123456789abcdefABCDEF:.");

    public static bool TryParse(ReadOnlySpan<char> text, [NotNullWhen(true)] out IPAddress? address)
    {
        address = null;
        return text.Length is > 1 and <= 45
            && text.IndexOfAnyExcept(V6) < 0
            && IPAddress.TryParse(text, out address)
            && (address.AddressFamily == AddressFamily.InterNetworkV6 || text.SequenceEqual(address.ToString()));
    }
}
