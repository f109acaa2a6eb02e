using System.Security.Cryptography;
using System.Text;
using Countersign.Core.Audit;

namespace Countersign.Core.Tests.Audit;

public sealed class CheckpointTests : IDisposable
{
    private readonly ECDsa signing = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly CheckpointKey key;
    private readonly Checkpoint checkpoint;

    public CheckpointTests()
    {
        key = new(signing.ExportSubjectPublicKeyInfo());
        checkpoint = new(key.Origin, 42, MerkleTree.LeafHash("x"u8));
    }

    [Fact]
    public void A_signed_note_has_the_form_of_c2sp()
    {
        var lines = Sign(checkpoint.Text).Split('\n');
        Assert.Equal([key.Origin, "42", Convert.ToBase64String(checkpoint.Root), ""], lines[..4]);
        Assert.StartsWith($"\u2014 {key.Origin} ", lines[4], StringComparison.Ordinal);
        var signature = Convert.FromBase64String(lines[4].Split(' ')[2]);
        Assert.Equal(SHA256.HashData(signing.ExportSubjectPublicKeyInfo())[..4], signature[..4]);
        Assert.True(signing.VerifyData(Encoding.UTF8.GetBytes(checkpoint.Text), signature[4..], HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence));
        Assert.Equal(["", 6], new object[] { lines[5], lines.Length });
    }

    [Fact]
    public void A_signed_note_opens()
    {
        Assert.True(key.TryOpen(Sign(checkpoint.Text), out var opened));
        Assert.Equal((42, Convert.ToHexString(checkpoint.Root)), (opened.Size, Convert.ToHexString(opened.Root)));
    }

    [Fact]
    public void The_origin_follows_from_the_key()
    {
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Assert.Matches("^countersign/[0-9a-f]{16}$", key.Origin);
        Assert.NotEqual(key.Origin, new CheckpointKey(other.ExportSubjectPublicKeyInfo()).Origin);
    }

    [Fact]
    public void The_public_key_is_pem_that_others_import()
    {
        using var imported = ECDsa.Create();
        imported.ImportFromPem(key.Pem);
        Assert.Equal(signing.ExportSubjectPublicKeyInfo(), imported.ExportSubjectPublicKeyInfo());
    }

    [Fact]
    public void A_note_with_another_size_does_not_open()
        => Assert.False(key.TryOpen(Sign(checkpoint.Text).Replace("\n42\n", "\n43\n", StringComparison.Ordinal), out _));

    [Fact]
    public void A_note_by_another_key_under_our_name_does_not_open()
    {
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var forged = other.SignData(Encoding.UTF8.GetBytes(checkpoint.Text), HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
        Assert.False(key.TryOpen(key.Note(checkpoint.Text, forged), out _));
        Assert.False(key.TryOpen(new CheckpointKey(other.ExportSubjectPublicKeyInfo()).Note(checkpoint.Text, forged), out _));
    }

    [Fact]
    public void A_second_signature_by_a_witness_is_ignored_and_a_second_false_one_of_ours_is_not()
    {
        var note = Sign(checkpoint.Text);
        Assert.True(key.TryOpen(note + "\u2014 witness.example/w AAAAAAAA\n", out _));
        Assert.False(key.TryOpen(note + key.Note("", [1, 2, 3])[1..], out _));
    }

    [Fact]
    public void A_note_about_another_log_does_not_open_even_when_our_key_signed_it()
        => Assert.False(key.TryOpen(Sign((checkpoint with { Origin = "elsewhere" }).Text), out _));

    [Theory]
    [InlineData("")]
    [InlineData("\n\n")]
    [InlineData("a\n1\nb\n")]
    [InlineData("a\n1\nb\n\n\u2014 a b\n")]
    public void What_is_no_note_does_not_open(string text) => Assert.False(key.TryOpen(text, out _));

    [Fact]
    public void A_note_without_its_last_line_end_or_of_absurd_length_does_not_open()
    {
        Assert.False(key.TryOpen(Sign(checkpoint.Text).TrimEnd(), out _));
        Assert.False(key.TryOpen(Sign(checkpoint.Text + new string('x', 20_000) + "\n"), out _));
    }

    [Theory]
    [InlineData("o\n042\n{0}\n")]
    [InlineData("o\n-1\n{0}\n")]
    [InlineData("o\n+1\n{0}\n")]
    [InlineData("o\n99999999999999999999\n{0}\n")]
    [InlineData("\n1\n{0}\n")]
    [InlineData("o\n1\n{0}")]
    [InlineData("o\n1\nAAAA\n")]
    public void A_checkpoint_that_is_not_exact_is_refused(string format)
        => Assert.False(Checkpoint.TryParse(format.Replace("{0}", Convert.ToBase64String(checkpoint.Root), StringComparison.Ordinal), out _));

    [Fact]
    public void Extension_lines_are_ignored() => Assert.True(Checkpoint.TryParse(checkpoint.Text + "more\n", out _));

    public void Dispose() => signing.Dispose();

    private string Sign(string text)
        => key.Note(text, signing.SignData(Encoding.UTF8.GetBytes(text), HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence));
}
