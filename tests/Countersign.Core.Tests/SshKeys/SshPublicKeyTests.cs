using System.Buffers.Binary;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using Countersign.Core.SshKeys;
using FsCheck;
using FsCheck.Fluent;

namespace Countersign.Core.Tests.SshKeys;

public sealed class SshPublicKeyTests
{
    private const string Ed25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGWr4X0xE5kadfBgkwIfxChtQjcq5WMh2RMAhYGIPFId";
    private const string EcdsaSk = "sk-ecdsa-sha2-nistp256@openssh.com AAAAInNrLWVjZHNhLXNoYTItbmlzdHAyNTZAb3BlbnNzaC5jb20AAAAIbmlzdHAyNTYAAABBBLv3IIKql6adt5kpVHLyMAIHIW39DsReotthxTRRGnXAE5IyrT3Rq2wAZb4qPW651vt/856XvFBtf27xH7L5+LoAAAAEc3NoOg==";
    private const string Ed25519Sk = "sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIGWr4X0xE5kadfBgkwIfxChtQjcq5WMh2RMAhYGIPFIdAAAABHNzaDo=";

    [Theory]
    [InlineData(Ed25519, SshKeyType.Ed25519, "")]
    [InlineData(Ed25519 + " ann@laptop", SshKeyType.Ed25519, "ann@laptop")]
    [InlineData(Ed25519 + "  two  words \r\n", SshKeyType.Ed25519, "two  words")]
    [InlineData("\t" + Ed25519, SshKeyType.Ed25519, "")]
    [InlineData(Ed25519Sk, SshKeyType.SecurityKeyEd25519, "")]
    [InlineData(EcdsaSk, SshKeyType.SecurityKeyEcdsa, "")]
    public void A_line_of_a_pub_file_is_a_key(string line, SshKeyType type, string comment)
    {
        Assert.True(SshPublicKey.TryParse(line, out var key, out var fault));
        Assert.Equal((SshKeyFault.None, type, comment), (fault, key.Type, key.Comment));
        Assert.Equal(type.IsSecurityKey() ? "ssh:" : null, key.Application);
        Assert.True(SshPublicKey.TryRead(key.Blob, out var again, out _));
        Assert.Equal(key.Fingerprint, again.Fingerprint);
    }

