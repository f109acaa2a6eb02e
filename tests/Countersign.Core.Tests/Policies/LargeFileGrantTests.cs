using Countersign.Core.Challenges;
using Countersign.Core.Git;
using Countersign.Core.LargeFiles;
using Countersign.Core.Policies;
using static Countersign.Core.Tests.Policies.World;

namespace Countersign.Core.Tests.Policies;

/// <summary>Git LFS carries no command key; an approval of the command covers its large files, and nothing more.</summary>
public sealed class LargeFileGrantTests
{
    private static readonly PolicySet Policies = Enforce(Require("everyone"));
    private static readonly CommandToken Key = new(ChallengeOne, "42");
    private static readonly CommandToken AnotherKey = new(ChallengeOne, "43");
    private static readonly AccessRequest Upload = Lfs(LfsVerb.Upload);
    private static readonly AccessRequest Download = Lfs(LfsVerb.Download);
    private static readonly AccessRequest APush = Push(Update("refs/heads/main")) with { CommandToken = Key };
    private static readonly Grant OfPush = Grant() with { CommandToken = Key };
    private static readonly Grant OfClone = Grant(OperationClass.Read) with { CommandToken = Key };

    [Fact]
    public void The_grant_of_a_push_covers_its_uploads_its_looks_at_locks_and_the_reads_of_its_hooks()
    {
        AssertCovered(Upload, OfPush);
        AssertCovered(Lfs(LfsVerb.ListLocks), OfPush);
        AssertCovered(Lfs(LfsVerb.Lock), OfPush);
        AssertCovered(Read() with { CommandToken = AnotherKey }, OfPush);
        AssertCovered(Read(), OfPush);
    }

    [Fact]
    public void The_grant_of_a_clone_covers_its_downloads_and_its_looks_at_locks()
    {
        AssertCovered(Download, OfClone);
        AssertCovered(Lfs(LfsVerb.ListLocks), OfClone);
    }

    [Fact]
    public void Attack_a_read_grant_uploads_locks_and_unlocks_nothing()
    {
        AssertAsked(Upload, OfClone);
        AssertAsked(Lfs(LfsVerb.Lock), OfClone);
        AssertAsked(Lfs(LfsVerb.Unlock), OfClone);
    }

    [Fact]
    public void Attack_the_grant_of_one_clone_covers_no_other_command_of_git() => AssertAsked(Read() with { CommandToken = AnotherKey }, OfClone);

    [Fact]
    public void Attack_the_grant_of_a_push_covers_no_other_push() => AssertAsked(APush with { CommandToken = AnotherKey }, OfPush);

    public static TheoryData<string, Grant> Foreign => new()
    {
        { "person", OfPush with { PrincipalId = Person("bob").Id } },
        { "credential", OfPush with { CredentialId = "token-2" } },
        { "address", OfPush with { Network = "192.0.2.8" } },
        { "repository", OfPush with { Repository = Path("ACME/web") } },
        { "workspace", OfPush with { Repository = Path("OTHER/core") } },
        { "expired", OfPush with { CreatedAt = Now.AddMinutes(-10) } },
        { "idle", OfPush with { CreatedAt = Now.AddMinutes(-2), LastUsedAt = Now.AddMinutes(-1) } },
        { "from the future", OfPush with { CreatedAt = Now.AddTicks(1) } },
    };

    [Theory]
    [MemberData(nameof(Foreign))]
    public void Attack_a_grant_that_names_something_else_covers_no_large_file(string why, Grant grant)
    {
        Assert.True(Decide(Upload, Policies, grant) is Decision.StepUp, why);
        Assert.True(Decide(Download, Policies, grant) is Decision.StepUp, why);
        Assert.True(Decide(Read() with { CommandToken = AnotherKey }, Policies, grant) is Decision.StepUp, why);
    }

    [Fact]
    public void Attack_an_upload_that_was_approved_lets_no_push_through_whose_refs_nobody_saw()
    {
        var ofUpload = Grant() with { LfsOnly = true };
        AssertCovered(Upload, ofUpload);
        AssertAsked(Push(Update("refs/heads/main")), ofUpload);
        AssertAsked(Push(), ofUpload);
        AssertAsked(Read(), ofUpload);
    }

    [Fact]
    public void Attack_a_push_that_was_approved_ref_by_ref_lets_no_further_upload_in()
    {
        AssertAsked(Upload, OfPush with { Updates = OperationDigest.OfUpdates(APush.Command) });
        AssertCovered(Download, OfPush with { Updates = OperationDigest.OfUpdates(APush.Command) });
    }

    [Fact]
    public void Attack_an_upload_beside_a_push_that_is_under_way_is_asked_about() => AssertAsked(Upload, OfPush with { PushClaimed = true });

    [Fact]
    public void A_workspace_wide_read_grant_covers_the_large_files_of_submodules()
    {
        var terms = new GrantTerms { Scope = GrantScope.Workspace };
        var wide = Enforce(Require("everyone") with { Terms = terms });
        Assert.Equal(ReasonCode.CoveredByGrant, Reason(Lfs(LfsVerb.Download, "ACME/web"), wide, OfClone with { Terms = terms }));
        Assert.Equal(ReasonCode.SecondFactorOwed, Reason(Lfs(LfsVerb.Upload, "ACME/web"), wide, OfPush with { Terms = terms }));
        Assert.Equal(ReasonCode.SecondFactorOwed, Reason(Lfs(LfsVerb.Download, "OTHER/web"), wide, OfClone with { Terms = terms }));
    }

    [Fact]
    public void Every_difference_in_the_work_is_another_operation()
    {
        var works = new[]
        {
            new LfsWork(LfsVerb.Upload, 1, 10, "a"), new LfsWork(LfsVerb.Download, 1, 10, "a"), new LfsWork(LfsVerb.Upload, 2, 10, "a"),
            new LfsWork(LfsVerb.Upload, 1, 11, "a"), new LfsWork(LfsVerb.Upload, 1, 10, "b"), new LfsWork(LfsVerb.Upload, 1, 10, "a") { Forced = true },
        };
        var digests = works.Select(work => Digest(Request(new(GitService.ReceivePack, TheRepository) { Lfs = work }))).Append(Digest(Push())).ToList();
        Assert.Equal(digests.Count, digests.Distinct().Count());

        static string Digest(AccessRequest request) => OperationDigest.Of(ChallengeOne, Ann.Id, Laptop, request.Command);
    }

    private static AccessRequest Lfs(LfsVerb verb, string repository = "ACME/core")
    {
        var work = LfsWork.Of(verb, "");
        return Request(new(work.Writes ? GitService.ReceivePack : GitService.UploadPack, Path(repository)) { Lfs = work });
    }

    private static void AssertCovered(AccessRequest request, Grant grant) => Assert.Equal(ReasonCode.CoveredByGrant, Reason(request, Policies, grant));

    private static void AssertAsked(AccessRequest request, Grant grant) => Assert.Equal(ReasonCode.SecondFactorOwed, Reason(request, Policies, grant));
}
