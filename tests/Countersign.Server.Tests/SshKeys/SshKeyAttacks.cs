using System.Security.Cryptography;
using Countersign.Core.SshKeys;
using Countersign.Server.People;
using Countersign.Server.Tests.Fixtures;
using Countersign.Server.Tests.SoftwareSecurityKeys;

namespace Countersign.Server.Tests.SshKeys;

[Trait("Category", "slow")]
public sealed class SshKeyAttacks
{
    private const string Ed25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGWr4X0xE5kadfBgkwIfxChtQjcq5WMh2RMAhYGIPFId";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_key_of_somebody_else_is_refused_however_it_is_written_and_nothing_tells_whose_it_is()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        var bob = await gateway.AddPersonAsync("bob");
        var key = await SshKeysTests.AddAsync(gateway, ann, Ed25519 + " ann@laptop");
        var keys = gateway.Get<ISshKeys>();

        foreach (var line in (string[])[Ed25519, Ed25519 + " bob@desk", "  " + Ed25519 + "\r\n"])
        {
            var refused = await keys.AddAsync(bob.Id, line, "mine", null, "bob", Cancellation);
            Assert.Equal("key_taken", refused.Refusal?.Code);
            Assert.DoesNotContain(" ann", refused.Refusal!.Message, StringComparison.OrdinalIgnoreCase);
            Assert.Equal("key_there_already", await SshKeysTests.RefusalAsync(gateway, ann, line));
        }

        Assert.Equal("bad_key", await SshKeysTests.RefusalAsync(gateway, bob, Ed25519.Replace("ssh-ed", "SSH-ED", StringComparison.Ordinal)));
        Assert.Equal("bad_key", await SshKeysTests.RefusalAsync(gateway, bob, Ed25519 + "="));
        Assert.Equal(key.Id, keys.Find(SshKeysTests.Blob(Ed25519))?.Id);

        // The same while it is Ann's and after: there is nothing to learn from asking twice.
        var before = (await keys.AddAsync(bob.Id, Ed25519, null, null, "bob", Cancellation)).Refusal;
        await keys.RemoveAsync(ann.Id, key.Id, "ann", Cancellation);
        Assert.Equal(before, (await keys.AddAsync(bob.Id, Ed25519, null, null, "bob", Cancellation)).Refusal);
    }

    [Fact]
    public async Task Of_two_people_who_add_one_key_at_once_one_gets_it()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        List<TestPerson> people = [];
        for (var number = 0; number < 6; number++)
        {
            people.Add(await gateway.AddPersonAsync($"person{number}"));
        }

        var all = await Task.WhenAll(people.Select(person => gateway.Get<ISshKeys>().AddAsync(person.Id, Ed25519, null, null, person.Name, Cancellation)));
        Assert.Single(all, result => result.Refusal is null);
        Assert.All(all.Where(result => result.Refusal is not null), result => Assert.Equal("key_taken", result.Refusal!.Code));
    }

    [Fact]
    public async Task A_private_key_is_refused_and_is_afterwards_nowhere()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        var file = Path.Combine(gateway.Folder.FullName, "key");
        await Command.SucceedAsync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", file]);
        var secret = await File.ReadAllTextAsync(file, Cancellation);
        var canary = secret.Split('\n')[2];

        var refused = await gateway.Get<ISshKeys>().AddAsync(ann.Id, secret, null, null, "ann", Cancellation);
        Assert.Equal("private_key", refused.Refusal?.Code);
        Assert.Contains("consider it exposed", refused.Refusal!.Message, StringComparison.Ordinal);
        Assert.Equal("private_key", await SshKeysTests.RefusalAsync(gateway, ann, string.Join("", secret.Split('\n')[1..^2])));
        var log = string.Concat((await gateway.AuditAsync()).SelectMany(record => record.Event.Facts.Values));
        Assert.DoesNotContain(canary, log, StringComparison.Ordinal);
        foreach (var kept in Directory.EnumerateFiles(gateway.Options.Data, "*", SearchOption.AllDirectories).Where(kept => kept.Contains(".db", StringComparison.Ordinal)))
        {
            await using var stream = new FileStream(kept, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using var reader = new StreamReader(stream, System.Text.Encoding.Latin1);
            Assert.DoesNotContain(canary, await reader.ReadToEndAsync(Cancellation), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Long_texts_endless_keys_and_labels_in_disguise_are_refused()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        Assert.Equal("bad_key", await SshKeysTests.RefusalAsync(gateway, ann, "ssh-rsa " + new string('A', 1 << 20)));
        Assert.Equal("bad_key", await SshKeysTests.RefusalAsync(gateway, ann, "sk-ssh-ed25519-cert-v01@openssh.com AAAA"));
        Assert.Equal("bad_days", await SshKeysTests.RefusalAsync(gateway, ann, Ed25519, days: 0));
        Assert.Equal("bad_days", await SshKeysTests.RefusalAsync(gateway, ann, Ed25519, days: int.MaxValue));
        Assert.Equal("bad_label", await SshKeysTests.RefusalAsync(gateway, ann, Ed25519, label: "right\u202eleft"));

        // A comment in disguise is no label; the key is called by its type instead.
        Assert.Equal("Ed25519", (await SshKeysTests.AddAsync(gateway, ann, Ed25519 + " right\u202eleft")).Label);
    }

    [Fact]
    public async Task Nobody_has_more_keys_than_the_bound()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        for (var number = 0; number < SshKeyRegister.MaxKeys; number++)
        {
            await SshKeysTests.AddAsync(gateway, ann, NewLine());
        }

        Assert.Equal("too_many", await SshKeysTests.RefusalAsync(gateway, ann, NewLine()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("ssh-")]
    [InlineData("ssh-00000000000000000000000000000000")]
    [InlineData("ssh-' OR 1=1 --")]
    public async Task What_is_no_key_id_is_nobody(string id)
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        await SshKeysTests.AddAsync(gateway, ann, Ed25519);
        Assert.Null(gateway.Get<ISshKeys>().Authenticate(id, Core.Identities.ClientAddress.Unknown));
        Assert.False(gateway.Get<ISshKeys>().IsLive(ann.Id, id));
        Assert.Null(gateway.Get<ISshKeys>().Find([]));
    }

    /// <summary>An ECDSA key, made quickly.</summary>
    private static string NewLine()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var q = key.ExportParameters(includePrivateParameters: false).Q;
        byte[] blob = [.. Part("ecdsa-sha2-nistp256"u8), .. Part("nistp256"u8), .. Part([4, .. q.X!, .. q.Y!])];
        Assert.True(SshPublicKey.TryRead(blob, out _, out _));
        return $"ecdsa-sha2-nistp256 {Convert.ToBase64String(blob)}";

        static byte[] Part(ReadOnlySpan<byte> bytes) => [0, 0, 0, (byte)bytes.Length, .. bytes];
    }
}
