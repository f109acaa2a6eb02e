namespace Countersign.Server.People;

/// <summary>An expected refusal: a stable code for the API and one sentence for a person. Never an exception.</summary>
/// <param name="Code">Stable; for programs.</param>
/// <param name="Message">One sentence.</param>
/// <param name="RetryAfter">How long to wait, where waiting helps.</param>
internal sealed record Refusal(string Code, string Message, TimeSpan? RetryAfter = null)
{
    /// <summary>The one input that is wrong, by its name in the API, for a form to show the sentence beside it; null when there is no such one.</summary>
    public string? Field { get; init; }
}

/// <summary>A value or a refusal.</summary>
internal readonly record struct Result<T>(T? Value, Refusal? Refusal)
{
    public static implicit operator Result<T>(T value) => new(value, null);

    public static implicit operator Result<T>(Refusal refusal) => new(default, refusal);
}
