using Countersign.Server.Tests.Fixtures;
using Countersign.Server.Tests.SoftwareSecurityKeys;

namespace Countersign.Server.Tests.SshKeys;

[Trait("Category", "slow")]
public sealed class SshKeysApiTests
{
    private const string Ed25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGWr4X0xE5kadfBgkwIfxChtQjcq5WMh2RMAhYGIPFId ann@laptop";

    [Fact]
    public async Task A_person_adds_lists_and_removes_keys_and_reads_what_is_wrong_with_others()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        using var visitor = await Visitor.SignedInAsync(gateway, ann);

        var added = await visitor.PostAsync("ssh-keys", new { key = Ed25519, days = 30 });
        Assert.Equal(201, added.Status);
        var id = added.Json.GetProperty("id").GetString();
        Assert.Equal(("ann@laptop", "ssh-ed25519"), (added.Json.GetProperty("label").GetString(), added.Json.GetProperty("type").GetString()));
        Assert.Equal(id, Assert.Single((await visitor.GetApiAsync("ssh-keys")).Json.EnumerateArray()).GetProperty("id").GetString());

        (await visitor.PostAsync("ssh-keys", new { key = Ed25519 })).IsProblem(409, "key_there_already");
        (await visitor.PostAsync("ssh-keys", new { key = "-----BEGIN OPENSSH PRIVATE KEY-----" })).IsProblem(400, "private_key");
        (await visitor.PostAsync("ssh-keys", new { key = "ssh-dss AAAA" })).IsProblem(400, "weak_key");
        (await visitor.PostAsync("ssh-keys", new { key = Ed25519, attestation = "%" })).IsProblem(400, "bad_attestation");
        Assert.Equal(413, (await visitor.PostAsync("ssh-keys", new { key = new string('A', 1 << 20) })).Status);

        Assert.Equal(200, (await visitor.ApiAsync(HttpMethod.Delete, $"ssh-keys/{id}", null)).Status);
        (await visitor.ApiAsync(HttpMethod.Delete, $"ssh-keys/{id}", null)).IsProblem(404, "no_such_key");
        Assert.Equal(403, (await visitor.PostAsync("people/ann/ssh-keys", new { key = Ed25519 })).Status);
    }

    [Fact]
    public async Task A_key_is_attested_with_the_challenge_of_the_answer()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        using var visitor = await Visitor.SignedInAsync(gateway, ann);
        var challenge = (await visitor.PostAsync("ssh-keys/challenge", new { })).Json.GetProperty("challenge").GetString();
        var maker = SecurityKeyMaker.Make(Path.Combine(gateway.Folder.FullName, "maker"), gateway.Clock.GetUtcNow());
        var key = await SoftwareSecurityKey.MakeAsync(
            Path.Combine(gateway.Folder.FullName, "sk"), challenge: System.Text.Encoding.ASCII.GetBytes($"{challenge}\n"), maker: maker);

        // Right in itself, and no root vouches for it here: so far it was read.
        var refused = await visitor.PostAsync("ssh-keys", new { key = key.PublicLine, attestation = Convert.ToBase64String(key.Attestation) });
        refused.IsProblem(400, "bad_attestation");
        Assert.Contains("does not know that model", refused.Body, StringComparison.Ordinal);
        Assert.Equal(201, (await visitor.PostAsync("ssh-keys", new { key = key.PublicLine })).Status);
    }

    [Fact]
    public async Task An_ssh_key_alone_opens_no_page_and_sets_up_nothing()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync(factor: false);
        var device = await SoftwareSecurityKey.MakeAsync(Path.Combine(gateway.Folder.FullName, "sk"));
        await SshKeysTests.AddAsync(gateway, ann, device.PublicLine);
        Assert.True(ann.Principal.HasSshSecurityKey);
        Assert.Empty(ann.Principal.Factors);

        // To the pages such a person has yet to set up a second factor, and may do only that.
        using var visitor = await Visitor.SignedInAsync(gateway, ann);
        Assert.Equal(200, (await visitor.GetApiAsync("me")).Status);
        Assert.Equal(403, (await visitor.GetApiAsync("ssh-keys")).Status);
        Assert.Equal(403, (await visitor.PostAsync("ssh-keys", new { key = Ed25519 })).Status);
        Assert.Equal(200, (await visitor.PostAsync("totp", new { })).Status);
    }
}
