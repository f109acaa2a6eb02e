using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Countersign.Server.Tests.Api;
using Countersign.Server.Tests.Fakes;

namespace Countersign.Server.Tests.Fixtures;

/// <summary>
/// Whoever speaks HTTP with a gateway from outside: a program with a session's token, a browser with cookies, a Git client with
/// an access token. It follows no redirect and sends nothing that it was not told to.
/// </summary>
internal sealed partial class Visitor(GatewayFixture gateway) : IDisposable
{
    private readonly HttpClient http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = new(gateway.Url) };

    /// <summary>What a browser would send back.</summary>
    public Dictionary<string, string> Cookies { get; } = [];

    /// <summary>The session's token of a program.</summary>
    public string? Token { get; set; }

    public static async Task<Visitor> SignedInAsync(GatewayFixture gateway, TestPerson person)
    {
        var visitor = new Visitor(gateway);
        var answer = await visitor.SignInAsync(person, person.App is null ? null : person.FreshCode());
        Assert.Equal(200, answer.Status);
        visitor.Token = answer.Json.GetProperty("token").GetString();
        return visitor;
    }

    /// <summary>A person with a passkey beside the authenticator app, and the visitor in whose session it was added.</summary>
    public static async Task<(Visitor Visitor, SoftwareAuthenticator Key)> WithPasskeyAsync(GatewayFixture gateway, TestPerson person)
    {
        var visitor = await SignedInAsync(gateway, person);
        var key = new SoftwareAuthenticator { Origin = gateway.Url };
        var answer = await visitor.AddPasskeyAsync(key, "key");
        Assert.Equal(200, answer.Status);
        return (visitor, key);
    }

    public Task<Answer> SignInAsync(TestPerson person, string? totp) =>
        PostAsync("session", totp is null ? new { user = person.Name, password = TestPerson.Password } : new { user = person.Name, password = TestPerson.Password, totp });

    public async Task<Answer> AddPasskeyAsync(SoftwareAuthenticator key, string name)
    {
        var options = await PostAsync("passkeys/options", new { });
        return await PostAsync("passkeys", new { name, attestation = JsonElement.Parse(key.Register(options.Body)) });
    }

    public Task<Answer> PostAsync(string path, object body, params (string Name, string Value)[] headers) =>
        ApiAsync(HttpMethod.Post, path, JsonSerializer.Serialize(body), headers);

    public Task<Answer> GetApiAsync(string path) => ApiAsync(HttpMethod.Get, path, null);

    public Task<Answer> ApproveAsync(string id, object proof) => PostAsync($"requests/{id}/approve", proof);

    /// <summary>The passkey's answer to the request's options.</summary>
    public async Task<JsonElement> AssertForAsync(SoftwareAuthenticator key, string id) =>
        JsonElement.Parse(key.Assert((await PostAsync($"requests/{id}/options", new { })).Body));

    public async Task<Answer> ApiAsync(HttpMethod method, string path, string? json, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path.StartsWith('/') ? path : $"/api/v1/{path}");
        if (json is not null)
        {
            request.Content = new StringContent(json, Encoding.UTF8, "application/json");

            // What is refused for its size is refused before it is read; whoever sends it all the same may lose the answer with the connection.
            request.Headers.ExpectContinue = json.Length > 1 << 16;
        }

        return await SendAsync(request, headers);
    }

    public Task<Answer> GetAsync(string path, params (string Name, string Value)[] headers) => SendAsync(new(HttpMethod.Get, path), headers);

    /// <summary>Opens the page, takes its form key, and sends the form as a browser would.</summary>
    public async Task<Answer> SubmitAsync(string page, string action, Dictionary<string, string> fields, string? origin = "own")
    {
        var opened = await GetAsync(page);
        if (FormKey().Match(opened.Body) is { Success: true } key)
        {
            fields["form-key"] = key.Groups["key"].Value;
        }

        return await SendFormAsync(action, fields, origin);
    }

    public Task<Answer> SendFormAsync(string action, Dictionary<string, string> fields, string? origin = "own", params (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, action) { Content = new FormUrlEncodedContent(fields) };
        return SendAsync(request, origin is null ? headers : [.. headers, ("Origin", origin == "own" ? gateway.Url : origin)]);
    }

    /// <summary>Signs in on the pages: password, then code.</summary>
    public async Task BrowseAsync(TestPerson person)
    {
        var first = await SubmitAsync("/sign-in", "/sign-in?handler=Password", new() { ["name"] = person.Name, ["password"] = TestPerson.Password });
        if (person.App is not null)
        {
            Assert.Equal(200, first.Status);
            await CodeStepAsync(person.FreshCode());
        }

        Assert.Contains(Server.Web.SessionAuthentication.CookieName, Cookies.Keys);
    }

    public Task<Answer> CodeStepAsync(string code) => SubmitAsync("/sign-in", "/sign-in?handler=Code", new() { ["code"] = code });

    /// <summary>A fetch by a client that shows no redirect; it is held until it is settled.</summary>
    public Task<Answer> FetchAsync(TestPerson person, string repository = "ACME/core", params (string Name, string Value)[] headers) =>
        SendAsync(new(HttpMethod.Get, $"/scm/{repository}.git/info/refs?service=git-upload-pack"), [("Authorization", Basic(person.Name, person.Token)), .. headers]);

    /// <summary>True when the answer to a fetch shows the repository; Git is told of a refusal with the status 200.</summary>
    public static bool Released(Answer answer) => answer.Status == 200 && answer.Body.Contains("refs/heads/main", StringComparison.Ordinal);

    /// <summary>A push of refs that get <paramref name="tip"/>, which is there already.</summary>
    public Task<Answer> PushAsync(TestPerson person, string tip, params string[] refs)
    {
        var body = new MemoryStream();
        var capabilities = "\0report-status";
        foreach (var name in refs)
        {
            var line = Encoding.UTF8.GetBytes($"{new string('0', 40)} {tip} {name}{capabilities}\n");
            body.Write(Encoding.ASCII.GetBytes((line.Length + 4).ToString("x4", CultureInfo.InvariantCulture)));
            body.Write(line);
            capabilities = "";
        }

        byte[] pack = [.. "PACK"u8, 0, 0, 0, 2, 0, 0, 0, 0];
        body.Write("0000"u8);
        body.Write(pack);
#pragma warning disable CA5350 // Git's own checksum
        body.Write(SHA1.HashData(pack));
#pragma warning restore CA5350
        var request = new HttpRequestMessage(HttpMethod.Post, "/scm/ACME/core.git/git-receive-pack") { Content = new ByteArrayContent(body.ToArray()) };
        request.Content.Headers.ContentType = new("application/x-git-receive-pack-request");
        return SendAsync(request, ("Authorization", Basic(person.Name, person.Token)));
    }

    public async Task<Answer> SendAsync(HttpRequestMessage request, params (string Name, string Value)[] headers)
    {
        using (request)
        {
            foreach (var (name, value) in headers)
            {
                request.Headers.TryAddWithoutValidation(name, value);
            }

            if (Token is not null && !request.Headers.Contains("Authorization"))
            {
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Token);
            }

            if (Cookies.Count > 0 && !request.Headers.Contains("Cookie"))
            {
                request.Headers.TryAddWithoutValidation("Cookie", string.Join("; ", Cookies.Select(cookie => $"{cookie.Key}={cookie.Value}")));
            }

            using var response = await http.SendAsync(request, TestContext.Current.CancellationToken);
            Keep(response);
            return await Answer.OfAsync(response);
        }
    }

    public void Dispose() => http.Dispose();

    public static string Basic(string name, string secret) => $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"{name}:{secret}"))}";

    private void Keep(HttpResponseMessage response)
    {
        foreach (var line in response.Headers.TryGetValues("Set-Cookie", out var lines) ? lines : [])
        {
            var (name, value) = line.Split(';')[0].Split('=', 2) switch { var parts => (parts[0], parts[1]) };
            if (value.Length == 0)
            {
                Cookies.Remove(name);
            }
            else
            {
                Cookies[name] = value;
            }
        }
    }

    [GeneratedRegex("name=\"form-key\" type=\"hidden\" value=\"(?<key>[^\"]+)\"")]
    private static partial Regex FormKey();
}
