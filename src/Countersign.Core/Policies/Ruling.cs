using Countersign.Core.Git;

namespace Countersign.Core.Policies;

/// <summary>The rules that count for a request, over all refs of a push; every rule once, in the file's order.</summary>
/// <param name="Denying">The first rule that denies; null when none does.</param>
/// <param name="Requiring">All that require a second factor.</param>
/// <param name="Allowing">The first that lets through without one.</param>
/// <param name="Unmatched">Some ref, or the request as a whole, matches no rule.</param>
/// <param name="IsProvisional">Taken from rules that may turn out not to match once the push has said its refs.</param>
internal sealed record Ruling(Rule? Denying, IReadOnlyList<Rule> Requiring, Rule? Allowing, bool Unmatched, bool IsProvisional = false)
{
    public static Ruling Of(AccessRequest request, PolicySet policies) => request.Command switch
    {
        { Class: OperationClass.Write, RefsKnown: true } => OverRefs(request, policies.Rules),
        { Class: OperationClass.Write, Hidden: not HiddenRefs.None } => OverAnyRefs(request, policies.Rules),
        { Class: OperationClass.Write, Lfs: { } files } => OfLargeFiles(request, files.For, policies.Rules),
        _ => BeforeRefs(request, policies.Rules),
    };

    /// <summary>What satisfies all the rules that require; null when nothing can.</summary>
    public FactorRequirement? Requirement()
    {
        FactorRequirement? all = Requiring[0].Requirement;
        foreach (var rule in Requiring.Skip(1))
        {
            all = all is null ? null : FactorRequirement.Both(all, rule.Requirement);
        }

        // Rules for different refs that contradict each other are no contradiction yet: the push may touch only one of them.
        return all ?? (IsProvisional ? StrongestOfAnyKind() : null);
    }

    public GrantTerms Terms() => Requiring.Select(rule => rule.Terms).Aggregate(GrantTerms.Narrower);

    /// <summary>The rule to name: the one that asks for most.</summary>
    public Rule Strictest() => Requiring.MaxBy(rule => rule.Requirement.Strength)!;

    private FactorRequirement StrongestOfAnyKind() => new()
    {
        Strength = Requiring.Max(rule => rule.Requirement.Strength),
        Number = Requiring.Any(rule => rule.Requirement.Number),
    };

    private static Ruling OverRefs(AccessRequest request, IReadOnlyList<Rule> rules)
    {
        var counted = new HashSet<Rule>(ReferenceEqualityComparer.Instance);
        var unmatched = false;
        foreach (var update in request.Command.Updates)
        {
            var any = false;
            foreach (var rule in rules)
            {
                if (Counts(rule, RuleFit.Of(rule, request, update).Fit))
                {
                    counted.Add(rule);
                    any = true;
                }
            }

            unmatched |= !any;
        }

        return From(rules.Where(counted.Contains), unmatched);
    }

    /// <summary>
    /// There is no later moment at which refs are known, so every rule that some ref could meet restricts, denials included, and
    /// only rules that match every ref relax: a push to a ref that no other rule speaks of must not slip through.
    /// </summary>
    private static Ruling OverAnyRefs(AccessRequest request, IReadOnlyList<Rule> rules)
    {
        var fits = rules.Select(rule => (Rule: rule, RuleFit.Of(rule, request, null).Fit)).ToList();
        return From(
            fits.Where(entry => entry.Fit == Fit.Yes || (entry.Fit == Fit.RefsUnknown && entry.Rule.Effect != Effect.Allow)).Select(entry => entry.Rule),
            unmatched: !fits.Exists(entry => entry.Fit == Fit.Yes));
    }

    /// <summary>
    /// An upload is ruled as a push to the ref that it names. Where none is named, and for locks, which hold for every ref: rules of
    /// some refs restrict, but a denial of some refs forbids nothing that the push to another may need (it meets the push to those
    /// itself), and an allowance of some refs is no more than a question.
    /// </summary>
    private static Ruling OfLargeFiles(AccessRequest request, RefName? named, IReadOnlyList<Rule> rules)
    {
        var fits = rules.Select(rule => (Rule: rule, Fit: RuleFit.OfLargeFiles(rule, request, named))).ToList();
        var spoken = fits.FindAll(entry => entry.Fit is Fit.Yes or Fit.RefsUnknown);
        var counted = spoken.Count > 0 ? spoken : fits.FindAll(entry => entry.Fit == Fit.ForceUnknown && entry.Rule.Effect != Effect.Deny);
        var sure = counted.FindAll(entry => entry.Fit == Fit.Yes || entry.Rule.Effect == Effect.Require).ConvertAll(entry => entry.Rule);
        var perhaps = counted.FindAll(entry => entry.Fit != Fit.Yes && entry.Rule.Effect == Effect.Allow).ConvertAll(entry => entry.Rule with { Effect = Effect.Require });
        return sure.Count > 0 ? From(sure, unmatched: false) with { IsProvisional = true }
            : perhaps.Count > 0 ? From(perhaps, unmatched: false)
            : From(counted.Select(entry => entry.Rule), unmatched: counted.Count == 0);
    }

    private static Ruling BeforeRefs(AccessRequest request, IReadOnlyList<Rule> rules)
    {
        var fits = rules.Select(rule => (Rule: rule, RuleFit.Of(rule, request, null).Fit)).ToList();
        if (fits.Exists(entry => entry.Fit == Fit.Yes))
        {
            return From(fits.Where(entry => entry.Fit == Fit.Yes).Select(entry => entry.Rule), unmatched: false);
        }

        var open = fits.Where(entry => entry.Fit == Fit.RefsUnknown).Select(entry => entry.Rule).ToList();
        var ruling = From(open, unmatched: open.Count == 0) with { IsProvisional = true };

        // A denial of some refs is decided when the refs are known, unless no rule lets any ref through.
        return open.Exists(rule => rule.Effect != Effect.Deny) ? ruling with { Denying = null } : ruling;
    }

    // A push that may be forced meets every rule that restricts, and none that relaxes.
    private static bool Counts(Rule rule, Fit fit) => fit == Fit.Yes || (fit == Fit.ForceUnknown && rule.Effect != Effect.Allow);

    private static Ruling From(IEnumerable<Rule> counted, bool unmatched)
    {
        var rules = counted.ToList();
        return new(
            rules.Find(rule => rule.Effect is not (Effect.Allow or Effect.Require)),
            rules.FindAll(rule => rule.Effect == Effect.Require),
            rules.Find(rule => rule.Effect == Effect.Allow),
            unmatched);
    }
}
