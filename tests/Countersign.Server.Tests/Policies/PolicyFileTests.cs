using Countersign.Core.Challenges;
using Countersign.Core.Git;
using Countersign.Core.Identities;
using Countersign.Core.Policies;
using Countersign.Server.Policies;

namespace Countersign.Server.Tests.Policies;

public sealed class PolicyFileTests
{
    private static PolicySet Policy(string yaml)
    {
        var (policy, errors) = PolicyFile.Parse(yaml);
        Assert.Empty(errors);
        return policy!;
    }

    [Fact]
    public void The_default_asks_for_a_strong_factor_for_reads_and_writes()
    {
        var policy = Policy(PolicyFile.Default);
        Assert.Equal(Mode.Enforce, policy.Mode);
        var rule = Assert.Single(policy.Rules);
        Assert.Equal(("second-factor", Effect.Require, Strength.Strong), (rule.Name, rule.Effect, rule.Requirement.Strength));
        Assert.Equal([OperationClass.Read, OperationClass.Write], rule.Operations.Order());
        Assert.Empty(rule.Repositories);
        Assert.Matches("^[0-9a-f]{64}$", policy.Digest);
        Assert.NotEqual(policy.Digest, Policy(PolicyFile.Default + "#").Digest);
    }

    [Fact]
    public void Every_key_is_read()
    {
        var policy = Policy(PolicySamples.Everything);
        Assert.Equal(Mode.Report, policy.Mode);
        Assert.Equal(new Dictionary<string, Mode> { ["ACME/*"] = Mode.Report, ["ACME/core"] = Mode.Enforce }, policy.Modes);
        var rule = policy.Rules[0];
        Assert.Equal(("everyone", Effect.Require, true), (rule.Name, rule.Effect, rule.Forced));
        Assert.Equal([OperationClass.Write], rule.Operations);
        Assert.Equal(["ACME/*", "*/*"], rule.Repositories.Select(pattern => pattern.ToString()));
        Assert.Equal(["refs/heads/main", "refs/heads/release/**"], rule.Refs.Select(pattern => pattern.Pattern));
        Assert.Equal([RefChange.Create, RefChange.Update, RefChange.Delete], rule.Changes.Order());
        Assert.Equal([Role.Read, Role.Write, Role.Admin], rule.Roles.Order());
        Assert.Equal(["ann"], rule.People);
        Assert.Equal(Strength.Strong, rule.Requirement.Strength);
        Assert.Equal([FactorKind.WebAuthn, FactorKind.Totp], rule.Requirement.Kinds.Order());
        Assert.Equal([new Guid("ee882879-721c-4913-9775-3dfcce97072a")], rule.Requirement.Models);
        Assert.True(rule.Requirement.Number);
        Assert.Equal(new GrantTerms { Scope = GrantScope.Workspace, Idle = TimeSpan.FromHours(8), Max = TimeSpan.FromDays(1) }, rule.Terms);
        Assert.Equal(Effect.Deny, policy.Rules[1].Effect);
    }

    [Fact]
    public void What_is_left_out_takes_the_strict_default()
    {
        var policy = Policy("version: 1\nrules:\n  - name: a\n");
        Assert.Equal(Mode.Enforce, policy.Mode);
        Assert.Equal(Effect.Require, policy.Rules[0].Effect);
        Assert.Equal(Strength.Strong, policy.Rules[0].Requirement.Strength);
        Assert.Equal(new GrantTerms(), policy.Rules[0].Terms);
        Assert.Equal(TimeSpan.FromSeconds(30), Policy("version: 1\nrules: [{ name: a, grant: { max: 30s } }]").Rules[0].Terms.Idle);
    }

    [Theory]
    [MemberData(nameof(PolicySamples.Broken), MemberType = typeof(PolicySamples))]
    public void A_mistake_is_named_with_its_place(string yaml, int line, int column, string message)
    {
        var (policy, errors) = PolicyFile.Parse(yaml);
        Assert.Null(policy);
        Assert.Contains(errors, error => (error.Line, error.Column) == (line, column) && error.Message.Contains(message, StringComparison.Ordinal));
        Assert.All(errors, error => Assert.DoesNotContain('\n', error.ToString()));
    }

    [Fact]
    public void All_mistakes_are_named_in_one_go_and_in_order()
    {
        const string yaml = """
            version: 2
            mode: enforced
            rules:
              - name: a
                efect: deny
                operations: [read, push]
              - name: a
                grant: { idle: 5 }
            """;
        Assert.Equal([(1, 10), (2, 7), (5, 5), (6, 24), (7, 11), (8, 20)], PolicyFile.Parse(yaml).Errors.Select(error => (error.Line, error.Column)));
    }

    [Fact]
    public void Attack_a_file_too_large_too_deep_or_made_of_aliases_is_refused_at_once()
    {
        Assert.Contains("1 MiB", PolicyFile.Parse(new string('#', (1024 * 1024) + 1)).Errors[0].Message, StringComparison.Ordinal);
        Assert.NotEmpty(PolicyFile.Parse("rules: " + new string('[', 500_000)).Errors);
        Assert.NotEmpty(PolicyFile.Parse(string.Concat(Enumerable.Repeat("- ", 250_000))).Errors);
        Assert.NotEmpty(PolicyFile.Parse(string.Concat(Enumerable.Repeat("? ", 250_000))).Errors);
        Assert.Equal(100, PolicyFile.Parse(string.Concat(Enumerable.Range(0, 50_000).Select(number => $"k{number}: x\n"))).Errors.Count);
        var refs = string.Join(',', Enumerable.Range(0, 100_000));
        Assert.Contains("more than 1000", PolicyFile.Parse($"version: 1\nrules: [{{ name: a, refs: [{refs}] }}]").Errors[0].Message, StringComparison.Ordinal);
        Assert.NotEmpty(PolicyFile.Parse("a: &a [x]\nb: [*a, *a]\n").Errors);
    }

    [Fact]
    public void Attack_no_damaged_file_does_more_than_give_errors()
    {
        var sample = PolicySamples.Everything;
        foreach (var insert in new[] { "\0", "\t", "\"", "'", "{", "]", ":", "- ", "&a ", "*a", "!t ", "|", "%", "\ufeff", "\ud800", "---\n", "\u2028", "#" })
        {
            for (var place = 0; place <= sample.Length; place += 13)
            {
                var (policy, errors) = PolicyFile.Parse(sample.Insert(place, insert));
                Assert.True(policy is null == errors.Count > 0);
                Assert.All(errors, error => Assert.True(error is { Line: > 0, Column: > 0 } && !error.Message.Contains('\n', StringComparison.Ordinal)));
            }
        }
    }

    [Fact]
    public void Cutting_the_file_anywhere_never_loosens_a_rule_unnoticed()
    {
        // A policy cut short may still be a policy (fewer rules), but never one with a half-read word.
        for (var length = 0; length < PolicySamples.Everything.Length; length++)
        {
            var (policy, errors) = PolicyFile.Parse(PolicySamples.Everything[..length]);
            Assert.True(policy is null == errors.Count > 0);
        }
    }
}
