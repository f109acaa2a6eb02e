using System.Net;
using Countersign.Core.Challenges;
using Countersign.Core.Git;
using Countersign.Core.Identities;
using Countersign.Core.Policies;

namespace Countersign.Core.Tests.Policies;

/// <summary>One person, one repository, one push; tests change what they are about.</summary>
internal static class World
{
    public static readonly DateTimeOffset Now = new(2026, 11, 22, 9, 0, 0, TimeSpan.Zero);
    public static readonly RepositoryPath TheRepository = Path("ACME/core");
    public static readonly Principal Ann = Person("ann", FactorKind.Totp, FactorKind.WebAuthn);
    public static readonly GitCredential Laptop = new("token-1", "laptop");
    public static readonly ClientAddress Home = new(IPAddress.Parse("192.0.2.7"));
    public static readonly ChallengeId ChallengeOne = ChallengeId.From(new byte[16]);

    public static Principal Person(string name, params FactorKind[] factors) =>
        new(new(new Guid(name.Length, 7, 7, [1, 2, 3, 4, 5, 6, 7, (byte)name[0]])), name) { Factors = factors.ToHashSet() };

    public static RepositoryPath Path(string text) => RepositoryPath.TryParse(text, out var path) ? path : throw new ArgumentException(text);

    public static RefName Ref(string text) => RefName.TryParse(text, out var name) ? name : throw new ArgumentException(text);

    public static RefPattern Refs(string text) => RefPattern.TryParse(text, out var pattern, out var error) ? pattern : throw new ArgumentException(error);

    public static RepositoryPattern Repositories(string text) =>
        RepositoryPattern.TryParse(text, out var pattern, out var error) ? pattern : throw new ArgumentException(error);

    public static ObjectId Id(char digit) => ObjectId.TryParse(new string(digit, 40), out var id) ? id : throw new ArgumentException(null, nameof(digit));

    public static RefUpdate Update(string name, bool? forced = false) => new(Id('1'), Id('2'), Ref(name)) { Forced = forced };

    public static RefUpdate Create(string name) => new(Id('0'), Id('2'), Ref(name));

    public static RefUpdate Delete(string name) => new(Id('1'), Id('0'), Ref(name));

    public static AccessRequest Read(string repository = "ACME/core") => Request(new(GitService.UploadPack, Path(repository)));

    public static AccessRequest Push(params RefUpdate[] updates) => Request(new(GitService.ReceivePack, TheRepository) { Updates = updates });

    public static AccessRequest Request(GitCommand command) =>
        new(Ann, Role.Write, Laptop, command, new(command.Repository, RepositoryKind.Repository, IsPublic: false, WorkspaceMode: null), Home, null);

    public static PolicySet Enforce(params Rule[] rules) => new(Mode.Enforce, rules);

    public static Rule Require(string name, Strength strength = Strength.Strong, params FactorKind[] kinds) =>
        new(name, Effect.Require) { Requirement = new() { Strength = strength, Kinds = kinds.ToHashSet() } };

    public static FactorProof Proof(FactorKind kind = FactorKind.Totp, Strength strength = Strength.Strong) =>
        new(ChallengeOne, kind, strength, "phone");

    /// <summary>Covers any command of Ann's on ACME/core for the default times.</summary>
    public static Grant Grant(OperationClass operation = OperationClass.Write) => new()
    {
        Id = 1,
        ChallengeId = ChallengeOne,
        PrincipalId = Ann.Id,
        CredentialId = Laptop.Id,
        Class = operation,
        Repository = TheRepository,
        Network = Home.Network,
        Terms = new(),
        Proof = Proof(),
        CreatedAt = Now,
        LastUsedAt = Now,
    };

    public static Decision Decide(AccessRequest request, PolicySet policies, params Grant[] grants) =>
        PolicyDecisionPoint.Decide(request, policies, grants, Now);

    public static ReasonCode Reason(AccessRequest request, PolicySet policies, params Grant[] grants) =>
        Decide(request, policies, grants).Reason.Code;
}
