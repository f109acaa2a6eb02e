using Countersign.Core.Git;
using FsCheck;
using FsCheck.Fluent;

namespace Countersign.Core.Tests.Git;

public sealed class SshCommandLineTests
{
    private static RepositoryPath Core => RepositoryPath.TryParse("ACME/core", out var path) ? path : throw new InvalidOperationException();

    [Theory]
    [InlineData("git-upload-pack '/ACME/core.git'", GitService.UploadPack)]
    [InlineData("git-upload-pack 'ACME/core.git'", GitService.UploadPack)]
    [InlineData("git-upload-pack 'acme/CORE'", GitService.UploadPack)]
    [InlineData("git upload-pack '/ACME/core.git'", GitService.UploadPack)]
    [InlineData("git-upload-pack '/scm/ACME/core.git'", GitService.UploadPack)]
    [InlineData("git-upload-pack 'scm/ACME/core.git'", GitService.UploadPack)]
    [InlineData("git-receive-pack '/ACME/core.git'", GitService.ReceivePack)]
    [InlineData("git receive-pack 'ACME/core'", GitService.ReceivePack)]
    [InlineData("git-upload-archive '/ACME/core.git'", GitService.UploadArchive)]
    [InlineData("git upload-archive 'ACME/core.git'", GitService.UploadArchive)]
    public void What_git_sends_is_a_service_and_a_repository(string text, GitService service) =>
        Assert.Equal(new SshCommandLine.Git(service, Core), SshCommandLine.Parse(text));

    [Fact]
    public void A_workspace_may_be_called_like_the_prefix() =>
        Assert.Equal("SCM/core", Assert.IsType<SshCommandLine.Git>(SshCommandLine.Parse("git-upload-pack '/scm/core.git'")).Repository.ToString());

    [Theory]
    [InlineData("git-lfs-authenticate ACME/core.git download", false)]
    [InlineData("git-lfs-authenticate /ACME/core.git upload", true)]
    [InlineData("git-lfs-authenticate 'ACME/core.git' upload", true)]
    public void Git_lfs_asks_for_one_operation(string text, bool upload) =>
        Assert.Equal(new SshCommandLine.LargeFiles(Core, upload), SshCommandLine.Parse(text));

