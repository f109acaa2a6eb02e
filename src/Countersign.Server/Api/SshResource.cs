using Countersign.Server.Transports.Ssh;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Countersign.Server.Api;

/// <param name="Url">What the addresses of all repositories begin with; KEY/REPO.git follows after a slash. Null while SSH is not served.</param>
/// <param name="HostKeys">To compare with what ssh shows at the first connection.</param>
internal sealed record SshView(string? Url, IReadOnlyList<HostKeyView> HostKeys)
{
    public static SshView Of(SshState state) => new(state.Facts?.Url, [.. (state.Facts?.HostKeys ?? []).Select(key => new HostKeyView(key.Type, key.Fingerprint))]);
}

/// <param name="Type">ED25519, ECDSA or RSA.</param>
/// <param name="Fingerprint">SHA256: and unpadded base64.</param>
internal sealed record HostKeyView(string Type, string Fingerprint);

/// <param name="Address">Where sshd listens; null while SSH is not served.</param>
/// <param name="Server">sshd's version.</param>
/// <param name="Reason">Why SSH is not served.</param>
/// <param name="Asked">An operator has said where it is to be served.</param>
internal sealed record SshServerView(string? Address, string? Server, string? Reason, bool Asked)
{
    public static SshServerView Of(SshState state, GatewayOptions options) =>
        state.Facts is { } facts ? new(state.Address?.ToString(), facts.Version, null, options.IsSshAsked) : new(null, null, state.Reason, options is { IsSshAsked: true, Ssh: not null });
}

internal static class SshResource
{
    public static void Map(RouteGroupBuilder api) =>
        api.MapGet("/ssh", Show).For(ApiAccess.SignedIn).WithTags("Instance")
            .WithName("ssh").WithSummary("Git over SSH: where, and the host keys' fingerprints.");

    private static Ok<SshView> Show(SshState state) => TypedResults.Ok(SshView.Of(state));
}
