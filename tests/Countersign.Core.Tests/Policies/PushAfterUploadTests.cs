using Countersign.Core.Challenges;
using Countersign.Core.Git;
using Countersign.Core.LargeFiles;
using Countersign.Core.Policies;
using static Countersign.Core.Tests.Policies.World;

namespace Countersign.Core.Tests.Policies;

/// <summary>"Upload 3 large files, and the push to main that follows": what that approval covers, and what it must not.</summary>
public sealed class PushAfterUploadTests
{
    private const string Main = "refs/heads/main";
    private static readonly PolicySet Policies = Enforce(Require("everyone"));
    private static readonly CommandToken Key = new(ChallengeOne, "42");
    private static readonly Grant OfUpload = Grant() with { LfsOnly = true, ThenPush = Ref(Main), CommandToken = Key };

    [Fact]
    public void One_push_of_that_command_that_creates_or_advances_the_named_branch_is_covered()
    {
        AssertCovered(Keyed(Update(Main)));
        AssertCovered(Keyed(Create(Main)));
    }

    public static TheoryData<string, AccessRequest> OtherPushes => new()
    {
        { "another branch", Keyed(Update("refs/heads/other")) },
        { "another case", Keyed(Update("refs/heads/Main")) },
        { "a tag of that name", Keyed(Create("refs/tags/main")) },
        { "forced", Keyed(Update(Main, forced: true)) },
        { "nobody has looked whether forced", Keyed(Update(Main, forced: null)) },
        { "deleted", Keyed(Delete(Main)) },
        { "two branches", Keyed(Update(Main), Create("refs/heads/other")) },
        { "the branch twice", Keyed(Update(Main), Update(Main)) },
        { "refs not known yet", Keyed() },
        { "refs never known", Hidden(HiddenRefs.Moved) },
        { "refs never known, asked", Hidden(HiddenRefs.Asked) },
        { "push options", WithOptions() },
        { "no key", Keyed(Update(Main)) with { CommandToken = null } },
        { "another key", Keyed(Update(Main)) with { CommandToken = new(ChallengeOne, "43") } },
        { "another repository", Request(new(GitService.ReceivePack, Path("ACME/web")) { Updates = [Update(Main)] }) with { CommandToken = Key } },
        { "another person", Keyed(Update(Main)) with { Principal = Person("bob", FactorKind.Totp) } },
        { "another credential", Keyed(Update(Main)) with { Credential = new("token-2", "build server") } },
        { "another address", Keyed(Update(Main)) with { Client = new(System.Net.IPAddress.Parse("192.0.2.8")) } },
        { "a fetch", Read() with { CommandToken = Key } },
    };

    [Theory]
    [MemberData(nameof(OtherPushes))]
    public void Attack_anything_else_is_asked_about(string why, AccessRequest request) => Assert.True(Reason(request, Policies, OfUpload) == ReasonCode.SecondFactorOwed, why);

    public static TheoryData<string, Grant> OtherGrants => new()
    {
        { "an upload by itself", OfUpload with { ThenPush = null } },
        { "no key", OfUpload with { CommandToken = null } },
        { "used by a push", OfUpload with { PushClaimed = true } },
        { "idle", OfUpload with { CreatedAt = Now.AddMinutes(-2), LastUsedAt = Now.AddMinutes(-1) } },
        { "over", OfUpload with { CreatedAt = Now.AddMinutes(-10) } },
        { "a forced unlock", OfUpload with { ThenPush = null, ForcedUnlock = "lock-1" } },
        { "a read", OfUpload with { Class = OperationClass.Read } },
    };

    [Theory]
    [MemberData(nameof(OtherGrants))]
    public void Attack_another_grant_covers_no_push(string why, Grant grant)
    {
        Assert.True(Reason(Keyed(Update(Main)), Policies, grant) == ReasonCode.SecondFactorOwed, why);
        Assert.True(Reason(Keyed(Update(Main)) with { CommandToken = null }, Policies, grant) == ReasonCode.SecondFactorOwed, why);
    }

    [Fact]
    public void Rules_for_the_branch_that_ask_for_more_still_ask()
    {
        var number = new Rule("main", Effect.Require) { Refs = [Refs("main")], Requirement = new() { Number = true } };
        Assert.Equal(ReasonCode.SecondFactorOwed, Reason(Keyed(Update(Main)), Enforce(Require("everyone"), number), OfUpload));
        Assert.Equal(ReasonCode.SecondFactorOwed, Reason(Keyed(Update(Main)), Enforce(Require("main", Strength.PhishingResistant) with { Refs = [Refs("main")] }), OfUpload));
        Assert.Equal(ReasonCode.SecondFactorOwed, Reason(Keyed(Create(Main)), Enforce(Require("new", Strength.Strong, FactorKind.WebAuthn) with { Changes = new HashSet<RefChange> { RefChange.Create } }), OfUpload));
        Assert.Equal(ReasonCode.DeniedByRule, Reason(Keyed(Update(Main)), Enforce(Require("everyone"), new Rule("closed", Effect.Deny) { Refs = [Refs("main")] }), OfUpload));
        Assert.Equal(ReasonCode.CoveredByGrant, Reason(Keyed(Update(Main)), Enforce(number), OfUpload with { Proof = Proof() with { NumberTyped = true } }));
    }

    [Fact]
    public void Whoever_approved_the_upload_alone_approved_another_operation()
    {
        var work = new LfsWork(LfsVerb.Upload, 1, 10, "a") { For = Ref(Main) };
        Assert.NotEqual(Digest(work), Digest(work with { ThenPush = true }));

        static string Digest(LfsWork work) => OperationDigest.Of(ChallengeOne, Ann.Id, Laptop, new(GitService.ReceivePack, TheRepository) { Lfs = work });
    }

    private static AccessRequest Keyed(params RefUpdate[] updates) => Push(updates) with { CommandToken = Key };

    private static AccessRequest Hidden(HiddenRefs hidden) => Request(new(GitService.ReceivePack, TheRepository) { Hidden = hidden }) with { CommandToken = Key };

    private static AccessRequest WithOptions() =>
        Request(new(GitService.ReceivePack, TheRepository) { Updates = [Update(Main)], PushOptions = ["merge"] }) with { CommandToken = Key };

    private static void AssertCovered(AccessRequest request) => Assert.Equal(ReasonCode.CoveredByGrant, Reason(request, Policies, OfUpload));
}
