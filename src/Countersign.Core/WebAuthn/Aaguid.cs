namespace Countersign.Core.WebAuthn;

/// <summary>The model of an authenticator (section 6.5.1). All zero: the authenticator does not say, or the browser hid it.</summary>
public readonly record struct Aaguid(Guid Value)
{
    public const int Length = 16;

    public static readonly Aaguid Zero;

    public bool IsZero => Value == Guid.Empty;

    /// <param name="bytes">16 bytes, in the order of the text.</param>
    public static Aaguid Read(ReadOnlySpan<byte> bytes) => new(new Guid(bytes[..Length], bigEndian: true));

    public static bool TryParse(string? text, out Aaguid aaguid)
    {
        var parsed = Guid.TryParseExact(text, "D", out var value);
        aaguid = new(value);
        return parsed;
    }

    public override string ToString() => Value.ToString("D");
}
