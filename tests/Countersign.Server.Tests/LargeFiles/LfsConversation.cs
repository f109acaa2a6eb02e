using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Countersign.Server.Tests.Fixtures;

namespace Countersign.Server.Tests.LargeFiles;

/// <summary>What a program that speaks Git LFS's API can do, one request at a time.</summary>
internal sealed class LfsConversation : IDisposable
{
    public const string MediaType = "application/vnd.git-lfs+json";
    private readonly HttpClient client;
    private readonly GatewayFixture gateway;

    public LfsConversation(GatewayFixture gateway, string from = "127.0.0.1")
    {
        this.gateway = gateway;
        client = new(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            ConnectCallback = async (context, cancellation) =>
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                socket.Bind(new IPEndPoint(IPAddress.Parse(from), 0));
                await socket.ConnectAsync(IPAddress.Loopback, context.DnsEndPoint.Port, cancellation);
                return new NetworkStream(socket, ownsSocket: true);
            },
        })
        {
            Timeout = TimeSpan.FromSeconds(60),
        };
    }

    internal sealed record Answer(int Status, byte[] Body, HttpResponseMessage Message)
    {
        public string Text => Encoding.UTF8.GetString(Body);

        public JsonElement Json => JsonDocument.Parse(Body).RootElement;

        public string Said => Json.GetProperty("message").GetString()!;

        /// <summary>The action of the first object.</summary>
        public JsonElement Action(string name) => Json.GetProperty("objects")[0].GetProperty("actions").GetProperty(name);

        public string Token(string action) => Action(action).GetProperty("header").GetProperty("Authorization").GetString()!["Bearer ".Length..];

        public int ErrorCode => Json.GetProperty("objects")[0].GetProperty("error").GetProperty("code").GetInt32();
    }

    public static string OidOf(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content));

    public string Url(string path, string repository = "core") => $"{gateway.Url}/scm/ACME/{repository}.git/info/lfs/{path}";

    public Task<Answer> BatchAsync(TestPerson person, string operation, string oid, long size, string repository = "core") =>
        PostAsync(person, "objects/batch", $$"""{"operation":"{{operation}}","transfers":["basic"],"objects":[{"oid":"{{oid}}","size":{{size.ToString(CultureInfo.InvariantCulture)}}}]}""", repository);

    public Task<Answer> PostAsync(TestPerson? person, string path, string json, string repository = "core")
    {
        var message = new HttpRequestMessage(HttpMethod.Post, Url(path, repository)) { Content = new ByteArrayContent(Encoding.UTF8.GetBytes(json)) };
        message.Content.Headers.ContentType = new(MediaType);
        message.Headers.ExpectContinue = json.Length > 1 << 16; // what is refused for its size is refused before it is read
        return SendAsync(message, person);
    }

    public Task<Answer> GetAsync(TestPerson person, string path) => SendAsync(new(HttpMethod.Get, Url(path)), person);

    public Task<Answer> UploadAsync(string token, string oid, byte[] content, string repository = "core", bool chunked = false)
    {
        var message = With(token, HttpMethod.Put, $"objects/{oid}", repository);
        message.Content = chunked ? new StreamContent(new OneWay(content)) : new ByteArrayContent(content);
        message.Headers.TransferEncodingChunked = chunked;
        return SendAsync(message, null);
    }

    public Task<Answer> DownloadAsync(string token, string oid, string repository = "core", string? range = null, string? ifRange = null)
    {
        var message = With(token, HttpMethod.Get, $"objects/{oid}", repository);
        foreach (var (name, value) in new[] { ("Range", range), ("If-Range", ifRange) })
        {
            _ = value is null || message.Headers.TryAddWithoutValidation(name, value);
        }

        return SendAsync(message, null);
    }

    public Task<Answer> VerifyAsync(string token, string oid, string repository = "core")
    {
        var message = With(token, HttpMethod.Post, $"objects/{oid}/verify", repository);
        message.Content = new ByteArrayContent("{}"u8.ToArray());
        message.Content.Headers.ContentType = new(MediaType);
        return SendAsync(message, null);
    }

    /// <summary>Uploads content of this person; the policy must let it.</summary>
    public async Task<string> PutAsync(TestPerson person, byte[] content, string repository = "core")
    {
        var oid = OidOf(content);
        var batch = await BatchAsync(person, "upload", oid, content.Length, repository);
        Assert.Equal(200, (await UploadAsync(batch.Token("upload"), oid, content, repository)).Status);
        return oid;
    }

    public async Task<Answer> SendAsync(HttpRequestMessage message, TestPerson? person)
    {
        if (person is not null)
        {
            message.Headers.Authorization = new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{person.Name}:{person.Token}")));
        }

        var answer = await client.SendAsync(message, TestContext.Current.CancellationToken);
        return new((int)answer.StatusCode, await answer.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken), answer);
    }

    public void Dispose() => client.Dispose();

    private HttpRequestMessage With(string token, HttpMethod method, string path, string repository)
    {
        var message = new HttpRequestMessage(method, Url(path, repository));
        message.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return message;
    }

    /// <summary>Content whose length nobody says before.</summary>
    private sealed class OneWay(byte[] content) : MemoryStream(content)
    {
        public override bool CanSeek => false;
    }
}
