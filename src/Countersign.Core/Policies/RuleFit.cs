using Countersign.Core.Git;

namespace Countersign.Core.Policies;

internal enum Fit
{
    No,

    /// <summary>Depends on the refs of a push that has not said them yet.</summary>
    RefsUnknown,

    /// <summary>Depends on whether an update is forced, and nobody has looked.</summary>
    ForceUnknown,

    Yes,
}

/// <summary>The conditions of a rule, in the order in which they are asked.</summary>
internal enum RuleCondition
{
    None,
    Operations,
    Repositories,
    Roles,
    People,
    PushOnly,
    Refs,
    Changes,
    Forced,
}

/// <summary>Whether a rule matches, and the first condition that does not hold or is not known.</summary>
internal readonly record struct RuleFit(Fit Fit, RuleCondition Condition)
{
    private static readonly RuleFit Matches = new(Fit.Yes, RuleCondition.None);

    /// <param name="rule">The rule.</param>
    /// <param name="request">What is asked.</param>
    /// <param name="update">One ref of the push; null for a read, and while the refs are not known.</param>
    public static RuleFit Of(Rule rule, AccessRequest request, RefUpdate? update)
    {
        var condition = FirstUnmet(rule, request);
        if (condition != RuleCondition.None)
        {
            return new(Fit.No, condition);
        }

        var anyRef = rule.Refs.Count == 0 || rule.Refs.Any(pattern => pattern.MatchesEverything);
        if (rule.Refs.Count == 0 && rule.Changes.Count == 0 && rule.Forced is null)
        {
            return Matches;
        }

        if (request.Command.Class != OperationClass.Write)
        {
            return new(Fit.No, RuleCondition.PushOnly);
        }

        if (update is null)
        {
            return anyRef && rule.Changes.Count == 0 && rule.Forced is null ? Matches : new(Fit.RefsUnknown, RuleCondition.Refs);
        }

        if (!anyRef && !rule.Refs.Any(pattern => pattern.Matches(update.Name)))
        {
            return new(Fit.No, RuleCondition.Refs);
        }

        if (rule.Changes.Count > 0 && !rule.Changes.Contains(update.Change))
        {
            return new(Fit.No, RuleCondition.Changes);
        }

        return (rule.Forced, IsForced(update)) switch
        {
            (null, _) => Matches,
            (_, null) => new(Fit.ForceUnknown, RuleCondition.Forced),
            var (asked, forced) => asked == forced ? Matches : new(Fit.No, RuleCondition.Forced),
        };
    }

    /// <summary>
    /// For a request about large files, which changes no ref. It forces nothing, and what a rule says of forced
    /// changes, creations and deletions is <see cref="Fit.ForceUnknown"/>: for the push to tell.
    /// </summary>
    /// <param name="rule">The rule.</param>
    /// <param name="request">What is asked.</param>
    /// <param name="named">The ref that it is for; null when it is for any.</param>
    public static Fit OfLargeFiles(Rule rule, AccessRequest request, RefName? named)
    {
        var anyRef = rule.Refs.Count == 0 || rule.Refs.Any(pattern => pattern.MatchesEverything);
        return FirstUnmet(rule, request) != RuleCondition.None || (!anyRef && named is not null && !rule.Refs.Any(pattern => pattern.Matches(named))) ? Fit.No
            : rule.Changes.Count > 0 || rule.Forced == true ? Fit.ForceUnknown
            : anyRef || named is not null ? Fit.Yes
            : Fit.RefsUnknown;
    }

    private static RuleCondition FirstUnmet(Rule rule, AccessRequest request) =>
        rule.Operations.Count > 0 && !rule.Operations.Contains(request.Command.Class) ? RuleCondition.Operations
        : rule.Repositories.Count > 0 && !rule.Repositories.Any(pattern => pattern.Matches(request.Command.Repository)) ? RuleCondition.Repositories
        : rule.Roles.Count > 0 && !rule.Roles.Contains(request.Role) ? RuleCondition.Roles
        : rule.People.Count > 0 && !rule.People.Contains(request.Principal.Name) ? RuleCondition.People
        : RuleCondition.None;

    internal static bool? IsForced(RefUpdate update) => update.Change switch
    {
        RefChange.Create => false,
        RefChange.Delete => true,
        _ => update.Forced,
    };
}
