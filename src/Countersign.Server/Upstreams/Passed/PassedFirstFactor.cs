using System.Security.Cryptography;
using System.Text;
using Countersign.Core.Git;
using Countersign.Core.Identities;
using Countersign.Server.Audit;
using Countersign.Server.People;
using Microsoft.Extensions.Primitives;

namespace Countersign.Server.Upstreams.Passed;

/// <summary>How a passed credential fared.</summary>
/// <param name="Who">Who it is; null for nobody.</param>
/// <param name="Verdict">Why; null when nothing was asked, because there was nothing to ask about.</param>
internal sealed record PassedResult(AuthenticatedCredential? Who, HostVerdict? Verdict);

/// <summary>
/// The first factor where a Git host checks it: the person's own credential for the host, verified by the host itself before
/// anything is decided, held or asked. It is kept nowhere but in the request that carries it there.
/// </summary>
internal sealed partial class PassedFirstFactor(
    UpstreamPlaces places, UpstreamStore upstreams, HostVerdicts verdicts, HostNames names, ReportedCredentials reported, AuditKeys keys, ILogger<PassedFirstFactor> logger)
{
    /// <summary>Begins the id of every such credential; no access token's id begins so.</summary>
    public const string IdPrefix = "host-";

    private readonly byte[] idKey = HKDF.DeriveKey(HashAlgorithmName.SHA256, keys.SealKey.ToArray(), 32, info: "countersign passed credential id v1"u8.ToArray());

    /// <summary>Where the repository is, when that is a Git host that checks credentials itself; else null.</summary>
    public UpstreamPlace? PlaceOf(RepositoryPath repository) =>
        upstreams.AnyPassed && places.Find(repository) is { Upstream.Credentials: UpstreamCredentials.Passed } place ? place : null;

    public async Task<PassedResult> AuthenticateAsync(UpstreamPlace place, GitService service, StringValues authorization, ClientAddress client, CancellationToken cancellation)
    {
        if (PresentedCredential.Parse(authorization) is not { } credential)
        {
            return new(null, null);
        }

        var verdict = await verdicts.OfAsync(place, service, credential, client, cancellation);
        switch (verdict)
        {
            case HostVerdict.Open:
                Log.Open(logger, place.Upstream.Name, place.Path);
                break;
            case HostVerdict.Silent silent:
                Log.Silent(logger, place.Upstream.Name, silent.Why);
                break;
        }

        return new(verdict is HostVerdict.Known known ? WhoIs(place.Upstream, known.Name, credential) : null, verdict);
    }

    private AuthenticatedCredential? WhoIs(UpstreamDefinition upstream, string theirs, PresentedCredential credential)
    {
        if (names.Find(upstream, theirs) is not { } person)
        {
            return null;
        }

        var id = IdOf(upstream, person.Id, credential);
        return reported.Contains(id) ? null : new(person, new(id, $"{upstream.Name} password of {person.Name}")) { Passed = credential.Passed };
    }

    /// <summary>
    /// The same for the same secret of the same person at the same host, however it was written and whichever user name went
    /// with it: what was reported must not come back in another spelling.
    /// </summary>
    private string IdOf(UpstreamDefinition upstream, PrincipalId person, PresentedCredential credential) =>
        IdPrefix + Convert.ToHexStringLower(HMACSHA256.HashData(idKey, Encoding.UTF8.GetBytes($"{upstream.Name}\n{person}\n{Convert.ToHexString(credential.Secret)}"))[..16]);

    private static partial class Log
    {
        [LoggerMessage(5101, LogLevel.Warning, "The Git host {Upstream} shows {Path} to everybody, so it cannot tell who asks: configure an identity of header: or get:")]
        public static partial void Open(ILogger logger, string upstream, string path);

        [LoggerMessage(5102, LogLevel.Warning, "The Git host {Upstream} could not be asked about a credential: {Why}")]
        public static partial void Silent(ILogger logger, string upstream, string why);
    }
}
