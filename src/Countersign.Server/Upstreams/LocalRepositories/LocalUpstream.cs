using System.Buffers;
using System.IO.Pipelines;
using Countersign.Core.Git;
using Countersign.Server.Enforcement;

namespace Countersign.Server.Upstreams.LocalRepositories;

/// <summary>Bare repositories on this machine, each request served by one <c>git upload-pack</c> or <c>git receive-pack</c>.</summary>
internal sealed class LocalUpstream(GitExecutable git, LocalRepositoryStore store, ProcessSlots slots, Quarantine quarantine, IncomingObjects incoming) : IUpstream
{
    private const string ClientLeft = "client left";

    // Seconds in which a client neither says nor takes anything: it is alive (sshd sees to that), but others want its place.
    private const string ConversationTimeout = "--timeout=600";

    public bool Inspects(RepositoryPath repository) => true;

    public bool FindsPackEnd(RepositoryPath repository) => true;

    public async Task<ForwardOutcome> AdvertiseAsync(UpstreamRequest request, PipeWriter answer, CancellationToken cancellation)
    {
        var command = request.Command;
        var version = VersionFor(request);
        var preface = new ArrayBufferWriter<byte>();
        if (version < 2)
        {
            AdvertisementAnswer.WriteService(preface, command.Service);
        }

        try
        {
            using var slot = await slots.AcquireAsync(cancellation);
            await using var child = Start(command, version, "--http-backend-info-refs");
            await child.Input.DisposeQuietlyAsync();
            var pump = new AnswerPump(child.Output, answer) { Preface = preface.WrittenMemory };
            if (await pump.RunAsync(cancellation) != PumpEnd.Complete)
            {
                return new(false, 0, pump.Bytes, ClientLeft);
            }

            var exit = await child.WaitAsync(cancellation);
            var detail = await DetailAsync(child, exit, cancellation);
            return pump.Bytes > 0
                ? new(exit == 0, 0, pump.Bytes, detail)
                : throw new UpstreamUnavailableException($"The repository {command.Repository} cannot be read ({detail}).");
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return new(false, 0, 0, ClientLeft);
        }
    }

    public async Task<ForwardOutcome> ForwardAsync(UpstreamRequest request, PipeReader body, PipeWriter answer, CancellationToken cancellation)
    {
        var command = request.Command;
        try
        {
            using var slot = await slots.AcquireAsync(cancellation);
            using var push = command.Service == GitService.ReceivePack ? incoming.Enter(store.Locate(command.Repository)) : null;
            await using var child = Start(command, VersionFor(request));
            return await ExchangeAsync(command, child, body, answer, cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return new(false, 0, 0, ClientLeft);
        }
    }

    public async Task<ForwardOutcome> ConverseAsync(UpstreamRequest request, PipeReader client, PipeWriter answer, CancellationToken cancellation)
    {
        var command = request.Command;
        try
        {
            using var slot = await slots.AcquireAsync(cancellation);
            await using var child = Start(store.Locate(command.Repository), request.ProtocolVersion, command.Service switch
            {
                GitService.UploadPack => ["upload-pack", "--strict", ConversationTimeout],
                GitService.UploadArchive => ["upload-archive"],
                _ => throw new UpstreamUnavailableException("A push is not carried as a conversation.") { Untouched = true },
            });
            var outcome = await ExchangeAsync(command, child, client, answer, cancellation);
            return outcome is { Succeeded: false, BytesOut: 0, Detail: not ClientLeft }
                ? throw new UpstreamUnavailableException($"The repository {command.Repository} cannot be read ({outcome.Detail}).") { Detail = outcome.Detail }
                : outcome;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return new(false, 0, 0, ClientLeft);
        }
    }

    public async Task<IReadOnlyList<RefUpdate>> InspectAsync(UpstreamRequest request, Stream? pack, CancellationToken cancellation)
    {
        var folder = store.Locate(request.Command.Repository);
        using var slot = await slots.AcquireAsync(cancellation);
        return await quarantine.InspectAsync(folder, request.Command.Updates, pack, cancellation);
    }

    private static async Task<ForwardOutcome> ExchangeAsync(
        GitCommand command, GitProcess child, PipeReader body, PipeWriter answer, CancellationToken cancellation)
    {
        var report = command.Service == GitService.ReceivePack ? new PushReport() : null;
        var upload = new RequestPump(body, child.Input);
        var download = new AnswerPump(child.Output, answer) { Report = report };
        ForwardOutcome Left() => new(false, upload.Bytes, download.Bytes, ClientLeft);

        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var uploading = upload.RunAsync(ending.Token);
        var downloading = download.RunAsync(ending.Token);
        try
        {
            // A broken upload ends all at once: disposing the child, not the end of its input, is what it gets to see.
            if (await Task.WhenAny(uploading, downloading) == uploading && await uploading == PumpEnd.ClientLeft)
            {
                return Left();
            }

            if (await downloading != PumpEnd.Complete)
            {
                return Left();
            }

            var exit = await child.WaitAsync(cancellation);
            var detail = await DetailAsync(child, exit, cancellation);
            if (report is null || exit != 0)
            {
                return new(exit == 0, upload.Bytes, download.Bytes, detail);
            }

            var (succeeded, word) = report.Judge(command.Updates.Count);
            return new(succeeded, upload.Bytes, download.Bytes, word) { Untouched = report is { Seen: true, Accepted: 0 } };
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return Left();
        }
        finally
        {
            // Both copies touch what belongs to the caller; neither goes on after this method. The child first: a write
            // to it may be blocked.
            await child.EndAsync();
            await ending.CancelAsync();
            await Task.WhenAll(uploading, downloading);
        }
    }

    private static async Task<string> DetailAsync(GitProcess child, int exit, CancellationToken cancellation)
    {
        var error = exit == 0 ? "" : await child.ErrorAsync(cancellation);
        return exit == 0 ? "ok" : error.Length == 0 ? $"exit {exit}" : $"exit {exit}: {error}";
    }

    // Pushing has no version 2 (gitprotocol-v2); git answers as if the client had asked for 0.
    private static int VersionFor(UpstreamRequest request) =>
        request.Command.Service == GitService.ReceivePack && request.ProtocolVersion == 2 ? 0 : request.ProtocolVersion;

    private GitProcess Start(GitCommand command, int version, params ReadOnlySpan<string> options) =>
        Start(store.Locate(command.Repository), version, command.Service switch
        {
            GitService.UploadPack => ["upload-pack", "--strict", "--stateless-rpc", .. options],
            GitService.ReceivePack => ["receive-pack", "--stateless-rpc", .. options],
            _ => throw new UpstreamUnavailableException("git archive --remote is served over SSH only."),
        });

    private GitProcess Start(string folder, int version, ReadOnlySpan<string> arguments)
    {
        var start = git.Command(folder, [.. arguments, folder]);
        if (version > 0)
        {
            start.Environment["GIT_PROTOCOL"] = $"version={version}";
        }

        return GitProcess.Start(git, start);
    }
}