    [Theory]
    [InlineData(null, SshKeyFault.Empty)]
    [InlineData(" \n", SshKeyFault.Empty)]
    [InlineData("-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAA\n-----END OPENSSH PRIVATE KEY-----", SshKeyFault.PrivateKey)]
    [InlineData("-----begin rsa private key-----", SshKeyFault.PrivateKey)]
    [InlineData("-----BEGIN ENCRYPTED PRIVATE KEY-----", SshKeyFault.PrivateKey)]
    [InlineData("PuTTY-User-Key-File-3: ssh-ed25519", SshKeyFault.PrivateKey)]
    [InlineData("b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ", SshKeyFault.PrivateKey)] // without its first and last line
    [InlineData("---- BEGIN SSH2 PUBLIC KEY ----\nAAAA\n---- END SSH2 PUBLIC KEY ----", SshKeyFault.OtherFormat)]
    [InlineData(Ed25519 + "\n" + Ed25519, SshKeyFault.MoreThanOneLine)]
    [InlineData("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5\nAAAAIGWr", SshKeyFault.MoreThanOneLine)]
    [InlineData("restrict " + Ed25519, SshKeyFault.Options)]
    [InlineData("no-touch-required " + Ed25519Sk, SshKeyFault.Options)]
    [InlineData("command=\"a b\",restrict " + Ed25519, SshKeyFault.Options)]
    [InlineData("ssh-dss AAAAB3NzaC1kc3M=", SshKeyFault.Dsa)]
    [InlineData("ssh-ed25519-cert-v01@openssh.com AAAA", SshKeyFault.Certificate)]
    [InlineData("sk-ssh-ed25519-cert-v01@openssh.com AAAA", SshKeyFault.Certificate)]
    [InlineData("SSH-ED25519 AAAAC3NzaC1lZDI1NTE5AAAAIGWr4X0xE5kadfBgkwIfxChtQjcq5WMh2RMAhYGIPFId", SshKeyFault.UnknownType)]
    [InlineData("ssh-ed448 AAAA", SshKeyFault.UnknownType)]
    [InlineData("rsa-sha2-512 AAAA", SshKeyFault.UnknownType)]
    [InlineData("webauthn-sk-ecdsa-sha2-nistp256@openssh.com AAAA", SshKeyFault.UnknownType)]
    [InlineData("hello", SshKeyFault.UnknownType)]
    [InlineData("ssh-ed25519", SshKeyFault.Damaged)]
    [InlineData("ssh-ed25519 %%%%", SshKeyFault.Damaged)]
    [InlineData("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGWr4X0xE5kadfBgkwIfxChtQjcq5WMh2RMAhYGIPF", SshKeyFault.Damaged)]
    [InlineData("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGWr4X0xE5kadfBgkwIfxChtQjcq5WMh2RMAhYGIPFIdAAAA", SshKeyFault.Damaged)] // bytes behind it
    [InlineData("sk-ssh-ed25519@openssh.com AAAAC3NzaC1lZDI1NTE5AAAAIGWr4X0xE5kadfBgkwIfxChtQjcq5WMh2RMAhYGIPFId", SshKeyFault.Damaged)] // poses as a security key
    [InlineData("ssh-ed25519 AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIGWr4X0xE5kadfBgkwIfxChtQjcq5WMh2RMAhYGIPFIdAAAABHNzaDo=", SshKeyFault.Damaged)]
    public void What_is_no_key_is_refused_by_name(string? text, SshKeyFault expected)
    {
        Assert.False(SshPublicKey.TryParse(text, out var key, out var fault));
        Assert.Null(key);
        Assert.Equal(expected, fault);
    }

    [Fact]
    public void Another_spelling_of_the_same_base64_is_no_key()
    {
        Assert.All(
            [Ed25519Sk.TrimEnd('='), Ed25519Sk + "=", Ed25519Sk.Replace("GnNr", "GnN\u00a0r", StringComparison.Ordinal), EcdsaSk.Replace("Og==", "Oh==", StringComparison.Ordinal), EcdsaSk.Replace("Og==", "Og=", StringComparison.Ordinal)],
            line => Assert.False(SshPublicKey.TryParse(line, out _, out _), line));
    }

    [Fact]
    public void A_megabyte_is_refused_before_anything_is_read_of_it()
    {
        Assert.False(SshPublicKey.TryParse("ssh-rsa " + new string('A', 1 << 20), out _, out var fault));
        Assert.Equal(SshKeyFault.TooLong, fault);
        Assert.False(SshPublicKey.TryParse(new string('A', 1 << 20) + "PRIVATE KEY", out _, out fault));
        Assert.Equal(SshKeyFault.PrivateKey, fault);
        Assert.False(SshPublicKey.TryRead(new byte[1 << 20], out _, out fault));
        Assert.Equal(SshKeyFault.TooLong, fault);
    }

    public static TheoryData<int, byte[], SshKeyFault> RsaSizes => new()
    {
        { 3072, [1, 0, 1], SshKeyFault.None },
        { 16384, [1, 0, 1], SshKeyFault.None },
        { 3071, [1, 0, 1], SshKeyFault.RsaTooShort },
        { 2048, [1, 0, 1], SshKeyFault.RsaTooShort },
        { 16385, [1, 0, 1], SshKeyFault.RsaTooLong },
        { 3072, [3], SshKeyFault.RsaWeak },
        { 3072, [1], SshKeyFault.RsaWeak },
        { 3072, [1, 0, 2], SshKeyFault.RsaWeak },
        { 3072, [1, 0, 0, 0, 0, 0, 0, 0, 1], SshKeyFault.RsaWeak },
    };

