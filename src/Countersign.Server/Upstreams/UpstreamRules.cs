using System.Diagnostics.CodeAnalysis;
using System.Net;
using Countersign.Server.People;

namespace Countersign.Server.Upstreams;

/// <summary>Turns an administrator's words into a Git host, or says in one sentence what is wrong with them.</summary>
internal static class UpstreamRules
{
    private const int MaxPeople = 10_000;
    private const int MaxSecret = 2048;

    public static Result<UpstreamDefinition> Read(UpstreamInput input)
    {
        if (!PersonName.TryParse(input.Name, out var name) || name != input.Name || name is UpstreamChoice.Local or UpstreamChoice.None)
        {
            return Bad("name", "A Git host's name has 1 to 64 of the characters a-z, 0-9, '.', '_' and '-', starts with a letter or digit, and is not local or none.");
        }

        if (UpstreamKind.Find(input.Kind) is not { } kind)
        {
            return Bad("kind", "kind is smart-http, bitbucket-dc or bitbucket-cloud.");
        }

        if (!TryAddress(input.Base, out var address))
        {
            return Bad("base", "base is an http or https address such as https://git.example.org: a host, perhaps a port and a path; no user, no query.");
        }

        if (!UpstreamPaths.TryPrefix(input.Path ?? kind.Path, out var path))
        {
            return Bad("path", "path is a prefix such as /scm, in letters, digits, '-', '.', '_' and '~'.");
        }

        if (!TryMount(input.Mount ?? path, out var mount))
        {
            return Bad("mount", "mount is a prefix such as /git, / or none, in letters, digits, '-', '.', '_' and '~'.");
        }

        var definition = new UpstreamDefinition(name, input.Kind, address) { Path = path, Mount = mount, KeepHost = input.KeepHost };
        var connected = WithConnection(definition, input);
        return connected.Value is { } complete ? WithCredentials(complete, input, kind) : connected;
    }

    private static Result<UpstreamDefinition> WithConnection(UpstreamDefinition definition, UpstreamInput input)
    {
        Uri? proxy = null;
        if (input.Proxy is { } text && (!TryAddress(text, out proxy) || proxy is not { Scheme: "http", AbsolutePath: "/" }))
        {
            return Bad("proxy", "proxy is http://HOST:PORT, without a user.");
        }

        LfsTransfers? lfs = input.Lfs switch { "rewritten" => LfsTransfers.Rewritten, "direct" => LfsTransfers.Direct, _ => null };
        if (lfs is not { } transfers)
        {
            return Bad("lfs", "lfs is rewritten or direct.");
        }

        if (UpstreamFiles.WhyNot(input, definition.Base) is { } trouble)
        {
            return Bad("base", trouble);
        }

        return definition with
        {
            Proxy = proxy,
            LfsTransfers = transfers,
            CertificateAuthorities = input.CertificateAuthorities,
            ClientCertificate = input.ClientCertificate,
            ClientCertificateKey = input.ClientCertificateKey,
        };
    }

    private static Result<UpstreamDefinition> WithCredentials(UpstreamDefinition definition, UpstreamInput input, UpstreamKind kind)
    {
        UpstreamCredentials? word = input.Credentials switch
        {
            "none" => UpstreamCredentials.None,
            "service" => UpstreamCredentials.Service,
            "passed" => UpstreamCredentials.Passed,
            _ => null,
        };
        if (word is not { } credentials)
        {
            return Bad("credentials", "credentials is none, service or passed.");
        }

        if (credentials == UpstreamCredentials.Service != input.Secret is not null || (input.User is not null && input.Secret is null))
        {
            return Bad("secret", "A secret, and perhaps a user, come with service credentials, and with no others.");
        }

        if (input.User is { } user && (user.Length is 0 or > 256 || user.Contains(':', StringComparison.Ordinal) || user.Any(char.IsControl)))
        {
            return Bad("user", "user is a user name without colons (RFC 7617).");
        }

        if (input.Secret is { } secret && (secret.Length is 0 or > MaxSecret || secret.Any(letter => letter is < ' ' or > '~')))
        {
            return Bad("secret", "The secret is one line of printable ASCII.");
        }

        if (credentials != UpstreamCredentials.None && definition.Base.Scheme == "http" && !IsThisMachine(definition.Base) && !input.InsecureHttp)
        {
            return Bad("insecureHttp", "Credentials would travel unencrypted: give an https address, or say --insecure-http (insecureHttp) if the way there is protected otherwise.");
        }

        if (credentials != UpstreamCredentials.Passed && (input.Identity is not null || input.People is { Count: > 0 }))
        {
            return Bad("identity", "identity and people come with passed credentials, and with no others.");
        }

        var decided = definition with { Credentials = credentials, ServiceUser = input.User ?? "", ServiceSecret = input.Secret };
        return credentials == UpstreamCredentials.Passed ? WithIdentity(decided, input, kind) : decided;
    }

    private static Result<UpstreamDefinition> WithIdentity(UpstreamDefinition definition, UpstreamInput input, UpstreamKind kind)
    {
        if ((input.Identity ?? kind.Identity) is not { } identity)
        {
            return Bad("identity", "Bitbucket Cloud does not say whose a credential is where Git asks: use --credentials service, or say --identity.");
        }

        if (!UpstreamIdentity.TryParse(identity, out _))
        {
            return Bad("identity", "identity is name, header:NAME, or get:/path or get:/path#member.");
        }

        var people = new Dictionary<string, string>();
        foreach (var (theirs, ours) in input.People ?? new Dictionary<string, string>())
        {
            if (theirs.Length is 0 or > 256 || theirs.Any(char.IsControl) || !PersonName.TryParse(ours, out var person) || !people.TryAdd(theirs.ToLowerInvariant(), person))
            {
                return Bad("people", "people maps each of the host's user names to one person's name here.");
            }
        }

        return people.Count > MaxPeople ? Bad("people", $"people has at most {MaxPeople} names.") : definition with { Identity = identity, People = people };
    }

    private static bool TryMount(string text, out string? mount)
    {
        mount = null;
        if (text == UpstreamChoice.None)
        {
            return true;
        }

        var valid = UpstreamPaths.TryPrefix(text, out var prefix);
        mount = prefix;
        return valid && prefix != "/w" && !prefix.StartsWith("/w/", StringComparison.OrdinalIgnoreCase); // the redirect's own
    }

    private static bool TryAddress(string text, [NotNullWhen(true)] out Uri? address) =>
        Uri.TryCreate(text, UriKind.Absolute, out address)
        && address is { Scheme: "http" or "https", UserInfo: "", Query: "", Fragment: "", Host.Length: > 0 }
        && UpstreamPaths.TryFolder(address.AbsolutePath, out _)
        && !text.Contains("/.", StringComparison.Ordinal) // the parser would take dot segments away
        && !text.Any(letter => letter is <= ' ' or > '~' or '\\' or '%' or '?' or '#');

    private static bool IsThisMachine(Uri address) =>
        address.IdnHost == "localhost" || (IPAddress.TryParse(address.IdnHost, out var ip) && IPAddress.IsLoopback(ip));

    private static Refusal Bad(string field, string message) => new("bad_upstream", message) { Field = field };
}
