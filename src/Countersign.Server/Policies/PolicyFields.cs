using System.Globalization;

namespace Countersign.Server.Policies;

/// <summary>
/// One mapping of the file, read strictly: unknown and repeated keys are errors, and each value is asked for by its type.
/// Where a value is wrong the error is noted and null (or nothing) comes back, so that all errors of a file are found in one go.
/// </summary>
internal sealed class PolicyFields
{
    private const int MaxItems = 1000;
    private readonly Dictionary<string, PolicyNode> values = new(StringComparer.Ordinal);
    private readonly PolicyErrors errors;

    public PolicyFields(PolicyMap map, IReadOnlyList<string> known, PolicyErrors errors)
    {
        this.errors = errors;
        Whole = map;
        foreach (var (key, value) in map.Entries)
        {
            if (!known.Contains(key.Value))
            {
                errors.Add(key, $"unknown key {key.Description}{NearestWord.Hint(key.Value, known)}");
            }
            else if (!values.TryAdd(key.Value, value))
            {
                errors.Add(key, $"'{key.Value}' is written twice");
            }
        }
    }

    public PolicyMap Whole { get; }

    public bool Has(string key) => values.ContainsKey(key);

    /// <summary>Where to say that something is wrong with a key's value; the mapping itself when the key is not there.</summary>
    public PolicyNode Place(string key) => values.GetValueOrDefault(key, Whole);

    /// <summary>A mapping of its own.</summary>
    public PolicyFields? Fields(string key, IReadOnlyList<string> known)
    {
        var map = Map(key);
        return map is null ? null : new(map, known, errors);
    }

    /// <summary>A mapping with keys of the author's choice.</summary>
    public PolicyMap? Map(string key) => Expect<PolicyMap>(key, "keys and values");

    public PolicyScalar? Text(string key) => Expect<PolicyScalar>(key, "one value");

    public T? Word<T>(string key, IReadOnlyDictionary<string, T> words)
        where T : struct => Text(key) is { } text ? WordOf(text, words) : null;

    public T? WordOf<T>(PolicyNode node, IReadOnlyDictionary<string, T> words)
        where T : struct
    {
        if (node is PolicyScalar text && words.TryGetValue(text.Value, out var value))
        {
            return value;
        }

        errors.Add(node, node is PolicyScalar scalar
            ? $"{scalar.Description} is not known here{NearestWord.Hint(scalar.Value, words.Keys)}"
            : $"expected one of {string.Join(", ", words.Keys)}, found {node.Description}");
        return null;
    }

    public bool? Truth(string key)
    {
        if (Text(key) is not { } text)
        {
            return null;
        }

        if (text is { IsPlain: true, Value: "true" or "false" })
        {
            return text.Value == "true";
        }

        errors.Add(text, $"'{key}' is true or false, found {text.Description}");
        return null;
    }

    public int? Number(string key)
    {
        if (Text(key) is not { } text)
        {
            return null;
        }

        if (text.IsPlain && text.Value.All(char.IsAsciiDigit) && int.TryParse(text.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return number;
        }

        errors.Add(text, $"'{key}' is a number, found {text.Description}");
        return null;
    }

    /// <summary>What a rule's list names, without repetitions.</summary>
    public IReadOnlyList<T> List<T>(string key, Func<PolicyScalar, T?> read)
        where T : class => Distinct(key, text => read(text) is { } value ? (true, value) : (false, default!));

    public IReadOnlySet<T> Set<T>(string key, Func<PolicyScalar, T?> read)
        where T : struct => Distinct(key, text => read(text) is { } value ? (true, value) : (false, default)).ToHashSet();

    public IReadOnlySet<T> Set<T>(string key, IReadOnlyDictionary<string, T> words)
        where T : struct => Set(key, text => WordOf(text, words));

    /// <summary>
    /// The items of a list. An empty one is refused: in the rules no condition matches everything, which is the opposite of
    /// what <c>people: []</c> seems to say.
    /// </summary>
    public IReadOnlyList<PolicyNode> Items(string key)
    {
        var list = Expect<PolicyList>(key, "a list, like [one, two]");
        if (list is { Items.Count: 0 })
        {
            errors.Add(list, $"'{key}' is an empty list; name at least one");
        }

        if (list is { Items.Count: > MaxItems })
        {
            errors.Add(list, $"'{key}' has more than {MaxItems} items");
            return [];
        }

        return list?.Items ?? [];
    }

    private List<T> Distinct<T>(string key, Func<PolicyScalar, (bool Read, T Value)> read)
    {
        var values = new List<T>();
        foreach (var item in Items(key))
        {
            if (item is not PolicyScalar text)
            {
                errors.Add(item, $"expected one value in '{key}', found {item.Description}");
            }
            else if (read(text) is (true, var value))
            {
                if (values.Contains(value))
                {
                    errors.Add(item, $"{item.Description} is listed twice");
                }

                values.Add(value);
            }
        }

        return values;
    }

    private T? Expect<T>(string key, string expected)
        where T : PolicyNode
    {
        if (!values.TryGetValue(key, out var node))
        {
            return null;
        }

        if (node is T wanted && node is not PolicyScalar { Value.Length: 0 })
        {
            return wanted;
        }

        errors.Add(node, $"'{key}' takes {expected}, found {node.Description}");
        return null;
    }
}
