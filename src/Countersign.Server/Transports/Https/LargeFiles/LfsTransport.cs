using System.Buffers;
using Countersign.Core.Git;
using Countersign.Core.LargeFiles;
using Countersign.Server.Enforcement;
using Countersign.Server.Proxies;

namespace Countersign.Server.Transports.Https.LargeFiles;

/// <summary>Git LFS over HTTPS, from the classified request to the enforcement point: who asks, then what, then enforce.</summary>
internal sealed class LfsTransport(
    LfsAuthentication authentication, TransferTokens tokens, CredentialRejections rejections, GitEnforcementPoint enforcement, LfsExchanges exchanges)
{
    public Task HandleAsync(HttpContext context, GitHttpRequest.Lfs request) =>
        request.Call.Oid is null ? CallAsync(context, request) : TransferAsync(context, request);

    /// <summary>Batches and locks: the person's own credential, and a document.</summary>
    private async Task CallAsync(HttpContext context, GitHttpRequest.Lfs request)
    {
        if (await authentication.AuthenticateAsync(context, request.Repository) is not var (who, mayWrite))
        {
            return;
        }

        if (context.Request.Headers.ContentEncoding.Count > 0)
        {
            await LfsAnswer.MessageAsync(context, StatusCodes.Status415UnsupportedMediaType, "Content-Encoding is not taken here.");
            return;
        }

        if (await ReadAsync(context) is not { } document)
        {
            await LfsAnswer.MessageAsync(context, StatusCodes.Status413PayloadTooLarge, "The request is too large.");
            return;
        }

        var command = new CommandRequest(
            who.Principal.Id, who.Principal.Name, who.Credential, new(GitService.UploadPack, request.Repository),
            RequestOrigin.ClientOf(context), null, RequestShape.UserAgent(context)) { Passed = who.Passed };
        if (exchanges.Open(context, request.Call, command, document, out var error) is { } exchange)
        {
            await (mayWrite || exchange.Request.Command.Class == OperationClass.Read
                ? EnforceAsync(context, exchange)
                : LfsAnswer.MessageAsync(context, StatusCodes.Status403Forbidden, "This SSH sign-in is for downloads only."));
        }
        else
        {
            await LfsAnswer.MessageAsync(context, StatusCodes.Status422UnprocessableEntity, $"Malformed request: {error}.");
        }
    }

    /// <summary>
    /// One object: the token of a batch says everything, and the request must be exactly that. Wrong tokens look alike: expired, for
    /// another object, repository, action or address, or never sealed here.
    /// </summary>
    private async Task TransferAsync(HttpContext context, GitHttpRequest.Lfs request)
    {
        var client = RequestOrigin.ClientOf(context);
        var given = AuthorizationHeader.Parse(context.Request.Headers.Authorization) is { UserName: null, Secret: var secret } ? tokens.Open(secret) : null;
        if (given is not { } token || !IsFor(token, request) || token.Network != client.Network)
        {
            await rejections.RecordAsync(null, client);
            await RefuseTransferAsync(context);
            return;
        }

        var who = new CommandRequest(
            token.PrincipalId, token.PrincipalName, token.Credential, new(GitService.UploadPack, token.Repository), client, null, RequestShape.UserAgent(context));
        await (exchanges.Open(context, token, who) is { } exchange ? EnforceAsync(context, exchange) : RefuseTransferAsync(context));
    }

    private static bool IsFor(TransferToken token, GitHttpRequest.Lfs request) =>
        token.Repository == request.Repository
        && token.Transfer.Object.Oid == request.Call.Oid
        && token.Transfer.Action == request.Call.Endpoint switch
        {
            LfsEndpoint.Download => LfsAction.Download,
            LfsEndpoint.Upload => LfsAction.Upload,
            _ => LfsAction.Verify,
        };

    private static async Task RefuseTransferAsync(HttpContext context)
    {
        context.Response.Headers.Connection = "close"; // what else comes on this connection may be a body that nobody asked for
        await LfsAnswer.MessageAsync(context, StatusCodes.Status403Forbidden, "This transfer is not allowed, or not any more. Run the command again.");
    }

    private async Task EnforceAsync(HttpContext context, LfsExchange exchange)
    {
        try
        {
            await enforcement.HandleAsync(exchange, context.RequestAborted);
        }
        catch (OperationCanceledException)
        {
            context.Abort(); // the client has gone, or its access has ended: a half answer must not look like a whole one
        }
    }

    /// <summary>The whole body; null when it is larger than any document may be.</summary>
    private static async Task<ReadOnlyMemory<byte>?> ReadAsync(HttpContext context)
    {
        var body = context.Request.BodyReader;
        while (true)
        {
            var result = await body.ReadAsync(context.RequestAborted);
            if (result.Buffer.Length > LfsBatch.MaxBytes)
            {
                body.AdvanceTo(result.Buffer.End);
                return null;
            }

            if (result.IsCompleted)
            {
                var bytes = result.Buffer.ToArray();
                body.AdvanceTo(result.Buffer.End);
                return bytes;
            }

            body.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        }
    }
}
