using System.Security.Cryptography;
using System.Text;
using Countersign.Core.Policies;

namespace Countersign.Server.Policies;

/// <summary>Reads the YAML policy file (schema: policy.schema.json) into the core's types. Unknown keys, duplicates and wrong values are errors with their place.</summary>
internal static class PolicyFile
{
    /// <summary>The policy after set-up: enforce, a strong second factor for every read and write.</summary>
    public static string Default =>
        """
        # What asks for a second factor. Change it with: countersign policy apply FILE
        version: 1
        mode: enforce            # off | report (let through, record what would have been) | enforce
        rules:
          - name: second-factor
            operations: [read, write]
            require: { strength: strong }

        """;

    /// <returns>The policy, or at least one error.</returns>
    public static (PolicySet? Policy, IReadOnlyList<PolicyError> Errors) Parse(string yaml)
    {
        var errors = new PolicyErrors();
        var policy = PolicyYaml.Read(yaml, errors) is { } root ? new PolicyReader(errors).Read(root) : null;
        return errors.Any || policy is null ? (null, errors.All) : (policy with { Digest = DigestOf(yaml) }, []);
    }

    private static string DigestOf(string yaml) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(yaml)));
}
