namespace Countersign.Core.Policies;

/// <summary>How far the rules bite.</summary>
public enum Mode
{
    /// <summary>Rules are not asked.</summary>
    Off,

    /// <summary>Commands go through; what the rules would have said is recorded.</summary>
    Report,

    Enforce,
}
