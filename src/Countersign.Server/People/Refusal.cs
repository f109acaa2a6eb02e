namespace Countersign.Server.People;

/// <summary>An expected refusal: a stable code for the API and one sentence for a person. Never an exception.</summary>
internal sealed record Refusal(string Code, string Message);

/// <summary>A value or a refusal.</summary>
internal readonly record struct Result<T>(T? Value, Refusal? Refusal)
{
    public static implicit operator Result<T>(T value) => new(value, null);

    public static implicit operator Result<T>(Refusal refusal) => new(default, refusal);
}
