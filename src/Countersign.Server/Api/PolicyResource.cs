using Countersign.Core.Git;
using Countersign.Core.Policies;
using Countersign.Server.Policies;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Countersign.Server.Api;

/// <param name="Yaml">The whole policy file.</param>
internal sealed record PolicyInput(string Yaml);

/// <param name="Yaml">As it was applied.</param>
/// <param name="Digest">SHA-256 of the file, hexadecimal; every decision's record names it.</param>
internal sealed record PolicyView(string Yaml, string Digest, string Mode, IReadOnlyList<string> Rules);

internal sealed record PolicyCheckView(bool Valid, IReadOnlyList<PolicyError> Errors);

/// <param name="As">The person.</param>
/// <param name="Operation">read or write.</param>
/// <param name="Repository">KEY/name.</param>
/// <param name="Ref">For a write: an update of this ref, for example refs/heads/main or main.</param>
internal sealed record ExplainInput(string As, string Operation, string Repository, string? Ref = null);

/// <param name="Decision">allow, step-up or deny.</param>
/// <param name="Reason">A stable code.</param>
/// <param name="Rule">The rule that decided; null where none did.</param>
/// <param name="Requirement">What must be proven, for step-up.</param>
/// <param name="WouldHaveBeen">In report mode: what enforcing would have decided.</param>
/// <param name="SshSecurityKey">What signing in over SSH with a FIDO2 key would do, in words; null where no second factor is owed.</param>
/// <param name="ModeFrom">Where the mode was set, in words.</param>
internal sealed record ExplainView(
    string Decision, string Reason, string? Rule, RequirementView? Requirement, string? SshSecurityKey, string? WouldHaveBeen,
    string? Mode, string? ModeFrom, IReadOnlyList<RuleView> Rules);

/// <param name="Matched">Null: not decidable before more is known of the push.</param>
/// <param name="Why">"matches", or the first condition that does not hold.</param>
internal sealed record RuleView(string Rule, string Effect, bool? Matched, string? Ref, string Why);

internal static class PolicyResource
{
    public const int MaxBytes = 1024 * 1024;

    public static void Map(RouteGroupBuilder api)
    {
        var policy = api.MapGroup("/policy").WithTags("Policy");
        policy.MapGet("", Show).For(ApiAccess.Administrator)
            .WithName("showPolicy").WithSummary("The policy in force.");
        policy.MapPost("/check", Check).For(ApiAccess.Administrator).WithMetadata(new RequestSizeLimitAttribute(MaxBytes))
            .WithName("checkPolicy").WithSummary("Check a policy without putting it in force.");
        policy.MapPut("", ApplyAsync).For(ApiAccess.Administrator, freshStepUp: true).WithMetadata(new RequestSizeLimitAttribute(MaxBytes))
            .WithName("applyPolicy").WithSummary("Check a policy and put it in force. The audit record is durable first.");
        policy.MapPost("/explain", ExplainAsync).For(ApiAccess.Administrator)
            .WithName("explainPolicy").WithSummary("What would be decided, and why, rule by rule.");
    }

    private static Ok<PolicyView> Show(IPolicyDesk policy) => TypedResults.Ok(Of(policy));

    private static PolicyView Of(IPolicyDesk policy) =>
        new(policy.Text, policy.Current.Digest, Words.Of(policy.Current.Mode), [.. policy.Current.Rules.Select(rule => rule.Name)]);

    private static Ok<PolicyCheckView> Check(PolicyInput input)
    {
        var errors = PolicyFile.Parse(input.Yaml).Errors;
        return TypedResults.Ok(new PolicyCheckView(errors.Count == 0, errors));
    }

    private static async Task<Results<Ok<PolicyView>, ProblemHttpResult>> ApplyAsync(PolicyInput input, Caller caller, IPolicyDesk policy)
    {
        var errors = await policy.ApplyAsync(input.Yaml, caller.Actor);
        return errors is [var first, ..]
            ? Problems.Of(422, "policy_invalid", $"The policy was not applied: {first}", ("errors", errors))
            : TypedResults.Ok(Of(policy));
    }

    private static async Task<Results<Ok<ExplainView>, ProblemHttpResult>> ExplainAsync(
        ExplainInput input, PolicyQuestion question, CancellationToken cancellation)
    {
        if (input.Operation is not ("read" or "write"))
        {
            return Problems.BadRequest("unknown_operation", "operation is read or write.");
        }

        if (!RepositoryPath.TryParse(input.Repository, out var repository))
        {
            return Problems.BadRequest("malformed_path", "repository is KEY/name.");
        }

        RefName? reference = null;
        if (input.Ref is { } text && !RefName.TryParse(text.StartsWith("refs/", StringComparison.Ordinal) ? text : $"refs/heads/{text}", out reference))
        {
            return Problems.BadRequest("malformed_ref", "ref is a full ref name or a branch.");
        }

        var operation = input.Operation == "write" ? OperationClass.Write : OperationClass.Read;
        return await question.AskAsync(input.As, operation, repository, reference, cancellation) is { } answer
            ? TypedResults.Ok(Of(answer))
            : Problems.NotFound("person");
    }

    private static ExplainView Of(PolicyExplanation answer) => new(
        NameOf(answer.Decision),
        answer.Decision.Reason.Code.ToString(),
        answer.Decision.Reason.Rule,
        answer.Decision is Decision.StepUp { Requirement: var requirement } ? RequirementView.Of(requirement) : null,
        answer.SshSecurityKey,
        answer.Decision is Decision.Allow { WouldHaveBeen: { } other } ? NameOf(other) : null,
        answer.Mode is { } mode ? Words.Of(mode.Mode) : null,
        answer.Mode is null ? null : answer.ModeInWords,
        [.. answer.Rules.Select(rule => new RuleView(rule.Rule, rule.Effect.ToString().ToLowerInvariant(), rule.Matched, rule.Ref, rule.Why))]);

    private static string NameOf(Decision decision) => decision switch
    {
        Decision.Allow => "allow",
        Decision.StepUp => "step-up",
        _ => "deny",
    };
}
