using System.Text.Json;
using Countersign.Server.People;
using Countersign.Server.Tests.Cli;
using Countersign.Server.Tests.Fixtures;
using Countersign.Server.Tests.SoftwareSecurityKeys;

namespace Countersign.Server.Tests.SshKeys;

/// <summary>countersign key, over the administration socket.</summary>
[Trait("Category", "slow")]
public sealed class KeyCommandTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Keys_are_added_listed_and_removed()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        var device = await SoftwareSecurityKey.MakeAsync(Path.Combine(gateway.Folder.FullName, "sk"));
        Task<(int Exit, string Out, string Error)> RunAsync(params string[] words) => CommandLineTests.RunAsync([.. words, "--data", gateway.Options.Data]);

        Assert.Contains("There are no SSH keys", (await RunAsync("key", "list", "ann")).Out, StringComparison.Ordinal);
        var added = await RunAsync("key", "add", "ann", "--file", device.PrivateKeyFile + ".pub", "--label", "My laptop", "--days", "30");
        Assert.Equal((0, ""), (added.Exit, added.Error));
        var key = Assert.Single(await gateway.Get<ISshKeys>().ListAsync(ann.Id, Cancellation));
        Assert.Equal($"{key.Id} {key.Fingerprint} My laptop\n", added.Out);
        Assert.Contains(key.Fingerprint, await Command.SucceedAsync("ssh-keygen", ["-l", "-f", device.PrivateKeyFile + ".pub"]), StringComparison.Ordinal);

        var listed = (await RunAsync("key", "list", "ann")).Out;
        Assert.All([key.Id, "My laptop", "sk-ssh-ed25519@openssh.com", key.Fingerprint, "in 30 days", "never"], text => Assert.Contains(text, listed, StringComparison.Ordinal));
        Assert.Equal(key.Id, JsonElement.Parse((await RunAsync("key", "list", "ann", "--json")).Out)[0].GetProperty("id").GetString());

        var again = await RunAsync("key", "add", "ann", "--file", device.PrivateKeyFile + ".pub");
        Assert.Equal((1, "countersign: You have this key already, as \"My laptop\".\n"), (again.Exit, again.Error));
        Assert.Equal((0, "removed My laptop\n", ""), await RunAsync("key", "remove", "ann", key.Id));
        Assert.Equal((1, "", "countersign: There is no such SSH key.\n"), await RunAsync("key", "remove", "ann", key.Id));
        Assert.Equal(2, (await RunAsync("key", "add", "ann", "--file", "/nowhere.pub")).Exit);
        Assert.StartsWith("countersign: There is no such person", (await RunAsync("key", "list", "nobody")).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_file_of_a_private_key_is_refused_and_named_as_what_it_is()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        await gateway.AddPersonAsync();
        var device = await SoftwareSecurityKey.MakeAsync(Path.Combine(gateway.Folder.FullName, "sk"));
        var refused = await CommandLineTests.RunAsync(["key", "add", "ann", "--file", device.PrivateKeyFile, "--data", gateway.Options.Data]);
        Assert.Equal(1, refused.Exit);
        Assert.Contains("That is a private key", refused.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_challenge_written_by_the_shell_is_the_one_that_is_expected()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        var made = await CommandLineTests.RunAsync(["key", "challenge", "ann", "--data", gateway.Options.Data]);
        var open = Assert.Single(gateway.Get<Countersign.Server.Factors.SecurityKeySsh.AttestationChallenges>().OpenOf(ann.Id));
        Assert.Equal(open.File, System.Text.Encoding.ASCII.GetBytes(made.Out));
    }
}
