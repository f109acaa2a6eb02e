using System.Buffers;
using Countersign.Core.Challenges;
using Countersign.Core.Git;
using Countersign.Core.Policies;

namespace Countersign.Server.Policies;

/// <summary>Reads one rule. What could never match or never be satisfied is an error: such a rule protects nothing, or locks everyone out.</summary>
internal sealed class RuleReader(PolicyFields fields, PolicyErrors errors)
{
    private static readonly SearchValues<char> NameCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._- ");

    private static readonly string[] OnlyWithRequire = ["require", "grant"];
    private static readonly SearchValues<char> PersonCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789._-");

    public Rule Read()
    {
        var rule = new Rule(Name(), fields.Word("effect", PolicyWords.Effects) ?? Effect.Require)
        {
            Operations = fields.Set("operations", PolicyWords.Operations),
            Repositories = fields.List("repositories", Repository),
            Refs = fields.List("refs", Ref),
            Changes = fields.Set("changes", PolicyWords.Changes),
            Forced = fields.Truth("forced"),
            Roles = fields.Set("roles", PolicyWords.Roles),
            People = fields.List("people", Person).ToHashSet(),
            Requirement = fields.Fields("require", PolicyWords.RequireKeys) is { } require ? Requirement(require) : new(),
            Terms = fields.Fields("grant", PolicyWords.GrantKeys) is { } grant ? Terms(grant) : new(),
        };
        Check(rule);
        return rule;
    }

    private string Name()
    {
        if (!fields.Has("name"))
        {
            errors.Add(fields.Whole, "a rule needs a name; it appears in messages and in the audit log");
            return "";
        }

        if (fields.Text("name") is not { } name)
        {
            return "";
        }

        var valid = name.Value.Length <= 64
            && char.IsAsciiLetterOrDigit(name.Value[0])
            && name.Value[^1] != ' '
            && name.Value.AsSpan().IndexOfAnyExcept(NameCharacters) < 0;
        if (!valid)
        {
            errors.Add(name, "a rule's name has 1 to 64 letters, digits, spaces, dots, dashes or underscores, and starts with a letter or digit");
        }

        return name.Value;
    }

    private void Check(Rule rule)
    {
        foreach (var key in OnlyWithRequire.Where(key => rule.Effect != Effect.Require && fields.Has(key)))
        {
            errors.Add(fields.Place(key), $"'{key}' has a meaning only with effect: require");
        }

        var aboutPushes = fields.Has("refs") || fields.Has("changes") || fields.Has("forced");
        if (aboutPushes && rule.Operations.Contains(OperationClass.Read))
        {
            errors.Add(fields.Place("operations"), "refs, changes and forced are about pushes, and a read never matches them; write operations: [write] and a rule of its own for reads");
        }

        if (rule.Forced == true && rule.Changes.SetEquals([RefChange.Create]))
        {
            errors.Add(fields.Place("forced"), "a creation is never forced, so this rule would never match");
        }

        if (rule.Forced == false && rule.Changes.SetEquals([RefChange.Delete]))
        {
            errors.Add(fields.Place("forced"), "a deletion counts as forced, so this rule would never match");
        }
    }

    private FactorRequirement Requirement(PolicyFields require)
    {
        var requirement = new FactorRequirement
        {
            Strength = require.Word("strength", PolicyWords.Strengths) ?? Strength.Strong,
            Kinds = require.Set("kinds", PolicyWords.Kinds),
            Models = require.Set("models", Model),
            Number = require.Truth("number") ?? false,
        };
        if (!Enum.GetValues<FactorKind>().Any(requirement.CanBeSatisfiedBy))
        {
            errors.Add(require.Place(require.Has("kinds") ? "kinds" : "strength"), requirement.Models.Count > 0
                ? "only webauthn and ssh-security-key tell their model, so nothing could satisfy this"
                : $"none of these kinds can be worth '{Word(requirement.Strength)}', so nothing could satisfy this");
        }

        return requirement;
    }

    private GrantTerms Terms(PolicyFields grant)
    {
        var (idle, max) = (PolicyDuration.Read(grant, "idle", errors), PolicyDuration.Read(grant, "max", errors));
        var terms = new GrantTerms { Scope = grant.Word("scope", PolicyWords.Scopes) ?? GrantScope.Repository };
        terms = terms with { Max = max ?? terms.Max };
        terms = terms with { Idle = idle ?? (terms.Idle < terms.Max ? terms.Idle : terms.Max) };
        if (terms.Idle > terms.Max)
        {
            errors.Add(grant.Place("idle"), max is null ? "'idle' is longer than max, which is 10m unless given" : "'idle' is longer than 'max'");
        }

        return terms;
    }

    private RepositoryPattern? Repository(PolicyScalar text)
    {
        if (!RepositoryPattern.TryParse(text.Value, out var pattern, out var error))
        {
            errors.Add(text, $"{text.Description} is no repository: {error}");
        }

        return pattern;
    }

    private RefPattern? Ref(PolicyScalar text)
    {
        if (!RefPattern.TryParse(text.Value, out var pattern, out var error))
        {
            errors.Add(text, $"{text.Description} is no ref pattern: {error}");
        }

        return pattern;
    }

    private string? Person(PolicyScalar text)
    {
        var name = text.Value.ToLowerInvariant();
        if (name.Length is > 0 and <= 64 && name.AsSpan().IndexOfAnyExcept(PersonCharacters) < 0)
        {
            return name;
        }

        errors.Add(text, $"{text.Description} is no person's name: 1 to 64 of a-z, 0-9, dot, dash and underscore");
        return null;
    }

    private Guid? Model(PolicyScalar text)
    {
        if (Guid.TryParseExact(text.Value, "D", out var model) && model != Guid.Empty)
        {
            return model;
        }

        errors.Add(text, $"{text.Description} is no AAGUID (for example ee882879-721c-4913-9775-3dfcce97072a)");
        return null;
    }

    private static string Word(Strength strength) => PolicyWords.Strengths.First(entry => entry.Value == strength).Key;
}
