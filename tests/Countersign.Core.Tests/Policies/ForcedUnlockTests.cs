using Countersign.Core.Challenges;
using Countersign.Core.Git;
using Countersign.Core.LargeFiles;
using Countersign.Core.Policies;
using static Countersign.Core.Tests.Policies.World;

namespace Countersign.Core.Tests.Policies;

/// <summary>Somebody else's lock falls to an approval of exactly that, and to no other.</summary>
public sealed class ForcedUnlockTests
{
    private static readonly PolicySet Policies = Enforce(Require("everyone"));
    private static readonly Grant OfUnlock = Grant() with { LfsOnly = true, ForcedUnlock = "lock-1" };

    [Fact]
    public void Its_own_approval_covers_it() => Assert.Equal(ReasonCode.CoveredByGrant, Reason(Forced("lock-1"), Policies, OfUnlock));

    [Fact]
    public void Attack_no_other_approval_takes_somebody_elses_lock_away()
    {
        Grant[] others =
        [
            Grant(), Grant() with { LfsOnly = true }, Grant(OperationClass.Read),
            Grant() with { Updates = OperationDigest.OfUpdates(Push(Update("refs/heads/main")).Command) },
            OfUnlock with { ForcedUnlock = "lock-2" },
        ];
        Assert.All(others, grant => Assert.Equal(ReasonCode.SecondFactorOwed, Reason(Forced("lock-1"), Policies, grant)));
    }

    [Fact]
    public void Attack_the_approval_of_a_forced_unlock_covers_no_other_write()
    {
        AccessRequest[] others =
        [
            Lfs(LfsVerb.Upload), Lfs(LfsVerb.Lock), Lfs(LfsVerb.Unlock, "lock-1"), Forced("lock-2"), Push(), Push(Update("refs/heads/main")), Read(),
        ];
        Assert.All(others, request => Assert.Equal(ReasonCode.SecondFactorOwed, Reason(request, Policies, OfUnlock)));
    }

    [Fact]
    public void The_command_that_unlocks_lists_the_locks_before() =>
        Assert.Equal(ReasonCode.CoveredByGrant, Reason(Lfs(LfsVerb.ListLocks), Policies, OfUnlock));

    [Fact]
    public void Attack_another_file_or_another_owner_on_the_page_is_another_operation()
    {
        var work = Forced("lock-1").Command.Lfs!;
        var digests = new[] { work, work with { Path = "a.bin" }, work with { Owner = "a.bin" }, work with { Path = "a.bin", Owner = "bob" }, work with { Forced = false } }
            .Select(each => OperationDigest.Of(ChallengeOne, Ann.Id, Laptop, new(GitService.ReceivePack, TheRepository) { Lfs = each })).ToList();
        Assert.Equal(digests.Count, digests.Distinct().Count());
    }

    private static AccessRequest Forced(string id) => Request(new(GitService.ReceivePack, TheRepository) { Lfs = LfsWork.Of(LfsVerb.Unlock, id) with { Forced = true } });

    private static AccessRequest Lfs(LfsVerb verb, string subject = "")
    {
        var work = LfsWork.Of(verb, subject);
        return Request(new(work.Writes ? GitService.ReceivePack : GitService.UploadPack, TheRepository) { Lfs = work });
    }
}
