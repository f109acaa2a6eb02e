using System.Net;
using System.Net.Sockets;

namespace Countersign.Core.Identities;

/// <summary>
/// Where a command comes from. <see cref="Network"/> is what grants are bound to: the IPv4 address, or the /64 of an IPv6
/// address, because a host changes the lower half at will (RFC 8981).
/// </summary>
public sealed record ClientAddress
{
    public static readonly ClientAddress Unknown = new(IPAddress.None);

    public ClientAddress(IPAddress address)
    {
        Address = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        Network = NetworkOf(Address);
    }

    public IPAddress Address { get; }

    public string Network { get; }

    public override string ToString() => Address.ToString();

    private static string NetworkOf(IPAddress address)
    {
        if (address.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return address.ToString();
        }

        var bytes = address.GetAddressBytes();
        bytes.AsSpan(8).Clear();
        return $"{new IPAddress(bytes)}/64";
    }
}
