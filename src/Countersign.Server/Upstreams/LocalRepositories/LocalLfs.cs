using System.Globalization;
using System.IO.Pipelines;
using System.Text.Json;
using Countersign.Core.LargeFiles;
using Countersign.Server.Enforcement;
using Microsoft.Extensions.Options;

namespace Countersign.Server.Upstreams.LocalRepositories;

/// <summary>Git LFS for repositories on this machine.</summary>
internal sealed class LocalLfs(LfsObjects objects, LfsLocks locks, IOptions<LfsOptions> options) : ILfsUpstream, IDisposable
{
    private readonly SemaphoreSlim uploads = new(options.Value.MaxUploads);

    public Task<IReadOnlyList<LfsEntry>> BatchAsync(CommandRequest request, LfsBatch batch, CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<LfsEntry>>([.. batch.Objects.Select(asked => Entry(request, asked, batch.IsUpload))]);

    /// <summary>A lock's id is random and its owner never changes, so what is true here is true when it is done.</summary>
    public LfsWork Describe(CommandRequest request, LfsLockCall.Unlock call) => locks.Find(request.Command.Repository, call.Id) switch
    {
        null => LfsWork.Of(LfsVerb.Unlock, call.Id),
        var found => LfsWork.Of(LfsVerb.Unlock, call.Id) with
        {
            Forced = call.Force && found.Owner != request.PrincipalId.ToString(),
            Path = found.Path,
            Owner = found.OwnerName,
        },
    };

    public string PlaceOf(CommandRequest request) => "";

    public async Task<LfsReply> LockAsync(CommandRequest request, LfsLockCall call, CancellationToken cancellation) => call switch
    {
        LfsLockCall.List list => List(request, list.Query),
        LfsLockCall.Verify verify => Verify(request, new() { Cursor = verify.Cursor, Limit = verify.Limit }),
        LfsLockCall.Create create => await CreateAsync(request, create),
        LfsLockCall.Unlock unlock => await UnlockAsync(request, unlock),
        _ => Refuse(StatusCodes.Status404NotFound, "There is no such call."),
    };

    public Task<Stream?> OpenAsync(CommandRequest request, LfsTransfer transfer, LfsRange range, CancellationToken cancellation) =>
        Task.FromResult(objects.Open(request.Command.Repository, transfer.Object, range.Offset));

    public async Task<LfsReply> StoreAsync(CommandRequest request, LfsTransfer transfer, PipeReader content, CancellationToken cancellation)
    {
        await uploads.WaitAsync(cancellation);
        try
        {
            var (result, bytes) = await objects.TakeAsync(request.Command.Repository, transfer.Object, content, cancellation);
            return result switch
            {
                LfsIntake.Kept => new(StatusCodes.Status200OK, ReadOnlyMemory<byte>.Empty, "ok", bytes),
                LfsIntake.DiskFull => Refuse(StatusCodes.Status507InsufficientStorage, "The disk of the gateway is full, so nothing was kept. Tell your administrator.", "disk full", bytes),
                _ => Refuse(StatusCodes.Status422UnprocessableEntity, "What came is not the object that was named, so nothing was kept.", "wrong content", bytes),
            };
        }
        finally
        {
            uploads.Release();
        }
    }

    public Task<LfsReply> VerifyAsync(CommandRequest request, LfsTransfer transfer, CancellationToken cancellation) => Task.FromResult(
        objects.Has(request.Command.Repository, transfer.Object)
            ? new LfsReply(StatusCodes.Status200OK, "{}"u8.ToArray(), "ok")
            : Refuse(StatusCodes.Status404NotFound, "The object has not arrived.", "not found"));

    public void Dispose() => uploads.Dispose();

    private LfsEntry Entry(CommandRequest request, LfsObject asked, bool upload) => (objects.Has(request.Command.Repository, asked), upload) switch
    {
        (true, false) => new(asked) { Actions = [new(LfsAction.Download, asked, null)] },
        (false, false) => new(asked) { Error = (404, "The object is not here.") },
        (true, true) => new(asked),
        _ when asked.Size > options.Value.MaxObjectBytes => new(asked) { Error = (422, $"The object is larger than {options.Value.MaxObjectBytes} bytes (Lfs:MaxObjectBytes).") },
        _ => new(asked) { Actions = [new(LfsAction.Upload, asked, null), new(LfsAction.Verify, asked, null)] },
    };

    private LfsReply List(CommandRequest request, LfsLockQuery query) => locks.List(request.Command.Repository, query) is var (page, next)
        ? new(StatusCodes.Status200OK, LfsDocument.Write(json =>
        {
            WriteAll(json, "locks", page);
            WriteNext(json, next);
        }), "ok")
        : Refuse(StatusCodes.Status422UnprocessableEntity, "The cursor is not one of this server.");

    private LfsReply Verify(CommandRequest request, LfsLockQuery query) => locks.List(request.Command.Repository, query) is var (page, next)
        ? new(StatusCodes.Status200OK, LfsDocument.Write(json =>
        {
            var own = page.ToLookup(each => each.Owner == request.PrincipalId.ToString());
            WriteAll(json, "ours", own[true]);
            WriteAll(json, "theirs", own[false]);
            WriteNext(json, next);
        }), "ok")
        : Refuse(StatusCodes.Status422UnprocessableEntity, "The cursor is not one of this server.");

    private async Task<LfsReply> CreateAsync(CommandRequest request, LfsLockCall.Create create)
    {
        var (found, isNew) = await locks.CreateAsync(request.Command.Repository, create.Path, request.PrincipalId, request.PrincipalName);
        return new(isNew ? StatusCodes.Status201Created : StatusCodes.Status409Conflict, LfsDocument.Write(json =>
        {
            json.WritePropertyName("lock");
            Write(json, found);
            if (!isNew)
            {
                json.WriteString("message", $"{found.OwnerName} has locked {found.Path} already.");
            }
        }), isNew ? "locked" : "locked already");
    }

    // What was decided on is done: not what the client calls forced, but what was asked about as such.
    private async Task<LfsReply> UnlockAsync(CommandRequest request, LfsLockCall.Unlock unlock) =>
        await locks.RemoveAsync(request.Command.Repository, unlock.Id, request.PrincipalId, request.Command.Lfs is { Forced: true }) switch
        {
            null => Refuse(StatusCodes.Status404NotFound, "There is no such lock."),
            (var found, false) => Refuse(StatusCodes.Status403Forbidden, $"{found.OwnerName} has locked {found.Path}; git lfs unlock --force takes it away."),
            (var found, true) => new(StatusCodes.Status200OK, LfsDocument.Write(json =>
            {
                json.WritePropertyName("lock");
                Write(json, found);
            }), $"unlocked {found.Path} of {found.OwnerName}"),
        };

    private static LfsReply Refuse(int status, string message, string detail = "refused", long bytes = 0) => new(status, LfsDocument.Message(message), detail, bytes);

    private static void WriteAll(Utf8JsonWriter json, string name, IEnumerable<LfsLock> found)
    {
        json.WriteStartArray(name);
        foreach (var each in found)
        {
            Write(json, each);
        }

        json.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter json, LfsLock found)
    {
        json.WriteStartObject();
        json.WriteString("id", found.Id);
        json.WriteString("path", found.Path);
        json.WriteString("locked_at", found.At.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
        json.WriteStartObject("owner");
        json.WriteString("name", found.OwnerName);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteNext(Utf8JsonWriter json, string? next)
    {
        if (next is not null)
        {
            json.WriteString("next_cursor", next);
        }
    }
}
