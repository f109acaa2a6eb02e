using System.Buffers;
using Countersign.Core.Git;

namespace Countersign.Server.Transports.Https;

/// <summary>What a push says before its pack, for <see cref="BodyHead"/>.</summary>
/// <param name="Request">Every ref, capability and option.</param>
/// <param name="Length">Bytes before the pack.</param>
internal sealed record PushHead(ReceivePackRequest Request, long Length)
{
    public static ParseStatus TryParse(in ReadOnlySequence<byte> bytes, out PushHead? head, out string error)
    {
        var status = ReceivePackRequest.TryParse(bytes, out var request, out var length, out error);
        head = status == ParseStatus.Done && request is not null ? new(request, length) : null;
        return status;
    }
}
