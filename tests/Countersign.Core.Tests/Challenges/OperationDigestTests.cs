using System.Text;
using Countersign.Core.Challenges;
using Countersign.Core.Git;
using Countersign.Core.Identities;
using static Countersign.Core.Tests.Policies.World;

namespace Countersign.Core.Tests.Challenges;

public sealed class OperationDigestTests
{
    private static readonly GitCommand Command = new(GitService.ReceivePack, TheRepository)
    {
        Updates = [Update("refs/heads/main"), Create("refs/heads/topic")],
        PushOptions = ["ci.skip", "x"],
    };

    private static string Of(GitCommand command) => OperationDigest.Of(ChallengeOne, Ann.Id, Laptop, command);

    [Fact]
    public void It_is_a_sha256_in_lower_case_and_the_same_each_time()
    {
        Assert.Matches("^[0-9a-f]{64}$", Of(Command));
        Assert.Equal(Of(Command), Of(Command with { }));
    }

    [Fact]
    public void Everything_that_is_approved_changes_it()
    {
        var first = Command.Updates[0];
        string[] digests =
        [
            Of(Command),
            OperationDigest.Of(ChallengeId.From(Enumerable.Repeat((byte)9, 16).ToArray()), Ann.Id, Laptop, Command),
            OperationDigest.Of(ChallengeOne, Person("bob").Id, Laptop, Command),
            OperationDigest.Of(ChallengeOne, Ann.Id, new GitCredential("token-2", "laptop"), Command),
            Of(Command with { Service = GitService.UploadPack }),
            Of(Command with { Repository = Path("ACME/web") }),
            Of(Command with { Updates = [first] }),
            Of(Command with { Updates = [first with { Old = Id('3') }, Command.Updates[1]] }),
            Of(Command with { Updates = [first with { New = Id('3') }, Command.Updates[1]] }),
            Of(Command with { Updates = [first with { Name = Ref("refs/heads/other") }, Command.Updates[1]] }),
            Of(Command with { PushOptions = [] }),
            Of(Command with { PushOptions = ["ci.skipx", ""] }),
            Of(Command with { PushOptions = ["ci.skip", "X"] }),
        ];
        Assert.Equal(digests.Length, digests.Distinct().Count());
    }

    [Fact]
    public void What_somebody_found_out_about_a_push_does_not_change_it() =>
        Assert.Equal(Of(Command), Of(Command with { Updates = [.. Command.Updates.Select(update => update with { Forced = true, Commits = 3 })] }));

    [Fact]
    public void The_order_in_which_refs_are_listed_does_not_change_it() =>
        Assert.Equal(Of(Command), Of(Command with { Updates = [.. Command.Updates.Reverse()] }));

    [Fact]
    public void Attack_broken_unicode_cannot_make_two_operations_look_the_same() =>
        Assert.Throws<EncoderFallbackException>(() => Of(Command with { PushOptions = ["\ud800"] }));
}
