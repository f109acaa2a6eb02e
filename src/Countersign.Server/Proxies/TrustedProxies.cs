using System.Net;

namespace Countersign.Server.Proxies;

/// <summary>The proxies whose word counts: setting <c>Gateway:TrustedProxies</c>, addresses and prefixes of both families.</summary>
internal sealed class TrustedProxies(IReadOnlyList<IPNetwork> networks)
{
    /// <summary>An IPv4 address counts the same whether or not it comes mapped into IPv6 (RFC 4291 2.5.5.2), as a socket for both families reports it.</summary>
    public bool Include(IPAddress address)
    {
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        foreach (var network in networks)
        {
            if (network.Contains(plain))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// Takes an address or a prefix whose host bits are zero. Refuses a prefix that is everybody, and forms that people could read
    /// as something else: IPv4 mapped into IPv6, zones, shorthand.
    /// </summary>
    public static bool TryParse(string text, out IPNetwork network)
    {
        network = default;
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (!PlainAddress.TryParse(slash < 0 ? text : text[..slash], out var address) || address.IsIPv4MappedToIPv6)
        {
            return false;
        }

        // The framework clears host bits in silence: 10.0.0.5/8 would trust more than was meant.
        return IPNetwork.TryParse(slash < 0 ? $"{text}/{address.GetAddressBytes().Length * 8}" : text, out network)
            && network.PrefixLength > 0 && network.BaseAddress.Equals(address);
    }
}
