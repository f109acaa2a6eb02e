using System.Net.Security;
using System.Security.Authentication;
using Countersign.Server.Transports.Https;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace Countersign.Server.Transports.Tls;

/// <summary>HTTP/1.1 and HTTP/2 over TLS at the gateway itself, chosen by ALPN (RFC 7301).</summary>
internal static class HttpsListener
{
    public static IServiceCollection AddTls(this IServiceCollection services, GatewayOptions options) =>
        options.Https is null ? services : services.AddSingleton<ServerCertificate>();

    public static void Listen(KestrelServerOptions kestrel, GatewayOptions options)
    {
        if (options.Https is not { } endPoint)
        {
            return;
        }

        var certificate = kestrel.ApplicationServices.GetRequiredService<ServerCertificate>();
        Bound(kestrel.Limits.Http2);
        kestrel.Listen(endPoint, listen =>
        {
            listen.Protocols = HttpProtocols.Http1AndHttp2;
            listen.Use(EndBadGreetings);
            listen.UseHttps(new TlsHandshakeCallbackOptions
            {
                HandshakeTimeout = TimeSpan.FromSeconds(10),
                OnConnection = _ => ValueTask.FromResult(new SslServerAuthenticationOptions
                {
                    ServerCertificateContext = certificate.Context, // whichever is current at this handshake
                    EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
                    ClientCertificateRequired = false,
                    AllowRenegotiation = false,
                }),
            });
            listen.Use(EndHandshake);
            listen.Use(FramingGuard.Around); // between TLS and HTTP/1; it steps aside for HTTP/2
        });
    }

    /// <summary>
    /// Whoever begins with something else than a whole TLS greeting makes the framework throw what it does not expect itself
    /// (no certificate, an index out of range); it would log that as an error of ours, as often as anybody likes.
    /// </summary>
    private static ConnectionDelegate EndBadGreetings(ConnectionDelegate next) => async connection =>
    {
        var handshake = new Handshake();
        connection.Features.Set(handshake);
        try
        {
            await next(connection);
        }
        catch (Exception) when (!handshake.IsOver)
        {
            connection.Abort();
        }
    };

    private static ConnectionDelegate EndHandshake(ConnectionDelegate next) => connection =>
    {
        connection.Features.GetRequiredFeature<Handshake>().IsOver = true;
        return next(connection);
    };

    /// <summary>
    /// Git uses one stream at a time and a browser a dozen, but a proxy puts many people's commands on one connection: each held
    /// command is a stream. Pings find out about dead peers, and keep what is silent on the way from forgetting a held command.
    /// </summary>
    private static void Bound(Http2Limits limits)
    {
        limits.MaxStreamsPerConnection = 100; // what RFC 9113 6.5.2 recommends at least; a proxy opens further connections
        limits.MaxRequestHeaderFieldSize = 16 * 1024;
        limits.HeaderTableSize = 4096;
        limits.MaxFrameSize = 16 * 1024;
        limits.InitialStreamWindowSize = 768 * 1024; // a push at full speed over 60 ms of round trip needs about as much
        limits.InitialConnectionWindowSize = 1024 * 1024; // all streams together hold no more unread
        limits.KeepAlivePingDelay = TimeSpan.FromSeconds(25); // below the idle limits of address translation on the way
        limits.KeepAlivePingTimeout = TimeSpan.FromSeconds(20);
    }

    private sealed class Handshake
    {
        public bool IsOver { get; set; }
    }
}
