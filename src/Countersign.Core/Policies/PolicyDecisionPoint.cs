namespace Countersign.Core.Policies;

/// <summary>The one place where access is decided: a pure function of the request, the policy, the live grants and the time.</summary>
public static class PolicyDecisionPoint
{
    public static Decision Decide(AccessRequest request, PolicySet policies, IReadOnlyList<Grant> grants, DateTimeOffset now) =>
        throw new NotImplementedException();
}
