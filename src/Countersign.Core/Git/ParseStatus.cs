namespace Countersign.Core.Git;

/// <summary>What an incremental parser says about the bytes it was shown.</summary>
public enum ParseStatus
{
    /// <summary>Well formed so far; show it the same bytes again with more behind them.</summary>
    NeedMore,

    /// <summary>Complete.</summary>
    Done,

    /// <summary>Not the protocol, or beyond its bounds. Final: more bytes do not help.</summary>
    Malformed,
}
