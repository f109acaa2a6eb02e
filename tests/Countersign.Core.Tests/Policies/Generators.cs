using Countersign.Core.Challenges;
using Countersign.Core.Git;
using Countersign.Core.Identities;
using Countersign.Core.Policies;
using FsCheck;
using FsCheck.Fluent;
using static Countersign.Core.Tests.Policies.World;

namespace Countersign.Core.Tests.Policies;

/// <summary>Small worlds in which rules, requests and grants meet often.</summary>
internal static class Generators
{
    private static readonly Gen<Strength> Strengths = Gen.Elements(Enum.GetValues<Strength>());
    private static readonly Gen<FactorKind> Kinds = Gen.Elements(Enum.GetValues<FactorKind>());

    // Parsed once: making a pattern is the dear part.
    private static readonly Gen<RepositoryPattern> RepositoryPatterns = Gen.Elements(new[] { "ACME/core", "ACME/*", "*" }.Select(Repositories).ToArray());
    private static readonly Gen<RefPattern> RefPatterns = Gen.Elements(new[] { "main", "**", "refs/tags/*", "refs/**" }.Select(Refs).ToArray());

    public static readonly Gen<Rule> Rules =
        from effect in Gen.Elements(Effect.Allow, Effect.Require, Effect.Require, Effect.Deny)
        from strength in Strengths
        from kinds in Few(Kinds)
        from number in Gen.Elements(false, false, true)
        from operations in Few(Gen.Elements(OperationClass.Read, OperationClass.Write))
        from repositories in Few(RepositoryPatterns)
        from refs in Few(RefPatterns)
        from changes in Few(Gen.Elements(Enum.GetValues<RefChange>()))
        from forced in Gen.Elements<bool?>(null, null, true, false)
        from people in Few(Gen.Elements("ann", "bob"))
        from scope in Gen.Elements(GrantScope.Repository, GrantScope.Workspace)
        select new Rule($"{effect}", effect)
        {
            Requirement = new() { Strength = strength, Kinds = kinds.ToHashSet(), Number = number },
            Operations = operations.ToHashSet(),
            Repositories = repositories,
            Refs = refs,
            Changes = changes.ToHashSet(),
            Forced = forced,
            People = people.ToHashSet(),
            Terms = new() { Scope = scope },
        };

    public static readonly Gen<PolicySet> PolicySets =
        from rules in Gen.Choose(0, 5).SelectMany(count => Rules.ListOf(count))
        select Enforce([.. rules]);

    private static readonly Gen<RefUpdate> Updates =
        from name in Gen.Elements("refs/heads/main", "refs/heads/topic", "refs/tags/v1")
        from ids in Gen.Elements("12", "02", "10")
        from forced in Gen.Elements<bool?>(null, true, false)
        select new RefUpdate(Id(ids[0]), Id(ids[1]), Ref(name)) { Forced = forced };

    public static readonly Gen<AccessRequest> Requests =
        from write in Gen.Elements(true, true, false)
        from updates in Few(Updates)
        from factors in Few(Kinds)
        from role in Gen.Elements(Enum.GetValues<Role>())
        from isPublic in Gen.Elements(true, false)
        let request = write ? Push([.. updates]) : Read()
        select request with
        {
            Role = role,
            Principal = Person("ann", [.. factors]),
            Repository = request.Repository! with { IsPublic = isPublic },
        };

    public static readonly Gen<Grant> Grants =
        from operation in Gen.Elements(OperationClass.Read, OperationClass.Write)
        from kind in Kinds
        from strength in Strengths
        from typed in Gen.Elements(true, false)
        select Grant(operation) with { Proof = Proof(kind, strength) with { NumberTyped = typed } };

    public static Gen<IReadOnlyList<T>> Few<T>(Gen<T> gen) =>
        Gen.Choose(0, 2).SelectMany(count => gen.ListOf(count)).Select(list => (IReadOnlyList<T>)[.. list]);

    public static void Holds<T>(Gen<T> gen, Func<T, bool> property) =>
        Prop.ForAll(Arb.From(gen), property).Check(Config.QuickThrowOnFailure.WithMaxTest(300));
}
