using System.Collections.Concurrent;
using System.Security.Cryptography;
using Countersign.Server.Enforcement;
using Microsoft.Extensions.Options;

namespace Countersign.Server.Upstreams.SmartHttp;

/// <summary>
/// The connections to Git hosts, of each host its own, so that a stuck one takes none from the others. They are made anew when
/// the host's definition, or a certificate file that it names, has changed.
/// </summary>
internal sealed class UpstreamClients(IOptions<UpstreamsOptions> options) : IDisposable
{
    private readonly ConcurrentDictionary<string, UpstreamClient> clients = new(StringComparer.Ordinal);
    private readonly Lock gate = new();

    /// <summary>For one request; disposed when its answer was read. Throws <see cref="UpstreamUnavailableException"/> when a certificate cannot be read.</summary>
    public UpstreamClient.Lease Take(UpstreamDefinition upstream)
    {
        var shape = ConnectionShape.Of(upstream);
        if (clients.TryGetValue(upstream.Name, out var client) && client.Shape == shape && client.TryTake() is { } lease)
        {
            return lease;
        }

        lock (gate)
        {
            if (clients.TryGetValue(upstream.Name, out client))
            {
                if (client.Shape == shape && client.TryTake() is { } other)
                {
                    return other;
                }

                client.Retire();
            }

            client = clients[upstream.Name] = new(shape, Open(upstream, shape));
            return client.TryTake()!;
        }
    }

    public void Dispose()
    {
        foreach (var client in clients.Values)
        {
            client.Retire();
        }
    }

    private HttpMessageInvoker Open(UpstreamDefinition upstream, ConnectionShape shape)
    {
        try
        {
            return new(UpstreamHandler.Create(shape, options.Value));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            throw new UpstreamUnavailableException($"The certificates for the Git host {upstream.Name} cannot be read here.", exception) { Detail = "certificates", Untouched = true };
        }
    }
}
