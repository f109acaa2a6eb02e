using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Countersign.Server.Enforcement;
using Countersign.Server.Factors.WebAuthn;
using Countersign.Server.Mail;
using Countersign.Server.Transports.Ssh;
using Countersign.Server.Upstreams.LocalRepositories;
using Countersign.Server.Upstreams.SmartHttp;

namespace Countersign.Server.Cli;

/// <summary>What the command line of <c>serve</c> said; null where it said nothing.</summary>
internal sealed record ServeInput(string? Data, string? Http, string? Ssh, string? Url, string? Config, string? Https = null);

/// <summary>A setting is wrong; the message says which and where, on one line.</summary>
internal sealed class WrongSettingException(string message) : Exception(message);

/// <summary>
/// Puts the settings of <c>serve</c> together: the command line over the configuration file over environment variables
/// (<c>Countersign__Section__Key</c>) over defaults. What is not known is refused: a misspelt setting must not silently mean
/// its default.
/// </summary>
internal static class ServeSettings
{
    private const string Prefix = "Countersign__";

    /// <summary>What there is to set, by section. Logging is the framework's and takes any category.</summary>
    internal static readonly IReadOnlyDictionary<string, IReadOnlyList<string>> Known = new Dictionary<string, IReadOnlyList<string>>(StringComparer.OrdinalIgnoreCase)
    {
        ["Gateway"] = ["Data", "Http", "Https", "Certificate", "CertificateKey", "TrustedProxies", "AcceleratedLocation", "Ssh", "Url"],
        ["Factors"] = ["DuoPush", "EmailApproval"],
        ["Holds"] = NamesOf<HoldOptions>(),
        [LfsOptions.Section] = NamesOf<LfsOptions>(),
        [MailOptions.Section] = NamesOf<MailOptions>(),
        ["Repositories"] = NamesOf<RepositoriesOptions>(),
        [SshOptions.Section] = NamesOf<SshOptions>(),
        [UpstreamsOptions.Section] = NamesOf<UpstreamsOptions>(),
        ["WebAuthn"] = NamesOf<WebAuthnOptions>(),
        ["Logging"] = ["LogLevel", "Console"],
    };

    public static (GatewayOptions Options, IConfiguration Configuration) Read(ServeInput input)
    {
        var environment = new ConfigurationBuilder().AddEnvironmentVariables(Prefix).Build();
        RefuseUnknown(environment, "the environment");
        var builder = new ConfigurationBuilder().AddConfiguration(environment);
        var file = input.Config is { Length: > 0 } path ? Path.GetFullPath(path) : input.Config is null ? null : throw Wrong("--config", "", "name a file");
        if (file is not null)
        {
            var fromFile = new ConfigurationBuilder().AddJsonStream(ReadFile(file)).Build();
            RefuseUnknown(fromFile, file);
            builder.AddConfiguration(fromFile);
        }

        var configuration = builder.Build();
        return (Resolve(input, configuration, file), configuration);
    }

    private static GatewayOptions Resolve(ServeInput input, IConfiguration configuration, string? file)
    {
        (string Name, string? Value) Setting(string option, string? value, string key) =>
            value is not null ? (option, value) : ($"Gateway:{key}", configuration[$"Gateway:{key}"]);

        var data = Setting("--data", input.Data, "Data");
        if (data.Value is { } folder && (folder.Length == 0 || folder.Contains('\0')))
        {
            throw Wrong(data.Name, "", "name a folder");
        }

        var httpSetting = Setting("--http", input.Http, "Http");
        var http = EndPoint(httpSetting.Name, httpSetting.Value ?? "127.0.0.1:8080");
        var httpsSetting = Setting("--https", input.Https, "Https");
        var https = httpsSetting.Value is { } httpsText ? EndPoint(httpsSetting.Name, httpsText) : null;
        var (certificate, key) = EdgeSettings.Certificate(configuration, https is not null);
        var sshSetting = Setting("--ssh", input.Ssh, "Ssh");
        var ssh = sshSetting.Value is "off" ? null : Concrete(EndPoint(sshSetting.Name, sshSetting.Value ?? "127.0.0.1:2222", orOff: true));

        var url = Setting("--url", input.Url, "Url");
        if (url.Value is null)
        {
            http = Concrete(http);
            https = https is null ? null : Concrete(https);
        }

        return new()
        {
            Data = Path.GetFullPath(data.Value ?? "data"),
            Http = http,
            Https = https,
            Certificate = certificate,
            CertificateKey = key,
            TrustedProxies = EdgeSettings.TrustedProxies(configuration),
            AcceleratedLocation = EdgeSettings.AcceleratedLocation(configuration),
            Ssh = ssh,
            IsSshAsked = sshSetting.Value is not null,
            Url = url.Value is { } text ? PublicUrl(url.Name, text) : https is not null ? DefaultUrl(httpsSetting.Name, https, "https") : DefaultUrl(httpSetting.Name, http, "http"),
            Config = file,
        };
    }