    [Theory]
    [MemberData(nameof(RsaSizes))]
    public void Rsa_has_3072_to_16384_bits_and_a_sane_exponent(int bits, byte[] exponent, SshKeyFault expected)
    {
        var modulus = new byte[(bits + 7) / 8];
        modulus[0] = (byte)(1 << ((bits - 1) % 8));
        modulus[^1] |= 1;
        SshPublicKey.TryRead(Wire(Text("ssh-rsa"), Positive(exponent), Positive(modulus)), out _, out var fault);
        Assert.Equal(expected, fault);
    }

    [Fact]
    public void Numbers_have_one_form()
    {
        var modulus = new byte[384];
        (modulus[0], modulus[^1]) = (0x80, 1);
        Assert.Equal(SshKeyFault.Damaged, FaultOf(Wire(Text("ssh-rsa"), [1, 0, 1], modulus))); // negative
        Assert.Equal(SshKeyFault.Damaged, FaultOf(Wire(Text("ssh-rsa"), [0, 1, 0, 1], Positive(modulus)))); // a zero too many
        Assert.Equal(SshKeyFault.Damaged, FaultOf(Wire(Text("ssh-rsa"), [], Positive(modulus))));
        Assert.Equal(SshKeyFault.Damaged, FaultOf(Wire(Text("ssh-rsa"), Positive(modulus))));
    }

