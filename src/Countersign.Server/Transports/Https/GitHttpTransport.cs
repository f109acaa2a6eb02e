using Countersign.Core.Git;
using Countersign.Server.Enforcement;
using Countersign.Server.Proxies;
using Countersign.Server.Upstreams;

namespace Countersign.Server.Transports.Https;

/// <summary>
/// Git over HTTPS, from the raw request to the enforcement point: classify, redirect, authenticate, read what is asked, enforce.
/// It stands before the web framework's routing, on the request target as it was received.
/// </summary>
internal sealed class GitHttpTransport(
    UpstreamStore upstreams, CommandRedirect redirect, GitAuthentication authentication, GitEnforcementPoint enforcement, GitHttpExchanges exchanges)
{
    /// <summary>True for Git's addresses; the rest is the web's.</summary>
    public bool Owns(string rawTarget) => GitHttpRequest.Owns(rawTarget, upstreams.Mounts);

    public async Task HandleAsync(HttpContext context)
    {
        switch (GitHttpRequest.Parse(context.Request.Method, RequestShape.RawTarget(context), context.Request.ContentType, upstreams.Mounts))
        {
            case GitHttpRequest.Valid request:
                await HandleAsync(context, request);
                break;
            case GitHttpRequest.Lfs:
                await GitHttpAnswer.TextAsync(context, StatusCodes.Status404NotFound, "Git LFS is not served here yet.");
                break;
            case GitHttpRequest.Refused { Token: { } token } when HttpMethods.IsGet(context.Request.Method):
                context.Response.Redirect($"/a/{token.Id}"); // people open the line that they see in the terminal
                break;
            case GitHttpRequest.Refused refused:
                await GitHttpAnswer.TextAsync(context, refused.Status, refused.Reason);
                break;
            default:
                await GitHttpAnswer.TextAsync(context, StatusCodes.Status404NotFound, "There is no Git repository at this address.");
                break;
        }
    }

    private async Task HandleAsync(HttpContext context, GitHttpRequest.Valid request)
    {
        var userAgent = RequestShape.UserAgent(context);
        var token = request.Token is { } given && redirect.IsGenuine(given, request.Repository) ? given : null;
        if (request.Endpoint == GitEndpoint.InfoRefs && token is null && redirect.IsShownBy(userAgent))
        {
            // Path only: where the client came from is where it goes, and no header can change that.
            context.Response.Headers.CacheControl = "no-cache";
            context.Response.Redirect($"/w/{redirect.Mint(request.Repository)}/scm/{request.Repository}.git/info/refs?service={GitHttpAnswer.WireName(request.Service)}");
            return;
        }

        if (await authentication.AuthenticateAsync(context) is not { } who)
        {
            return;
        }

        await EnforceAsync(context, request, new(
            who.Principal.Id, who.Principal.Name, who.Credential, new(request.Service, request.Repository),
            RequestOrigin.ClientOf(context), token, userAgent));
    }

    private async Task EnforceAsync(HttpContext context, GitHttpRequest.Valid request, CommandRequest command)
    {
        try
        {
            if (await exchanges.OpenAsync(context, request, command, context.RequestAborted) is { } exchange)
            {
                await using (exchange)
                {
                    await enforcement.HandleAsync(exchange, context.RequestAborted);
                }
            }
        }
        catch (OperationCanceledException)
        {
            context.Abort(); // the client has gone, or its access has ended: a half answer must not look like a whole one
        }
    }
}
