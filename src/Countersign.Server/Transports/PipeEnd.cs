using System.IO.Pipelines;
using System.IO.Pipes;

namespace Countersign.Server.Transports;

/// <summary>An output whose far end is a pipe of the operating system: what comes out of another such pipe can go there without being copied.</summary>
internal abstract class PipeEnd : PipeWriter
{
    /// <summary>Moves what comes out of the pipe until its end, behind everything that was flushed. Never at the same time as a write.</summary>
    /// <param name="from">Its reading end, which nobody else reads and which is closed when this ends.</param>
    /// <param name="moved">Is told of every so many bytes, on another thread.</param>
    /// <param name="cancellation">Ends it at once.</param>
    public abstract Task<MoveEnd> MoveAsync(PipeStream from, Action<long> moved, CancellationToken cancellation);
}

/// <summary>How a move from one pipe to another ended.</summary>
internal enum MoveEnd
{
    /// <summary>Everything was moved, to the source's end.</summary>
    Complete,

    /// <summary>Nobody reads the other pipe any more.</summary>
    TargetGone,
    Cancelled,
}
