using System.IO.Pipelines;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Countersign.Server.Enforcement;
using Countersign.Server.Transports.Https;
using Microsoft.Extensions.Options;

namespace Countersign.Server.Tests.Transports;

public sealed class PushSpoolTests : IDisposable
{
    private const int Frame = SealedFile.FrameSize;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("countersign-spool-");
    private readonly PushSpools _spools;

    public PushSpoolTests()
    {
        Directory.CreateDirectory(Path.Combine(_folder.FullName, "spool"));
        _spools = new(
            new() { Data = _folder.FullName, Http = new(IPAddress.Loopback, 0), Url = new("http://localhost") },
            Options.Create(new HoldOptions { SpoolBytes = 4 << 20, SpoolTotalBytes = 6 << 20 }));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(Frame - 1)]
    [InlineData(Frame)]
    [InlineData(Frame + 1)]
    [InlineData((3 * Frame) + 17)]
    public async Task What_was_read_comes_back_whole_and_from_any_offset(int length)
    {
        var body = RandomNumberGenerator.GetBytes(length);
        await using var spool = (await TakeAsync(body))!;
        Assert.Equal(length, spool.Length);
        foreach (var offset in new[] { 0, 1, length / 2, length - 1, length }.Where(offset => offset >= 0 && offset <= length).Distinct())
        {
            Assert.Equal(body[offset..], await AllAsync(spool.OpenRead(offset)));
        }

        Assert.Equal(body, await AllAsync(spool.Read().AsStream()));
    }

    [Fact]
    public async Task The_file_has_no_name_and_nothing_of_the_push_can_be_read_in_it()
    {
        var canary = "the canary sings in every frame "u8.ToArray();
        var body = Enumerable.Repeat(canary, 5000).SelectMany(bytes => bytes).ToArray();
        await using var spool = (await TakeAsync(body))!;
        Assert.Empty(Directory.EnumerateFileSystemEntries(SpoolFolder));
        var stored = await File.ReadAllBytesAsync(OpenFile(), TestContext.Current.CancellationToken);
        Assert.True(stored.Length > body.Length);
        Assert.DoesNotContain("canary", Encoding.Latin1.GetString(stored), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_byte_changed_on_disk_is_found_before_it_is_forwarded()
    {
        await using var spool = (await TakeAsync(new byte[2 * Frame]))!;
        await using (var file = new FileStream(OpenFile(), FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
        {
            file.Position = Frame + 100;
            file.WriteByte(1);
        }

        await Assert.ThrowsAnyAsync<CryptographicException>(() => AllAsync(spool.OpenRead(0)));
    }

    [Fact]
    public async Task Frames_that_change_places_are_found_too()
    {
        await using var spool = (await TakeAsync(RandomNumberGenerator.GetBytes(2 * Frame)))!;
        var stored = await File.ReadAllBytesAsync(OpenFile(), TestContext.Current.CancellationToken);
        var half = stored.Length / 2;
        await using (var file = new FileStream(OpenFile(), FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
        {
            await file.WriteAsync((byte[])[.. stored[half..], .. stored[..half]], TestContext.Current.CancellationToken);
        }

        await Assert.ThrowsAnyAsync<CryptographicException>(() => AllAsync(spool.OpenRead(0)));
    }

    [Fact]
    public async Task All_pushes_share_one_room_and_each_gives_its_part_back()
    {
        Assert.Null(await TakeAsync(new byte[(4 << 20) + 1]));
        var first = (await TakeAsync(new byte[4 << 20]))!;
        Assert.Null(await TakeAsync(new byte[3 << 20]));
        Assert.Equal(4 << 20, _spools.Taken);
        await first.DisposeAsync();
        await first.DisposeAsync();
        await using (var second = await TakeAsync(new byte[3 << 20]))
        {
            Assert.NotNull(second);
        }

        Assert.Equal(0, _spools.Taken);
    }

    [Fact]
    public async Task A_body_that_breaks_gives_its_room_back()
    {
        var pipe = new Pipe(new(pauseWriterThreshold: 0));
        await pipe.Writer.WriteAsync(new byte[Frame * 2], TestContext.Current.CancellationToken);
        await pipe.Writer.CompleteAsync(new IOException("reset by peer"));
        await Assert.ThrowsAsync<UnreadableRequestException>(() => _spools.TakeAsync(pipe.Reader, TestContext.Current.CancellationToken));
        Assert.Equal(0, _spools.Taken);
        Assert.Empty(Directory.EnumerateFileSystemEntries(SpoolFolder));
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private string SpoolFolder => Path.Combine(_folder.FullName, "spool");

    private Task<PushSpool?> TakeAsync(byte[] body) => _spools.TakeAsync(PipeReader.Create(new MemoryStream(body)), TestContext.Current.CancellationToken);

    private static async Task<byte[]> AllAsync(Stream stream)
    {
        await using (stream)
        {
            using var copy = new MemoryStream();
            await stream.CopyToAsync(copy, TestContext.Current.CancellationToken);
            return copy.ToArray();
        }
    }

    /// <summary>The descriptor under which this process has the nameless file open.</summary>
    private string OpenFile() => Directory.EnumerateFileSystemEntries("/proc/self/fd").Single(entry => TargetOf(entry)?.StartsWith(SpoolFolder, StringComparison.Ordinal) == true);

    /// <summary>Null for one that was closed meanwhile: other stories run in this process.</summary>
    private static string? TargetOf(string descriptor)
    {
        try
        {
            return File.ResolveLinkTarget(descriptor, false)?.FullName;
        }
        catch (IOException)
        {
            return null;
        }
    }
}
