using Countersign.Core.Git;

namespace Countersign.Core.Policies;

/// <summary>Whether one rule counts, in words.</summary>
/// <param name="Rule">Its name.</param>
/// <param name="Effect">What it does when it matches.</param>
/// <param name="Matched">Yes, no, or null: not decidable before more is known of the push.</param>
/// <param name="Ref">The ref that was asked about; null where none was.</param>
/// <param name="Why">"matches", or the first condition that does not hold.</param>
public sealed record RuleExplanation(string Rule, Effect Effect, bool? Matched, string? Ref, string Why)
{
    internal static RuleExplanation Of(Rule rule, AccessRequest request, RefUpdate? update)
    {
        var (fit, condition) = RuleFit.Of(rule, request, update);
        bool? matched = fit switch { Fit.Yes => true, Fit.No => false, _ => null };
        return new(rule.Name, rule.Effect, matched, update?.Name.Value, Words(rule, request, update, fit, condition));
    }

    private static string Words(Rule rule, AccessRequest request, RefUpdate? update, Fit fit, RuleCondition condition) => (fit, condition) switch
    {
        (Fit.Yes, _) => "matches",
        (Fit.RefsUnknown, _) => "depends on the refs of the push, which are not known yet",
        (Fit.ForceUnknown, _) => "depends on whether the update is forced, which is not known yet",
        (_, RuleCondition.Operations) => $"is for {List(rule.Operations.Select(Lower))}, this is a {Lower(request.Command.Class)}",
        (_, RuleCondition.Repositories) => $"is for {List(rule.Repositories)}, this is {request.Command.Repository}",
        (_, RuleCondition.Roles) => $"is for role {List(rule.Roles.Select(Lower))}, {request.Principal.Name} has role {Lower(request.Role)}",
        (_, RuleCondition.People) => $"is for {List(rule.People)}, this is {request.Principal.Name}",
        (_, RuleCondition.PushOnly) => "is about pushes, this is a read",
        (_, RuleCondition.Refs) => $"is for {List(rule.Refs)}, this is {update?.Name}",
        (_, RuleCondition.Changes) => $"is for {List(rule.Changes.Select(Lower))}, this is {(update is null ? "" : Lower(update.Change))}",
        _ => rule.Forced == true ? "is for forced updates, this is not forced" : "is for updates that are not forced, this is forced",
    };

    private static string List<T>(IEnumerable<T> items) => string.Join(", ", items);

    private static string Lower<T>(T word)
        where T : struct, Enum => word.ToString().ToLowerInvariant();
}
