using System.Reflection;
using Countersign.Server.People;
using Countersign.Server.Transports.Ssh;
using Countersign.Server.Transports.Tls;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Countersign.Server.Api;

/// <param name="Url">What people see.</param>
/// <param name="SetUp">There is an owner account.</param>
/// <param name="Certificate">The certificate of HTTPS at the gateway itself; null where it serves none.</param>
/// <param name="Ssh">The SSH server.</param>
internal sealed record InstanceView(string Version, string Url, bool SetUp, CertificateView? Certificate, SshServerView Ssh);

/// <param name="Expires">When the certificate in use ends.</param>
/// <param name="Defect">Why the files as they are now are not in use; null when they are.</param>
internal sealed record CertificateView(DateTimeOffset Expires, string? Defect);

/// <param name="Url">Opens once, within 30 minutes.</param>
internal sealed record SetupLinkView(string Url);

internal static class InstanceResource
{
    public static string Version { get; } =
        typeof(InstanceResource).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "unknown";

    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/instance", ShowAsync).For(ApiAccess.Administrator).WithTags("Instance")
            .WithName("instance").WithSummary("This gateway.");
        api.MapPost("/setup-link", IssueAsync).For(ApiAccess.LocalAdministrator).WithTags("Instance")
            .WithName("setupLink").WithSummary("A new one-time set-up link; the one before stops working. Only while nobody is there.");
    }

    private static async Task<Ok<InstanceView>> ShowAsync(GatewayOptions options, IPeople people, SshState ssh, HttpContext context, CancellationToken cancellation)
    {
        var certificate = context.RequestServices.GetService<ServerCertificate>()?.State;
        return TypedResults.Ok(new InstanceView(
            Version, options.Url.GetLeftPart(UriPartial.Authority), await people.AnyAsync(cancellation),
            certificate is null ? null : new(certificate.NotAfter, certificate.Defect), SshServerView.Of(ssh, options)));
    }

    private static async Task<Results<Ok<SetupLinkView>, ProblemHttpResult>> IssueAsync(
        ISetup setup, GatewayOptions options, CancellationToken cancellation) =>
        await setup.IssueLinkAsync(cancellation) is { } secret
            ? TypedResults.Ok(new SetupLinkView(LinkOf(options.Url, secret)))
            : Problems.Of(409, "already_set_up", "Set-up is done: sign in instead.");

    /// <summary>The link that opens the set-up page.</summary>
    public static string LinkOf(Uri url, string secret) => $"{url.GetLeftPart(UriPartial.Authority)}/setup?link={Uri.EscapeDataString(secret)}";
}
