using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Countersign.Server.Cli;

/// <summary>What the gateway answered.</summary>
internal sealed record AdminReply(int Status, string Body)
{
    public bool Succeeded => Status is >= 200 and < 300;

    public JsonElement Json => Body.Length == 0 ? default : JsonElement.Parse(Body);

    /// <summary>The refusal in words.</summary>
    public string Detail
    {
        get
        {
            try
            {
                return Json is { ValueKind: JsonValueKind.Object } problem && problem.TryGetProperty("detail", out var detail)
                    ? detail.GetString() ?? $"status {Status}"
                    : $"the gateway answered with status {Status}";
            }
            catch (JsonException)
            {
                return $"the gateway answered with status {Status}";
            }
        }
    }
}

/// <summary>No gateway answers on the data folder.</summary>
internal sealed class NoGatewayException(string data) :
    Exception($"no gateway is running on {data} (start it with: countersign serve --data {data})");

/// <summary>Speaks HTTP with a running gateway over its administration socket.</summary>
internal sealed class AdminClient : IDisposable
{
    private readonly HttpClient http;
    private readonly string data;

    public AdminClient(string data)
    {
        this.data = data;
        var socket = Path.Combine(Path.GetFullPath(data), "admin.sock");
        http = new(new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            ConnectCallback = async (_, cancellation) => await ConnectAsync(socket, cancellation),
        })
        {
            BaseAddress = new("http://localhost/api/v1/"),
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    public async Task<AdminReply> SendAsync(HttpMethod method, string path, object? body, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
        {
            request.Content = new StringContent(JsonSerializer.Serialize(body, JsonSerializerOptions.Web), Encoding.UTF8, "application/json");
        }

        using var response = await SendAsync(request, cancellation);
        return new((int)response.StatusCode, await response.Content.ReadAsStringAsync(cancellation));
    }

    public void Dispose() => http.Dispose();

    private static async Task<Stream> ConnectAsync(string path, CancellationToken cancellation)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellation)
    {
        try
        {
            return await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        }
        catch (HttpRequestException exception) when (exception.InnerException is SocketException { SocketErrorCode: SocketError.AccessDenied })
        {
            throw new UnauthorizedAccessException($"the gateway's administration socket in {data} belongs to somebody else", exception);
        }
        catch (Exception exception) when (exception is HttpRequestException or ArgumentOutOfRangeException)
        {
            throw new NoGatewayException(data);
        }
    }
}
