using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;

namespace Countersign.Server.Upstreams;

/// <summary>Where the name of the person behind a passed credential comes from.</summary>
internal abstract partial record UpstreamIdentity
{
    private UpstreamIdentity()
    {
    }

    /// <summary>The Basic user name. Only for hosts that check it together with the secret.</summary>
    internal sealed record UserName : UpstreamIdentity;

    /// <summary>A header of the host's answer.</summary>
    internal sealed record Header(string Name) : UpstreamIdentity;

    /// <summary>The body at an address of the host, or a member of the JSON there.</summary>
    /// <param name="Path">Below the base; plain, begins with a slash.</param>
    /// <param name="Member">A top-level member whose value is a string; null for the whole body.</param>
    internal sealed record Address(string Path, string? Member) : UpstreamIdentity;

    public static bool TryParse(string text, [NotNullWhen(true)] out UpstreamIdentity? identity)
    {
        identity = text switch
        {
            "name" => new UserName(),
            _ when HeaderForm().Match(text) is { Success: true } header => new Header(header.Groups["name"].Value),
            _ when AddressForm().Match(text) is { Success: true } address
                => new Address(address.Groups["path"].Value, address.Groups["member"] is { Success: true, Value: var member } ? member : null),
            _ => null,
        };
        return identity is not null;
    }

    // A header name is a token (RFC 9110 5.6.2); these are the letters that anybody uses in one.
    [GeneratedRegex("^header:(?<name>[A-Za-z0-9-]{1,64})$", RegexOptions.CultureInvariant)]
    private static partial Regex HeaderForm();

    [GeneratedRegex("^get:(?<path>(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*){1,16}/?)(#(?<member>[A-Za-z0-9_]{1,64}))?$", RegexOptions.CultureInvariant)]
    private static partial Regex AddressForm();
}