    [Fact]
    public void What_people_say_is_known()
    {
        Assert.IsType<SshCommandLine.Greeting>(SshCommandLine.Parse(""));
        Assert.IsType<SshCommandLine.Help>(SshCommandLine.Parse("help"));
        Assert.IsType<SshCommandLine.Requests>(SshCommandLine.Parse("requests"));
        Assert.IsType<SshCommandLine.LargeFilesOverSsh>(SshCommandLine.Parse("git-lfs-transfer ACME/core.git download"));
        var approve = Assert.IsType<SshCommandLine.Approve>(SshCommandLine.Parse("approve wdjb-mjht 012345"));
        Assert.Equal(("WDJB-MJHT", "012345"), (approve.Request?.Value, approve.Code));
        Assert.DoesNotContain("012345", approve.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("approve")]
    [InlineData("approve WDJB-MJHT")]
    [InlineData("approve WDJB-MJHT 12345")]
    [InlineData("approve WDJB-MJHT 1234567")]
    [InlineData("approve WDJB-MJHT 12345a")]
    [InlineData("approve WDJB-MJHT ١٢٣٤٥٦")] // digits, but not ASCII
    [InlineData("approve WDJB-MJHT 123456 extra")]
    [InlineData("approve AAAA-AAAA 123456")]
    [InlineData("approve ../../etc 123456")]
    public void An_approval_has_a_request_and_six_digits_or_lacks_one(string text) =>
        Assert.True(SshCommandLine.Parse(text) is SshCommandLine.Approve { Request: null } or SshCommandLine.Approve { Code: null });

    [Theory]
    [InlineData("git-upload-pack ACME/core.git")] // Git always quotes
    [InlineData("git-upload-pack \"ACME/core.git\"")]
    [InlineData("git-upload-pack 'ACME/core.git' ")]
    [InlineData("git-upload-pack  'ACME/core.git'")]
    [InlineData("git-upload-pack 'ACME/core.git' 'ACME/other.git'")]
    [InlineData("git-upload-pack 'ACME/core.git'; id")]
    [InlineData("git-upload-pack 'ACME/core.git' && id")]
    [InlineData("git-upload-pack 'ACME/core.git'\nid")]
    [InlineData("git-upload-pack 'ACME/core.git'\0")]
    [InlineData("git-upload-pack '$(id)'")]
    [InlineData("git-upload-pack '`id`'")]
    [InlineData("git-upload-pack 'ACME/core.git'\\''")]
    [InlineData("git-upload-pack 'ACME/co'\\''re.git'")]
    [InlineData("git-upload-pack 'ACME/co'\\!'re.git'")]
    [InlineData("git-upload-pack --strict 'ACME/core.git'")]
    [InlineData("git-upload-pack --timeout=1 'ACME/core.git'")]
    [InlineData("git-upload-pack '--upload-pack=id'")]
    [InlineData("git-upload-pack '-x/core'")]
    [InlineData("git-upload-pack '../ACME/core.git'")]
    [InlineData("git-upload-pack '/ACME/../OTHER/core.git'")]
    [InlineData("git-upload-pack '/ACME/./core.git'")]
    [InlineData("git-upload-pack '//ACME/core.git'")]
    [InlineData("git-upload-pack '/ACME//core.git'")]
    [InlineData("git-upload-pack '/ACME/core.git/'")]
    [InlineData("git-upload-pack '/ACME/core.git.git'")]
    [InlineData("git-upload-pack '/scm/scm/ACME/core.git'")]
    [InlineData("git-upload-pack '/w/WDJB-MJHT-42/scm/ACME/core.git'")]
    [InlineData("git-upload-pack '/ACME/core.git/objects'")]
    [InlineData("git-upload-pack '/ACME%2fcore.git'")]
    [InlineData("git-upload-pack '/ACME\\core.git'")]
    [InlineData("git-upload-pack '/ACME/core.git?service=git-receive-pack'")]
    [InlineData("git-upload-pack '/etc/passwd'x")]
    [InlineData("git-upload-pack ''")]
    [InlineData("git-upload-pack '")]
    [InlineData("git-upload-pack ")]
    [InlineData("git-upload-pack '/ACMÉ/core.git'")]
    [InlineData("git-receive-pack '~/core.git'")]
    public void A_git_command_whose_address_is_none_reaches_nothing(string text) =>
        Assert.Equal(new SshCommandLine.Refused(true), SshCommandLine.Parse(text));

    [Theory]
    [InlineData("rm -rf x")]
    [InlineData("git")]
    [InlineData("git-upload-pack")]
    [InlineData("git-upload-packx 'ACME/core.git'")]
    [InlineData("git-upload-pack\t'ACME/core.git'")]
    [InlineData("GIT-UPLOAD-PACK 'ACME/core.git'")]
    [InlineData(" git-upload-pack 'ACME/core.git'")]
    [InlineData("/usr/bin/git-upload-pack 'ACME/core.git'")]
    [InlineData("git  upload-pack 'ACME/core.git'")]
    [InlineData("git -c core.x=y upload-pack 'ACME/core.git'")]
    [InlineData("git --exec-path=/tmp upload-pack 'ACME/core.git'")]
    [InlineData("git-shell -c \"git-upload-pack 'ACME/core.git'\"")]
    [InlineData("git-upload-archive--writer 'ACME/core.git'")]
    [InlineData("git-http-backend")]
    [InlineData("env GIT_DIR=/x git-upload-pack 'ACME/core.git'")]
    [InlineData("sh")]
    [InlineData("scp -t /tmp")]
    [InlineData("internal-sftp")]
    [InlineData("git-lfs-authenticate ACME/core.git delete")]
    [InlineData("git-lfs-authenticate ACME/core.git")]
    [InlineData("git-lfs-authenticate ACME/core.git upload upload")]
    [InlineData("git-lfs-authenticate ../core.git upload")]
    [InlineData("git-lfs-authenticate 'ACME/core.git upload")]
    [InlineData("help me")]
    [InlineData("requests\n")]
    [InlineData(" ")]
    public void Anything_else_does_not_exist(string text) => Assert.Equal(new SshCommandLine.Refused(false), SshCommandLine.Parse(text));

    [Fact]
    public void A_huge_command_is_refused_unread()
    {
        Assert.Equal(new SshCommandLine.Refused(true), SshCommandLine.Parse($"git-upload-pack '{new string('a', 10_000_000)}'"));
        Assert.Equal(new SshCommandLine.Refused(false), SshCommandLine.Parse($"approve {new string('a', 10_000_000)} 123456"));
    }

    [Fact]
    public void Whatever_is_said_a_repository_comes_only_from_its_own_spelling() => Prop.ForAll<string, string>((before, after) =>
    {
        _ = SshCommandLine.Parse(before ?? "");
        var text = $"git-upload-pack '{before}ACME/core.git{after}'";
        if (SshCommandLine.Parse(text) is SshCommandLine.Git { Repository: var repository })
        {
            Assert.True(RepositoryPath.TryParse($"{before}ACME/core.git{after}".TrimStart('/'), out var spelled)
                || RepositoryPath.TryParse($"{before}ACME/core.git{after}".TrimStart('/')["scm/".Length..], out spelled));
            Assert.Equal(spelled, repository);
        }
    }).QuickCheckThrowOnFailure();
}
