using System.Text.Json.Nodes;
using Countersign.Server.Policies;

namespace Countersign.Server.Tests.Policies;

/// <summary>What editors are told (policy.schema.json) and what the parser does are held against each other.</summary>
public sealed class PolicySchemaTests
{
    private static readonly JsonNode Schema = JsonNode.Parse(File.ReadAllText(Checkout.PathOf("src/Countersign.Server/Policies/policy.schema.json")))!;
    private static readonly JsonNode Rule = Schema["$defs"]!["rule"]!["properties"]!;

    [Theory]
    [MemberData(nameof(PolicySamples.Valid), MemberType = typeof(PolicySamples))]
    public void Both_accept(string yaml)
    {
        Assert.Empty(PolicyFile.Parse(yaml).Errors);
        Assert.Null(TinyJsonSchema.Fault(Schema, YamlAsJson.Read(yaml)));
    }

    [Theory]
    [MemberData(nameof(PolicySamples.Invalid), MemberType = typeof(PolicySamples))]
    public void Both_refuse(string yaml)
    {
        Assert.NotEmpty(PolicyFile.Parse(yaml).Errors);
        Assert.NotNull(TinyJsonSchema.Fault(Schema, YamlAsJson.Read(yaml)));
    }

    [Fact]
    public void They_know_the_same_keys()
    {
        Assert.Equal(PolicyWords.FileKeys, Keys(Schema["properties"]!));
        Assert.Equal(PolicyWords.RuleKeys, Keys(Rule));
        Assert.Equal(PolicyWords.RequireKeys, Keys(Rule["require"]!["properties"]!));
        Assert.Equal(PolicyWords.GrantKeys, Keys(Rule["grant"]!["properties"]!));
    }

    [Fact]
    public void They_know_the_same_words()
    {
        Assert.Equal(PolicyWords.Modes.Keys, Words(Schema["$defs"]!["mode"]!));
        Assert.Equal(PolicyWords.Effects.Keys, Words(Rule["effect"]!));
        Assert.Equal(PolicyWords.Operations.Keys, Words(Rule["operations"]!["items"]!));
        Assert.Equal(PolicyWords.Changes.Keys, Words(Rule["changes"]!["items"]!));
        Assert.Equal(PolicyWords.Roles.Keys, Words(Rule["roles"]!["items"]!));
        Assert.Equal(PolicyWords.Strengths.Keys, Words(Rule["require"]!["properties"]!["strength"]!));
        Assert.Equal(PolicyWords.Kinds.Keys, Words(Rule["require"]!["properties"]!["kinds"]!["items"]!));
        Assert.Equal(PolicyWords.Scopes.Keys, Words(Rule["grant"]!["properties"]!["scope"]!));
    }

    [Fact]
    public void Every_value_of_the_rules_has_a_word()
    {
        Assert.Equal(Enum.GetValues<Core.Challenges.FactorKind>(), PolicyWords.Kinds.Values.Order());
        Assert.Equal(Enum.GetValues<Core.Challenges.Strength>(), PolicyWords.Strengths.Values.Order());
        Assert.Equal(Enum.GetValues<Core.Policies.Mode>(), PolicyWords.Modes.Values.Order());
        Assert.Equal(Enum.GetValues<Core.Policies.Effect>(), PolicyWords.Effects.Values.Order());
        Assert.Equal(Enum.GetValues<Core.Git.RefChange>(), PolicyWords.Changes.Values.Order());
    }

    [Fact]
    public void The_examples_of_the_guide_are_one_policy_that_both_accept()
    {
        var guide = File.ReadAllText(Checkout.PathOf("docs/policies.md"));
        var yaml = string.Concat(guide.Split("```yaml\n")[1..].Select(part => part[..part.IndexOf("```", StringComparison.Ordinal)]));
        var (policy, errors) = PolicyFile.Parse(yaml);
        Assert.Empty(errors);
        Assert.True(policy!.Rules.Count >= 5);
        Assert.Null(TinyJsonSchema.Fault(Schema, YamlAsJson.Read(yaml)));
    }

    [Theory]
    [InlineData("version: 1\nrules:\n  - name: a\n\n    efect: deny\n")]
    [InlineData("version: 1\nrules:\n  - name: a\n\n\n\n\n\n    refs: [tags/v*]\n")]
    public void The_errors_that_the_guide_quotes_are_real(string yaml) =>
        Assert.Contains(PolicyFile.Parse(yaml).Errors[0].ToString(), File.ReadAllText(Checkout.PathOf("docs/policies.md")), StringComparison.Ordinal);

    private static IEnumerable<string> Keys(JsonNode properties) => properties.AsObject().Select(entry => entry.Key);

    private static IEnumerable<string> Words(JsonNode schema) => schema["enum"]!.AsArray().Select(word => word!.GetValue<string>());
}
