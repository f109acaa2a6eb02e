using System.IO.Pipelines;
using System.Net;
using System.Net.Http.Headers;
using Countersign.Core.LargeFiles;
using Countersign.Server.Enforcement;
using Microsoft.Extensions.Options;

namespace Countersign.Server.Upstreams.SmartHttp;

/// <summary>The large files and locks of a Git host: its own LFS server below the repository's address there.</summary>
internal sealed class SmartHttpLfs(UpstreamPlaces places, UpstreamMessages messages, LfsHosts hosts, LocksSeen seen, IOptions<UpstreamsOptions> options, TimeProvider clock) : ILfsUpstream
{
    private const string MediaType = "application/vnd.git-lfs+json";

    public async Task<IReadOnlyList<LfsEntry>> BatchAsync(CommandRequest request, LfsBatch batch, CancellationToken cancellation)
    {
        var place = FindPlace(request);
        using var message = Message(HttpMethod.Post, place.Upstream, UpstreamAddress.Lfs(place, "objects", "batch"), request.Passed, batch.Write());
        var (status, document) = await CallAsync(place.Upstream, message, cancellation);
        return status == HttpStatusCode.OK && LfsHostAnswer.Read(document, batch, clock.GetUtcNow()) is { } entries
            ? [.. entries.Select(entry => hosts.Judge(place.Upstream, entry, request.Passed))]
            : throw new UpstreamUnavailableException($"The Git host {place.Upstream.Name} did not answer as a Git LFS server ({(int)status}).") { Detail = $"http {(int)status}", Untouched = true };
    }

    /// <summary>
    /// The host says whose lock it is only to who asks it, and it is not asked before the decision. With the gateway's own credential
    /// every lock is that account's, so the host would let anybody take any: each unlock may then be of somebody else's.
    /// </summary>
    public LfsWork Describe(CommandRequest request, LfsLockCall.Unlock call)
    {
        var known = seen.Find(request.Command.Repository, call.Id);
        var shared = FindPlace(request).Upstream.Credentials == UpstreamCredentials.Service;
        return call.Work with { Forced = call.Force || shared, Path = known?.Path, Owner = shared ? null : known?.Owner };
    }

    public string PlaceOf(CommandRequest request) => FindPlace(request) is { } place ? $"{place.Upstream.Name} {UpstreamPaths.Address(place.Upstream, place.Path)}" : "";

    public async Task<LfsReply> LockAsync(CommandRequest request, LfsLockCall call, CancellationToken cancellation)
    {
        var place = FindPlace(request);
        var address = call switch
        {
            LfsLockCall.List list => UpstreamAddress.LfsQuery(place, list.Query.ToString(), "locks"),
            LfsLockCall.Verify => UpstreamAddress.Lfs(place, "locks", "verify"),
            LfsLockCall.Create => UpstreamAddress.Lfs(place, "locks"),
            LfsLockCall.Unlock unlock => UpstreamAddress.Lfs(place, "locks", unlock.Id, "unlock"),
            _ => throw new ArgumentOutOfRangeException(nameof(call), call, null),
        };
        var body = call.Write();
        using var message = Message(body is null ? HttpMethod.Get : HttpMethod.Post, place.Upstream, address, request.Passed, body);
        var (status, document) = await CallAsync(place.Upstream, message, cancellation);
        seen.Remember(request.Command.Repository, LfsHostAnswer.LocksIn(document));
        return LfsHostAnswer.Rebuild(document) is { } json
            ? new((int)status, json, $"http {(int)status}", body?.Length ?? 0)
            : new((int)status, LfsDocument.Message($"The Git host {place.Upstream.Name} answered {(int)status}."), $"http {(int)status}", body?.Length ?? 0);
    }

    public async Task<Stream?> OpenAsync(CommandRequest request, LfsTransfer transfer, LfsRange range, CancellationToken cancellation)
    {
        var upstream = FindPlace(request).Upstream;
        var patience = new Patience(clock, cancellation);
        LfsHosts.Lease? lease = null;
        try
        {
            (lease, var message) = hosts.Open(upstream, transfer, HttpMethod.Get);
            using (message)
            {
                if (range.IsPart)
                {
                    message.Headers.Range = new(range.Offset, range.Offset + range.Length - 1);
                }

                patience.Begin(options.Value.AnswerSeconds);
                var answer = await lease.SendAsync(message, patience.Token);
                var content = await LfsContent.OpenAsync(answer, lease, patience, options.Value.IdleSeconds, range);
                return content ?? throw new UpstreamUnavailableException($"The Git host {upstream.Name} did not give the object ({(int)answer.StatusCode}).") { Detail = $"http {(int)answer.StatusCode}", Untouched = true };
            }
        }
        catch (Exception exception)
        {
            var failure = Failure(upstream, exception, patience, Stage.Waiting, cancellation);
            lease?.Dispose();
            patience.Dispose();
            throw failure;
        }
    }