    [Fact]
    public void Points_are_uncompressed_on_the_curve_that_is_named()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        var q = key.ExportParameters(false).Q;
        byte[] point = [4, .. q.X!, .. q.Y!];
        Assert.Equal(SshKeyFault.None, FaultOf(Wire(Text("ecdsa-sha2-nistp384"), Text("nistp384"), point)));
        Assert.Equal(SshKeyFault.Damaged, FaultOf(Wire(Text("ecdsa-sha2-nistp384"), Text("nistp256"), point)));
        Assert.Equal(SshKeyFault.Damaged, FaultOf(Wire(Text("ecdsa-sha2-nistp256"), Text("nistp256"), point)));
        Assert.Equal(SshKeyFault.Damaged, FaultOf(Wire(Text("ecdsa-sha2-nistp384"), Text("nistp384"), [2, .. q.X!])));
        Assert.Equal(SshKeyFault.Damaged, FaultOf(Wire(Text("ecdsa-sha2-nistp384"), Text("nistp384"), [6, .. point[1..]])));
        Assert.Equal(SshKeyFault.Damaged, FaultOf(Wire(Text("ecdsa-sha2-nistp384"), Text("nistp384"), [0])));
        Assert.Equal(SshKeyFault.BadPoint, FaultOf(Wire(Text("ecdsa-sha2-nistp384"), Text("nistp384"), [.. point[..^1], (byte)(point[^1] ^ 1)])));
        Assert.Equal(SshKeyFault.BadPoint, FaultOf(Wire(Text("ssh-ed25519"), new byte[32])));
        Assert.Equal(SshKeyFault.Damaged, FaultOf(Wire(Text("ssh-ed25519"), new byte[31])));
    }

    [Theory]
    [InlineData("ssh:", SshKeyFault.None)]
    [InlineData("ssh:work", SshKeyFault.None)]
    [InlineData("ssh", SshKeyFault.ForeignApplication)]
    [InlineData("https://git.example.org", SshKeyFault.ForeignApplication)]
    [InlineData("SSH:", SshKeyFault.ForeignApplication)]
    [InlineData("ssh: x", SshKeyFault.Damaged)]
    [InlineData("", SshKeyFault.Damaged)]
    public void A_security_keys_key_is_for_ssh(string application, SshKeyFault expected)
    {
        Assert.True(SshPublicKey.TryParse(Ed25519, out var plain, out _));
        Assert.Equal(expected, FaultOf(Wire(Text("sk-ssh-ed25519@openssh.com"), plain.Blob[^32..].ToArray(), Text(application))));
    }

    [Fact]
    public void Every_cut_and_every_byte_behind_is_refused()
    {
        foreach (var line in (string[])[Ed25519, Ed25519Sk, EcdsaSk])
        {
            Assert.True(SshPublicKey.TryParse(line, out var key, out _));
            for (var length = 0; length < key.Blob.Length; length++)
            {
                Assert.False(SshPublicKey.TryRead(key.Blob[..length], out _, out _));
            }

            Assert.False(SshPublicKey.TryRead((byte[])[.. key.Blob.Span, 0], out _, out _));
        }
    }

    [Fact]
    public void No_bytes_and_no_text_make_it_throw()
    {
        Prop.ForAll<byte[]>(bytes =>
        {
            _ = SshPublicKey.TryRead(bytes, out _, out var fault) == (fault == SshKeyFault.None) ? true : throw new InvalidOperationException("key or fault");
            _ = SshAttestation.TryParse(bytes, out _);
        }).QuickCheckThrowOnFailure();
        Prop.ForAll<string>(text =>
        {
            Assert.Equal(SshPublicKey.TryParse(text, out _, out var fault), fault == SshKeyFault.None);
            _ = SshPublicKey.TryParse($"ssh-ed25519 {text}", out _, out _);
        }).QuickCheckThrowOnFailure();

        var random = new Random(4);
        Assert.True(SshPublicKey.TryParse(EcdsaSk, out var key, out _));
        for (var time = 0; time < 3000; time++)
        {
            var changed = key.Blob.ToArray();
            changed[random.Next(changed.Length)] = (byte)random.Next(256);
            if (SshPublicKey.TryRead(changed, out var other, out _))
            {
                Assert.Equal(changed, other.Blob.ToArray()); // and so another fingerprint, unless nothing was changed
            }
        }
    }

    [Theory]
    [InlineData("ed25519", 256)]
    [InlineData("ecdsa", 256)]
    [InlineData("ecdsa", 384)]
    [InlineData("ecdsa", 521)]
    [InlineData("rsa", 3072)]
    public void The_fingerprint_is_the_one_that_ssh_keygen_prints(string type, int bits)
    {
        var folder = Directory.CreateTempSubdirectory("countersign-key-");
        try
        {
            var file = Path.Combine(folder.FullName, "key");
            Run("ssh-keygen", "-q", "-t", type, "-b", $"{bits}", "-N", "", "-C", "ann laptop", "-f", file);
            Assert.True(SshPublicKey.TryParse(File.ReadAllText(file + ".pub"), out var key, out var fault), fault.ToString());
            Assert.Equal("ann laptop", key.Comment);
            Assert.Contains($" {key.Fingerprint} ", Run("ssh-keygen", "-l", "-f", file + ".pub"), StringComparison.Ordinal);
            Assert.False(SshPublicKey.TryParse(File.ReadAllText(file), out _, out fault));
            Assert.Equal(SshKeyFault.PrivateKey, fault);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static SshKeyFault FaultOf(byte[] blob)
    {
        SshPublicKey.TryRead(blob, out _, out var fault);
        return fault;
    }

    private static byte[] Text(string text) => Encoding.ASCII.GetBytes(text);

    private static byte[] Positive(byte[] number) => number[0] >= 0x80 ? [0, .. number] : number;

    private static byte[] Wire(params byte[][] parts) => [.. parts.SelectMany(part =>
    {
        var length = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, part.Length);
        return length.Concat(part);
    })];

    private static string Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        var output = process.StandardOutput.ReadToEnd();
        Assert.True(process.WaitForExit(60_000));
        Assert.Equal(0, process.ExitCode);
        return output;
    }
}
