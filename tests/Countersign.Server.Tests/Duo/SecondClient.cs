using System.Globalization;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Countersign.Demo;

namespace Countersign.Server.Tests.Duo;

/// <summary>
/// A second client, written from Duo's documentation alone: it shares no code with the product or the simulator, so that the three
/// agree only where they are right.
/// </summary>
internal sealed class SecondClient : IDisposable
{
    private readonly DuoSimulator duo;
    private readonly TimeProvider clock;
    private readonly int version;
    private readonly HttpClient http;

    public SecondClient(DuoSimulator duo, TimeProvider clock, int version)
    {
        (this.duo, this.clock, this.version) = (duo, clock, version);
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.Add(X509Certificate2.CreateFromPem(duo.Authority));
        http = new(new SocketsHttpHandler { SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = policy } }) { BaseAddress = new($"https://{duo.Host}") };
    }

    public Task<JsonElement> GetAsync(string path, params (string Name, string Value)[] parameters) => SendAsync("GET", path, parameters);

    public Task<JsonElement> PostAsync(string path, params (string Name, string Value)[] parameters) => SendAsync("POST", path, parameters);

    public void Dispose() => http.Dispose();

    private async Task<JsonElement> SendAsync(string method, string path, (string Name, string Value)[] parameters)
    {
        Array.Sort(parameters, (one, other) => string.CompareOrdinal(one.Name, other.Name));
        var query = string.Join("&", parameters.Select(one => Quote(one.Name) + "=" + Quote(one.Value)));
        var body = method == "GET" ? "" : version == 2 ? query : "{" + string.Join(",", parameters.Select(one => $"\"{one.Name}\":{JsonSerializer.Serialize(one.Value)}")) + "}";
        var date = clock.GetUtcNow().ToString("r", CultureInfo.InvariantCulture).Replace("GMT", "+0000", StringComparison.Ordinal);
        List<string> lines = [date, method, duo.Host, path, version == 5 && method == "POST" ? "" : query];
        if (version == 5)
        {
            lines.AddRange([Digest(body), Digest("")]);
        }

        var mac = HMACSHA512.HashData(Encoding.UTF8.GetBytes(duo.SecretKey), Encoding.UTF8.GetBytes(string.Join("\n", lines)));
        using var request = new HttpRequestMessage(new(method), method == "GET" && query.Length > 0 ? $"{path}?{query}" : path);
        request.Headers.TryAddWithoutValidation("Date", date);
        request.Headers.TryAddWithoutValidation("Authorization", "Basic " + Convert.ToBase64String(Encoding.ASCII.GetBytes($"{DuoSimulator.IntegrationKey}:{Convert.ToHexString(mac).ToLowerInvariant()}")));
        if (method == "POST")
        {
            request.Content = new StringContent(body, new UTF8Encoding(false), version == 2 ? "application/x-www-form-urlencoded" : "application/json");
        }

        using var response = await http.SendAsync(request, TestContext.Current.CancellationToken);
        return JsonElement.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    private static string Digest(string text) => Convert.ToHexString(SHA512.HashData(Encoding.UTF8.GetBytes(text))).ToLowerInvariant();

    private static string Quote(string text) =>
        string.Concat(Encoding.UTF8.GetBytes(text).Select(octet =>
            octet is >= (byte)'a' and <= (byte)'z' or >= (byte)'A' and <= (byte)'Z' or >= (byte)'0' and <= (byte)'9' or (byte)'-' or (byte)'_' or (byte)'.' or (byte)'~'
                ? ((char)octet).ToString()
                : "%" + octet.ToString("X2", CultureInfo.InvariantCulture)));
}
