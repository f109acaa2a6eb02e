using System.Security.Cryptography;
using Countersign.Core.Git;
using FsCheck;
using FsCheck.Fluent;

namespace Countersign.Core.Tests.Git;

public sealed class PackTrailerTests
{
    [Theory]
    [InlineData(ObjectFormat.Sha1)]
    [InlineData(ObjectFormat.Sha256)]
    public void A_pack_ends_where_the_hash_of_everything_before_it_stands(ObjectFormat format)
    {
        var pack = Pack(RandomNumberGenerator.GetBytes(100), format);
        for (var piece = 1; piece <= pack.Length; piece++)
        {
            using var trailer = new PackTrailer(format);
            foreach (var part in pack.Chunk(piece))
            {
                Assert.False(trailer.IsAtEnd);
                trailer.Add(part);
            }

            Assert.True(trailer.IsAtEnd);
            trailer.Add([0]);
            Assert.False(trailer.IsAtEnd);
        }
    }

    [Fact]
    public void What_was_cut_or_changed_has_no_end() => Prop.ForAll<byte[], int, byte>((content, at, change) =>
    {
        var pack = Pack([.. new byte[12], .. content ?? []], ObjectFormat.Sha1);
        var position = (int)((uint)at % pack.Length);
        using var cut = new PackTrailer(ObjectFormat.Sha1);
        cut.Add(pack.AsSpan(0, position));
        Assert.False(cut.IsAtEnd);
        using var changed = new PackTrailer(ObjectFormat.Sha1);
        pack[position] ^= (byte)(change | 1);
        changed.Add(pack);
        Assert.False(changed.IsAtEnd);
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void The_hash_of_nothing_is_no_pack()
    {
        using var trailer = new PackTrailer(ObjectFormat.Sha1);
        Assert.False(trailer.IsAtEnd);
        trailer.Add(Pack([], ObjectFormat.Sha1));
        Assert.False(trailer.IsAtEnd);
    }

    private static byte[] Pack(byte[] content, ObjectFormat format) =>
#pragma warning disable CA5350 // the hash that packs have
        [.. content, .. format == ObjectFormat.Sha1 ? SHA1.HashData(content) : SHA256.HashData(content)];
#pragma warning restore CA5350
}
