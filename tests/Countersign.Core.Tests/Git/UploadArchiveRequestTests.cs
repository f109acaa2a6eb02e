using Countersign.Core.Git;
using FsCheck;
using FsCheck.Fluent;

namespace Countersign.Core.Tests.Git;

public sealed class UploadArchiveRequestTests
{
    [Theory]
    [InlineData("main")]
    [InlineData("--format=tar", "main")]
    [InlineData("--format", "zip", "main")]
    [InlineData("--format=tgz", "--format=tar.gz", "-9", "main", "docs/")]
    [InlineData("--prefix=x/", "--mtime=2026-01-01", "-v", "--verbose", "--worktree-attributes", "main")]
    [InlineData("--list")]
    [InlineData("-l")]
    [InlineData("main", "--", "--format=evil")]
    public void What_git_archive_asks_for_is_read(params string[] arguments)
    {
        Assert.Equal(ParseStatus.Done, Parse(arguments, out var request, out _));
        Assert.Equal(arguments, request!.Arguments);
    }

    [Theory]
    [InlineData("--format=evil", "main")] // tar.evil.command of the repository's own settings
    [InlineData("--format", "evil", "main")]
    [InlineData("--form=evil", "main")]
    [InlineData("--format", "main")]
    [InlineData("--exec=id", "main")]
    [InlineData("--remote=x", "main")]
    [InlineData("--output=/tmp/x", "main")]
    [InlineData("-o", "/tmp/x", "main")]
    [InlineData("-o/tmp/x", "main")]
    [InlineData("--add-file=/etc/passwd", "main")]
    [InlineData("--add-virtual-file=x:y", "main")]
    [InlineData("-", "main")]
    [InlineData("main", "--format=evil")]
    public void Options_that_reach_beyond_the_repository_are_refused(params string[] arguments) =>
        Assert.Equal(ParseStatus.Malformed, Parse(arguments, out _, out _));

    [Fact]
    public void Too_much_is_refused_and_garbage_never_throws() => Prop.ForAll<byte[], int>((garbage, at) =>
    {
        Assert.Equal(ParseStatus.Malformed, Parse([.. Enumerable.Repeat("main", 100)], out _, out _));
        Assert.Equal(ParseStatus.Malformed, Parse([new('a', 60_000), new('b', 60_000)], out _, out _));
        Assert.Equal(ParseStatus.Malformed, UploadArchiveRequest.TryParse(Bytes.Whole(Bytes.Of(Bytes.Pkt("arg main\n"))), out _, out _));
        Assert.Equal(ParseStatus.NeedMore, UploadArchiveRequest.TryParse(Bytes.Whole(Bytes.Of(Bytes.Pkt("argument main\n"))), out _, out _));
        UploadArchiveRequest.TryParse(Bytes.Whole(garbage), out _, out _);
    }).QuickCheckThrowOnFailure();

    private static ParseStatus Parse(string[] arguments, out UploadArchiveRequest? request, out string error) =>
        UploadArchiveRequest.TryParse(
            Bytes.Whole(Bytes.Of(string.Concat(arguments.Select(argument => Bytes.Pkt($"argument {argument}\n"))) + "0000")), out request, out error);
}
