namespace Countersign.Server.Upstreams.SmartHttp;

/// <summary>The connections to one host as it is defined now. Retired ones end with the last request that uses them.</summary>
internal sealed class UpstreamClient(ConnectionShape shape, HttpMessageInvoker invoker)
{
    private readonly Lock gate = new();
    private int users;
    private bool retired;

    public ConnectionShape Shape => shape;

    /// <summary>Null when it was retired.</summary>
    public Lease? TryTake()
    {
        lock (gate)
        {
            users += retired ? 0 : 1;
            return retired ? null : new(this);
        }
    }

    public void Retire()
    {
        lock (gate)
        {
            retired = true;
            EndWhenUnused();
        }
    }

    private void Return()
    {
        lock (gate)
        {
            users--;
            EndWhenUnused();
        }
    }

    private void EndWhenUnused()
    {
        if (retired && users == 0)
        {
            invoker.Dispose();
        }
    }

    internal sealed class Lease(UpstreamClient client) : IDisposable
    {
        private bool returned;

        /// <summary>Sends; completes with the headers of the answer. The caller reads or disposes the answer before the lease.</summary>
        public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellation) => client.Invoke(request, cancellation);

        public void Dispose()
        {
            if (!returned)
            {
                returned = true;
                client.Return();
            }
        }
    }

    private Task<HttpResponseMessage> Invoke(HttpRequestMessage request, CancellationToken cancellation) => invoker.SendAsync(request, cancellation);
}
