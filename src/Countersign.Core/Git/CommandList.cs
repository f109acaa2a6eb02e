namespace Countersign.Core.Git;

/// <summary>The lines of a push up to its first flush, taken one by one.</summary>
internal sealed class CommandList
{
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private int? _hexLength;

    public List<RefUpdate> Updates { get; } = [];

    public List<ObjectId> Shallow { get; } = [];

    /// <summary>Null until the first command.</summary>
    public PushCapabilities? Capabilities { get; private set; }

    /// <summary>Takes a line without its line feed; returns what is wrong with it, or null.</summary>
    public string? Add(string line)
    {
        // receive-pack looks for these words before anything else on a line, so we do too.
        if (line.StartsWith("shallow ", StringComparison.Ordinal))
        {
            return AddShallow(line["shallow ".Length..]);
        }

        if (line.StartsWith("push-cert", StringComparison.Ordinal))
        {
            return "signed pushes (git push --signed) are not supported yet; push without --signed";
        }

        var nul = line.IndexOf('\0', StringComparison.Ordinal);
        if (nul >= 0)
        {
            // receive-pack would take capabilities from any line; we have answered for those of the first one only.
            if (Capabilities is not null)
            {
                return "only the first ref may carry capabilities";
            }

            Capabilities = PushCapabilities.Parse(line.AsSpan(nul + 1), out var wrong);
            if (Capabilities is null)
            {
                return wrong;
            }

            line = line[..nul];
        }

        Capabilities ??= PushCapabilities.None;
        return AddUpdate(line);
    }

    private string? AddShallow(string hex)
    {
        if (Capabilities is not null || !ObjectId.TryParse(hex, out var id) || id.IsZero || !IsSameFormat(id))
        {
            return "a shallow line is malformed";
        }

        Shallow.Add(id);
        return Shallow.Count > ReceivePackRequest.MaxUpdates ? "the push has too many shallow lines" : null;
    }

    private string? AddUpdate(string line)
    {
        if (line.Split(' ', 3) is not [var first, var second, var rest]
            || !ObjectId.TryParse(first, out var old)
            || !ObjectId.TryParse(second, out var @new))
        {
            return "a ref update is malformed";
        }

        if (!RefName.TryParse(rest, out var name))
        {
            return $"not a ref name: {TerminalText.Line(rest.Length > 80 ? rest[..80] : rest)}";
        }

        var announced = Capabilities!.ObjectFormat == ObjectFormat.Sha256 ? 64 : 40;
        if (!IsSameFormat(old) || !IsSameFormat(@new) || old.Hex.Length != announced)
        {
            return "an object id does not fit the object format";
        }

        if (old.IsZero && @new.IsZero)
        {
            return $"{TerminalText.Line(name.Value)} goes from nothing to nothing";
        }

        if (!_names.Add(name.Value))
        {
            return $"{TerminalText.Line(name.Value)} is named twice";
        }

        Updates.Add(new(old, @new, name));
        return Updates.Count > ReceivePackRequest.MaxUpdates ? $"more than {ReceivePackRequest.MaxUpdates} refs in one push" : null;
    }

    private bool IsSameFormat(ObjectId id) => (_hexLength ??= id.Hex.Length) == id.Hex.Length;
}