    public async Task<LfsReply> StoreAsync(CommandRequest request, LfsTransfer transfer, PipeReader content, CancellationToken cancellation)
    {
        var upstream = FindPlace(request).Upstream;
        using var patience = new Patience(clock, cancellation);
        using var body = new LfsUpload(transfer.Object, content, patience, options.Value.AnswerSeconds);
        try
        {
            var (lease, message) = hosts.Open(upstream, transfer, HttpMethod.Put, body);
            using (lease)
            using (message)
            {
                using var answer = await lease.SendAsync(message, patience.Token);
                return Reply(upstream, answer.StatusCode, body.Bytes);
            }
        }
        catch (Exception) when (body.IsWrong && !cancellation.IsCancellationRequested)
        {
            return new(StatusCodes.Status422UnprocessableEntity, LfsDocument.Message("What came is not the object that was named, so it was not sent on whole."), "wrong content", body.Bytes);
        }
        catch (Exception exception) when (body.ClientLeft)
        {
            throw new OperationCanceledException("the client has gone", exception, cancellation);
        }
        catch (Exception exception)
        {
            throw Failure(upstream, exception, patience, Stage.Sending, cancellation);
        }
        finally
        {
            await body.EndAsync();
        }
    }

    public async Task<LfsReply> VerifyAsync(CommandRequest request, LfsTransfer transfer, CancellationToken cancellation)
    {
        var upstream = FindPlace(request).Upstream;
        using var patience = new Patience(clock, cancellation);
        try
        {
            var json = LfsDocument.Write(document =>
            {
                document.WriteString("oid", transfer.Object.Oid.Hex);
                document.WriteNumber("size", transfer.Object.Size);
            });
            var (lease, message) = hosts.Open(upstream, transfer, HttpMethod.Post, Json(json));
            using (lease)
            using (message)
            {
                patience.Begin(options.Value.AnswerSeconds);
                using var answer = await lease.SendAsync(message, patience.Token);
                return Reply(upstream, answer.StatusCode, json.Length);
            }
        }
        catch (Exception exception)
        {
            throw Failure(upstream, exception, patience, Stage.Waiting, cancellation);
        }
    }

    private async Task<(HttpStatusCode Status, byte[] Document)> CallAsync(UpstreamDefinition upstream, HttpRequestMessage message, CancellationToken cancellation)
    {
        using var patience = new Patience(clock, cancellation);
        try
        {
            using var client = hosts.TakeOwn(upstream);
            patience.Begin(options.Value.AnswerSeconds);
            using var answer = await client.SendAsync(message, patience.Token);
            if (answer.StatusCode is HttpStatusCode.Unauthorized or >= HttpStatusCode.InternalServerError or (>= HttpStatusCode.MultipleChoices and < HttpStatusCode.BadRequest)
                && UpstreamFailures.Of(upstream, answer, MediaType) is { } failure)
            {
                throw failure;
            }

            return (answer.StatusCode, await LfsHostAnswer.ReadAsync(answer.Content, patience.Token));
        }
        catch (Exception exception)
        {
            throw Failure(upstream, exception, patience, Stage.Waiting, cancellation);
        }
    }

    private HttpRequestMessage Message(HttpMethod method, UpstreamDefinition upstream, Uri address, PassedCredential? credential, byte[]? body)
    {
        var message = messages.Create(method, upstream, address, credential);
        message.Headers.TryAddWithoutValidation("Accept", MediaType);
        message.Content = body is null ? null : Json(body);
        return message;
    }

    private static ByteArrayContent Json(byte[] body) => new(body) { Headers = { ContentType = new MediaTypeHeaderValue(MediaType) } };

    /// <summary>Never the host's 401: Git would forget the password for the gateway.</summary>
    private static LfsReply Reply(UpstreamDefinition upstream, HttpStatusCode status, long bytes)
    {
        var (number, detail) = ((int)status, $"http {(int)status}");
        return number switch
        {
            >= 200 and < 300 => new(StatusCodes.Status200OK, "{}"u8.ToArray(), "ok", bytes),
            403 or 404 or 409 or 413 or 422 or 429 or 507 => new(number, Text(), detail, bytes),
            _ => new(StatusCodes.Status502BadGateway, Text(), detail, bytes),
        };

        byte[] Text() => LfsDocument.Message($"The Git host {upstream.Name} did not take the object ({number}).");
    }

    private static Exception Failure(UpstreamDefinition upstream, Exception exception, Patience patience, Stage stage, CancellationToken cancellation)
    {
        if (exception is UpstreamUnavailableException || cancellation.IsCancellationRequested)
        {
            return exception is OperationCanceledException or UpstreamUnavailableException ? exception : new OperationCanceledException("the client has gone", exception, cancellation);
        }

        var failure = UpstreamFailures.Of(upstream, exception, patience, stage);
        return new UpstreamUnavailableException(failure.Message, exception, failure.Failure) { Detail = failure.Detail };
    }

    private UpstreamPlace FindPlace(CommandRequest request) =>
        places.Find(request.Command.Repository) ?? throw new UpstreamUnavailableException($"{request.Command.Repository} is at no Git host.") { Untouched = true };
}
