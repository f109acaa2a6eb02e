using System.Net.Security;

namespace Countersign.Server.Transports.Tls;

/// <summary>What an operator is told about the certificate.</summary>
/// <param name="NotAfter">When the certificate in use ends.</param>
/// <param name="Defect">Why the files as they are now are not in use; null when they are.</param>
internal sealed record CertificateState(DateTimeOffset NotAfter, string? Defect);

/// <summary>
/// The certificate in use. The two files are looked at every ten seconds: a new pair serves the next handshake, and what is
/// connected stays. Files that are no pair (one of two was replaced, one cannot be read) change nothing but <see cref="State"/>.
/// Content is compared, not times: a mounted secret is swapped by a link, and watching links tells nothing.
/// </summary>
internal sealed partial class ServerCertificate : IDisposable
{
    public static readonly TimeSpan Every = TimeSpan.FromSeconds(10);

    private readonly string certificateFile;
    private readonly string keyFile;
    private readonly ILogger<ServerCertificate> logger;
    private readonly Lock gate = new();
    private readonly ITimer timer;
    private CertificatePair current;
    private CertificatePair seen;

    /// <summary>Throws <see cref="StartupException"/> when the files are no pair: a start is the time to say so.</summary>
    public ServerCertificate(GatewayOptions options, TimeProvider clock, ILogger<ServerCertificate> logger)
    {
        (certificateFile, keyFile, this.logger) = (options.Certificate!, options.CertificateKey!, logger);
        current = seen = CertificatePair.Read(certificateFile, keyFile);
        if (current.Defect is { } defect)
        {
            throw new StartupException($"the certificate cannot be used: {defect}.");
        }

        timer = clock.CreateTimer(_ => Refresh(), null, Every, Every);
    }

    public SslStreamCertificateContext Context => Volatile.Read(ref current).Context!;

    public CertificateState State
    {
        get
        {
            lock (gate)
            {
                return new(current.NotAfter, seen.Defect);
            }
        }
    }

    /// <summary>Takes the pair that is there now into use, if it is one and another.</summary>
    public void Refresh()
    {
        lock (gate)
        {
            var found = CertificatePair.Read(certificateFile, keyFile);
            if (found.Digest == seen.Digest && found.Defect == seen.Defect)
            {
                return;
            }

            seen = found;
            if (found.Defect is { } defect)
            {
                Log.Kept(logger, defect);
            }
            else if (found.Digest != current.Digest)
            {
                Volatile.Write(ref current, found);
                Log.Renewed(logger, found.NotAfter);
            }
        }
    }

    public void Dispose() => timer.Dispose();

    private static partial class Log
    {
        [LoggerMessage(5201, LogLevel.Information, "A new certificate is in use; it ends at {NotAfter:u}")]
        public static partial void Renewed(ILogger logger, DateTimeOffset notAfter);

        [LoggerMessage(5202, LogLevel.Error, "The certificate before stays in use: {Defect}")]
        public static partial void Kept(ILogger logger, string defect);
    }
}