    /// <summary>IPv4:PORT or [IPv6]:PORT; shorthand such as <c>8080</c> or <c>127.1:80</c> is not an address that people read alike.</summary>
    private static IPEndPoint EndPoint(string name, string text, bool orOff = false)
    {
        var colon = text.LastIndexOf(':');
        var host = colon > 0 ? text[..colon] : "";
        var isV6 = host is ['[', .., ']'];
        if (colon > 0
            && (isV6 || host.Count(character => character == '.') == 3)
            && IPAddress.TryParse(isV6 ? host[1..^1] : host, out var address)
            && (address.AddressFamily == AddressFamily.InterNetworkV6) == isV6
            && text.Length - colon - 1 is > 0 and <= 5
            && ushort.TryParse(text[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var port))
        {
            return new(address, port);
        }

        throw Wrong(name, text, orOff ? "write IP:PORT, such as 127.0.0.1:2222 or [::1]:2222, or off" : "write IP:PORT, such as 127.0.0.1:8080 or [::1]:8080");
    }

    /// <summary>All links carry the address that people see, so a port that is to be any free one is chosen before the links are.</summary>
    private static IPEndPoint Concrete(IPEndPoint asked)
    {
        if (asked.Port != 0)
        {
            return asked;
        }

        using var probe = new Socket(asked.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        probe.Bind(asked);
        return new(asked.Address, ((IPEndPoint)probe.LocalEndPoint!).Port);
    }

    private static Uri DefaultUrl(string name, IPEndPoint served, string scheme) =>
        IPAddress.IsLoopback(served.Address) || served.Address.Equals(IPAddress.Any) || served.Address.Equals(IPAddress.IPv6Any)
            ? new($"{scheme}://localhost:{served.Port}")
            : throw new WrongSettingException($"{name} {served}: say with --url which address people see, such as https://git.example.org");

    private static Uri PublicUrl(string name, string text)
    {
        const string Advice = "write an https address such as https://git.example.org (http only on localhost), without path, query or user";
        if (!Uri.TryCreate(text, UriKind.Absolute, out var url)
            || url.Scheme is not ("https" or "http")
            || url.AbsolutePath != "/"
            || url.Query.Length > 0 || url.Fragment.Length > 0 || url.UserInfo.Length > 0
            || text.AsSpan().IndexOfAny("?#@\\ ") >= 0)
        {
            throw Wrong(name, text, Advice);
        }

        var isLocal = url.Host == "localhost" || (IPAddress.TryParse(url.Host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));
        return url.Scheme == "https" || isLocal ? url : throw Wrong(name, text, Advice);
    }

    private static MemoryStream ReadFile(string file)
    {
        try
        {
            var bytes = File.ReadAllBytes(file);
            using var document = JsonDocument.Parse(bytes, new JsonDocumentOptions { AllowDuplicateProperties = false });
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? new(bytes)
                : throw new WrongSettingException($"{file}:1:1: the configuration is a JSON object");
        }
        catch (JsonException exception)
        {
            throw new WrongSettingException(exception is { LineNumber: { } line, BytePositionInLine: { } position }
                ? $"{file}:{line + 1}:{position + 1}: this is not JSON"
                : $"{file}: a field is there twice");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new WrongSettingException($"--config {file}: cannot be read ({(exception is FileNotFoundException or DirectoryNotFoundException ? "there is no such file" : exception.Message)})");
        }
    }

    private static void RefuseUnknown(IConfiguration configuration, string where)
    {
        foreach (var section in configuration.GetChildren())
        {
            if (!Known.TryGetValue(section.Key, out var settings))
            {
                throw new WrongSettingException($"{where}: there is no section \"{section.Key}\" (there are {string.Join(", ", Known.Keys)})");
            }

            if (section.GetChildren().FirstOrDefault(setting => !settings.Contains(setting.Key, StringComparer.OrdinalIgnoreCase)) is { } unknown)
            {
                throw new WrongSettingException($"{where}: there is no setting \"{unknown.Path}\" (there are {string.Join(", ", settings)})");
            }
        }
    }

    private static string[] NamesOf<T>() => [.. typeof(T).GetProperties().Select(property => property.Name)];

    private static WrongSettingException Wrong(string name, string value, string advice) =>
        new(value.Length == 0 ? $"{name}: {advice}" : $"{name} {value}: {advice}");
}
