using Countersign.Core.Git;
using Countersign.Core.Policies;

namespace Countersign.Server.Policies;

/// <summary>Reads the whole file.</summary>
internal sealed class PolicyReader(PolicyErrors errors)
{
    private const int Version = 1;

    public PolicySet? Read(PolicyNode root)
    {
        if (root is not PolicyMap map)
        {
            errors.Add(root, $"a policy starts with 'version: {Version}', found {root.Description}");
            return null;
        }

        var fields = new PolicyFields(map, PolicyWords.FileKeys, errors);
        if (!fields.Has("version") || fields.Number("version") is { } version and not Version)
        {
            errors.Add(fields.Place("version"), $"write 'version: {Version}'; this is the only version there is");
        }

        if (!fields.Has("rules"))
        {
            errors.Add(map, "a policy needs rules; without one every command would be denied");
        }

        return new(fields.Word("mode", PolicyWords.Modes) ?? Mode.Enforce, Rules(fields))
        {
            Modes = Modes(fields),
            SshSecurityKeys = SshSecurityKeysReader.Read(fields, errors),
        };
    }

    private List<Rule> Rules(PolicyFields fields)
    {
        var rules = new List<Rule>();
        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var node in fields.Items("rules"))
        {
            if (node is not PolicyMap map)
            {
                errors.Add(node, $"a rule starts with 'name:', found {node.Description}");
                continue;
            }

            var rule = new PolicyFields(map, PolicyWords.RuleKeys, errors);
            rules.Add(new RuleReader(rule, errors).Read());
            if (rules[^1].Name.Length > 0 && !names.Add(rules[^1].Name))
            {
                errors.Add(rule.Place("name"), $"another rule is named '{PolicyScalar.Shown(rules[^1].Name)}' already");
            }
        }

        return rules;
    }

    private Dictionary<string, Mode> Modes(PolicyFields fields)
    {
        var modes = new Dictionary<string, Mode>();
        if (fields.Map("modes") is not { } map)
        {
            return modes;
        }

        foreach (var (key, value) in map.Entries)
        {
            var mode = fields.WordOf(value, PolicyWords.Modes);
            if (!RepositoryPattern.TryParse(key.Value, out var pattern, out _) || pattern.Workspace is null)
            {
                errors.Add(key, $"{key.Description} is no repository or workspace: write KEY/repository or KEY/*");
            }
            else if (!modes.TryAdd(pattern.ToString(), mode ?? Mode.Enforce))
            {
                errors.Add(key, $"'{pattern}' is written twice");
            }
        }

        return modes;
    }
}
