namespace Countersign.Server.Web.Views;

/// <summary>One line to fill in, with a hint, and what is wrong with it.</summary>
/// <param name="Name">Of the field, in the form and for checks.</param>
/// <param name="Label">What people read.</param>
/// <param name="Value">What was typed; never a secret.</param>
/// <param name="Wrong">Beside the field; null when nothing is.</param>
/// <param name="Hint">What belongs there.</param>
internal sealed record FormField(string Name, string Label, string? Value, string? Wrong, string Hint)
{
    public string Type { get; init; } = "text";

    public string? InputMode { get; init; }

    public bool Required { get; init; }

    public int MaxLength { get; init; }
}

/// <summary>What is wrong with a field; nothing is shown when <paramref name="Text"/> is null.</summary>
internal sealed record FieldError(string Name, string? Text);
