using Countersign.Core.Git;

namespace Countersign.Core.Tests.Git;

public sealed class MountTableTests
{
    private static readonly MountTable Mounts = new(
    [
        new("/git/Group", "GROUP"), new("/git/Group/sub", "SUB"), new("", "ROOT"), new("/scm/OLD", "NEW"), new("/a", "A"),
    ]);

    [Theory]
    [InlineData("/git/Group/core.git/info/refs?service=git-upload-pack", "GROUP/core")]
    [InlineData("/git/group/Core/info/refs?service=git-upload-pack", "GROUP/core")]
    [InlineData("/git/Group/sub/core.git/info/refs?service=git-upload-pack", "SUB/core")]
    [InlineData("/git/Group/sub.git/info/refs?service=git-upload-pack", "GROUP/sub")]
    [InlineData("/core.git/info/refs?service=git-upload-pack", "ROOT/core")]
    [InlineData("/scm/OLD/core.git/info/refs?service=git-upload-pack", "OLD/core")]
    [InlineData("/scm/GROUP/core.git/info/refs?service=git-upload-pack", "GROUP/core")]
    public void A_repository_below_a_mount_has_the_name_that_it_has_everywhere(string target, string name)
    {
        var valid = Assert.IsType<GitHttpRequest.Valid>(GitHttpRequest.Parse("GET", target, null, Mounts));
        Assert.Equal(name, valid.Repository.ToString());
        Assert.True(GitHttpRequest.Owns(target, Mounts));
    }

    [Fact]
    public void The_command_key_stands_before_a_mount_as_before_everything()
    {
        var valid = Assert.IsType<GitHttpRequest.Valid>(GitHttpRequest.Parse("GET", "/w/WDJB-MJHT-42/git/Group/core.git/info/refs?service=git-upload-pack", null, Mounts));
        Assert.Equal(("WDJB-MJHT-42", "GROUP/core"), (valid.Token?.ToString(), valid.Repository.ToString()));
    }

    [Theory]
    [InlineData("/git/Group//core.git/info/refs?service=git-upload-pack")]
    [InlineData("/git/Group/../Group/core.git/info/refs?service=git-upload-pack")]
    [InlineData("/git/Group/%63ore.git/info/refs?service=git-upload-pack")]
    [InlineData("/git/Group/core.git/info/refs?service=git-upload-pack&service=git-receive-pack")]
    [InlineData("/git/Group/core.git/x/info/refs?service=git-upload-pack")]
    [InlineData("/git/Group/core.git/git-upload-archive")]
    [InlineData("/git/Group/core.git;x/info/refs?service=git-upload-pack")]
    [InlineData("/git/Other/core.git/info/refs?service=git-upload-pack")]
    [InlineData("/git//core.git/info/refs?service=git-upload-pack")]
    public void Every_other_spelling_is_refused(string target) =>
        Assert.IsType<GitHttpRequest.Refused>(GitHttpRequest.Parse("GET", target, null, Mounts));

    [Theory]
    [InlineData("/a/WDJB-MJHT")]
    [InlineData("/a/WDJB-MJHT/report")]
    [InlineData("/")]
    [InlineData("/repositories")]
    [InlineData("/api/v1/requests")]
    [InlineData("/git/Group/core.git")]
    public void Pages_stay_pages_whatever_is_mounted(string target) => Assert.False(GitHttpRequest.Owns(target, Mounts));
}
