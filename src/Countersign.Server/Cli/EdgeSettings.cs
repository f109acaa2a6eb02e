using System.Net;

namespace Countersign.Server.Cli;

/// <summary>The settings of section <c>Gateway</c> about the edge: the certificate, and the proxies that are believed.</summary>
internal static class EdgeSettings
{
    /// <summary>Both files with HTTPS, none without: a certificate that nobody uses is a mistake, too.</summary>
    public static (string? Chain, string? Key) Certificate(IConfiguration configuration, bool https)
    {
        string? File(string key)
        {
            var value = configuration[$"Gateway:{key}"];
            return (https, value) switch
            {
                (true, { Length: > 0 }) => Path.GetFullPath(value),
                (true, _) => throw new WrongSettingException($"Gateway:{key}: name a PEM file; Gateway:Https is served with it"),
                (false, null) => null,
                _ => throw new WrongSettingException($"Gateway:{key}: there is no Gateway:Https that it could serve"),
            };
        }

        return (File("Certificate"), File("CertificateKey"));
    }

    /// <summary>Who knows it is handed the credential for the Git host, so it is long enough not to be guessed.</summary>
    public static string? AcceleratedLocation(IConfiguration configuration) => configuration["Gateway:AcceleratedLocation"] switch
    {
        null => null,
        { Length: >= 16 and <= 64 } name when name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter == '_') => name,
        _ => throw new WrongSettingException("Gateway:AcceleratedLocation: write 16 to 64 letters, digits and underscores that nobody guesses"),
    };

    public static IReadOnlyList<IPNetwork> TrustedProxies(IConfiguration configuration)
    {
        const string Name = "Gateway:TrustedProxies";
        var section = configuration.GetSection(Name);
        return section.Value is { Length: > 0 } text
            ? throw new WrongSettingException($"{Name} {text}: write a list, such as [\"10.0.0.5\", \"2001:db8::/48\"]")
            : [.. section.GetChildren().Select(entry => entry.Value is { } value && Proxies.TrustedProxies.TryParse(value, out var network)
                ? network
                : throw new WrongSettingException(
                    $"{entry.Path} {entry.Value}: write an address or a prefix without host bits, such as 10.0.0.5, 10.0.0.0/24 or 2001:db8::/48"))];
    }
}
