using Countersign.Core.Git;
using Countersign.Server.Enforcement;
using Countersign.Server.People;
using Countersign.Server.Proxies;
using Countersign.Server.Transports.Https;
using Countersign.Server.Upstreams;
using Microsoft.Extensions.Options;

namespace Countersign.Server.Transports.ForwardAuth;

/// <summary>
/// Decides and holds a request that a proxy then sends to the Git host by itself: nginx <c>auth_request</c>, Traefik and Caddy
/// forward-auth, Envoy <c>ext_authz</c> over HTTP. Answers 200, 401 (the first factor alone) or 403, which all of them understand.
/// </summary>
internal sealed class ForwardAuthTransport(
    UpstreamStore upstreams, UpstreamPlaces places, GitAuthentication authentication, GitEnforcementPoint enforcement, IOptions<HoldOptions> holds, RefusalText texts)
{
    public const string Address = "/forward-auth";

    /// <summary>Git's question whether it may send a big body: <c>0000</c>, which holds no ref (gitprotocol-http, probe request).</summary>
    private const string ProbeLength = "4";

    /// <summary>Only for trusted proxies; to everybody else there is nothing at this address.</summary>
    public static bool Owns(HttpContext context) =>
        RequestShape.RawTarget(context).StartsWith(Address, StringComparison.Ordinal)
        && RequestShape.RawTarget(context).AsSpan(Address.Length) is [] or ['/' or '?', ..]
        && RequestOrigin.Of(context).Claims is not null;

    public async Task HandleAsync(HttpContext context)
    {
        if (RequestOrigin.Of(context).Claims is not { NamesClient: true } claims)
        {
            await RefuseAsync(context, "The proxy must say in X-Forwarded-For whose request it is.");
        }
        else if (OriginalRequest.Read(context.Request.Method, RequestShape.RawTarget(context), claims) is not { } original)
        {
            await RefuseAsync(context, "The proxy must say in exactly one way which request it asks about.");
        }
        else if (Understand(original, context.Request.ContentType) is not var (command, phase))
        {
            await RefuseAsync(context, "This is no Git request in its plain spelling.");
        }
        else if (await authentication.AuthenticateAsync(context, command.Repository, command.Service) is { } who)
        {
            await EnforceAsync(context, who, command, phase);
        }
    }

    /// <summary>Null for what is refused. A list of refs may be one in any protocol version here: what the host will speak is not known.</summary>
    private (GitCommand Command, ExchangePhase Phase)? Understand(OriginalRequest original, string? contentType) =>
        GitHttpRequest.Parse(original.Method, original.Target, contentType, upstreams.Mounts) switch
        {
            GitHttpRequest.Valid { Token: null, Endpoint: GitEndpoint.InfoRefs } list
                when IsPlain(original, $"/info/refs?service={GitHttpAnswer.WireName(list.Service)}", list.Repository)
                => (Command(list.Service, list.Repository, HiddenRefs.Asked), ExchangePhase.RefList),
            GitHttpRequest.Valid { Token: null } call when IsPlain(original, $"/{GitHttpAnswer.WireName(call.Service)}", call.Repository)
                => (Command(call.Service, call.Repository, original.Length == ProbeLength ? HiddenRefs.Asked : HiddenRefs.Moved), ExchangePhase.Transfer),
            GitHttpRequest.Lfs { Token: null } files when LfsService(original.Method) is { } service && IsPlain(original, EndOfLfs(original.Target), files.Repository)
                => (Command(service, files.Repository, HiddenRefs.Asked), ExchangePhase.Transfer),
            _ => null,
        };

    private bool IsPlain(OriginalRequest original, string endOfRepository, RepositoryPath repository) =>
        CanonicalTarget.IsSpelledSo(original.Target, endOfRepository, repository, places.Find(repository)) && IsNoOthers(original.Target, repository);

    /// <summary>The host may read an address as the mount of another workspace, which here has a name of its own.</summary>
    private bool IsNoOthers(string target, RepositoryPath repository) =>
        upstreams.Mounts.Find(target.Split('?', 2)[0].Split('/').AsSpan(1)) is not { Repository: var mounted } || mounted == repository;

    private static GitCommand Command(GitService service, RepositoryPath repository, HiddenRefs hidden) =>
        new(service, repository) { Hidden = service == GitService.ReceivePack ? hidden : HiddenRefs.None };

    /// <summary>A batch says in its body whether it downloads or uploads, and bodies are not seen here: it counts as a write.</summary>
    private static GitService? LfsService(string method) => method switch
    {
        "GET" or "HEAD" => GitService.UploadPack,
        "POST" or "PUT" or "DELETE" => GitService.ReceivePack,
        _ => null,
    };

    private static string EndOfLfs(string target) => target[Math.Max(0, target.IndexOf("/info/lfs/", StringComparison.Ordinal))..];

    private async Task EnforceAsync(HttpContext context, AuthenticatedCredential who, GitCommand command, ExchangePhase phase)
    {
        var request = new CommandRequest(
            who.Principal.Id, who.Principal.Name, who.Credential, command, RequestOrigin.ClientOf(context), null, RequestShape.UserAgent(context))
        {
            Passed = who.Passed,
        };
        try
        {
            await enforcement.HandleAsync(new ForwardAuthExchange(context, request, phase, holds.Value, texts), context.RequestAborted);
        }
        catch (OperationCanceledException)
        {
            context.Abort(); // the client or its proxy has gone, or its access has ended
        }
    }

    private static Task RefuseAsync(HttpContext context, string reason) =>
        GitHttpAnswer.TextAsync(context, StatusCodes.Status403Forbidden, reason);
}
