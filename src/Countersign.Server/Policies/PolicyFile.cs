using Countersign.Core.Policies;

namespace Countersign.Server.Policies;

/// <summary>Where a policy file is wrong: line and column (1-based) and one sentence that says what to write instead.</summary>
internal sealed record PolicyError(int Line, int Column, string Message)
{
    public override string ToString() => $"line {Line}, column {Column}: {Message}";
}

/// <summary>Reads the YAML policy file (schema: policy.schema.json) into the core's types. Unknown keys, duplicates and wrong values are errors with their place.</summary>
internal static class PolicyFile
{
    /// <summary>The policy after set-up: enforce, a strong second factor for every read and write.</summary>
    public static string Default => throw new NotImplementedException();

    /// <returns>The policy, or at least one error.</returns>
    public static (PolicySet? Policy, IReadOnlyList<PolicyError> Errors) Parse(string yaml) => throw new NotImplementedException();
}

/// <summary>The policy in force: kept as a file in the data folder, replaced as a whole, audited.</summary>
internal sealed class PolicyStore
{
    public PolicySet Current => throw new NotImplementedException();

    /// <summary>The text in force, as it was applied.</summary>
    public string Text => throw new NotImplementedException();

    /// <summary>Checks and puts in force; the audit record is durable before the new policy decides anything.</summary>
    public Task<IReadOnlyList<PolicyError>> ApplyAsync(string yaml, string actor) => throw new NotImplementedException();
}
