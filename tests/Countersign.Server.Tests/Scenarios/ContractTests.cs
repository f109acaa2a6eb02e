using System.Text.Json;
using System.Text.Json.Nodes;
using Countersign.Server.Tests.Fakes;
using Countersign.Server.Tests.Fixtures;

namespace Countersign.Server.Tests.Scenarios;

/// <summary>The outside contract, driven as a stranger would: the built program, its commands, its addresses, real git.</summary>
[Trait("Category", "slow")]
public sealed class ContractTests
{
    private const string Password = "a password for the contract";

    [Fact]
    public async Task A_stranger_who_has_read_only_the_contract_can_drive_everything()
    {
        await using var program = await RunningProgram.StartAsync();
        var ready = program.Lines[^1];
        Assert.StartsWith($"ready http={program.Url} ssh=off", ready, StringComparison.Ordinal);

        // People, access tokens, factors.
        await program.SucceedAsync(Password + "\n", "user", "add", "ann", "--email", "ann@example.org", "--password-stdin");
        await program.SucceedAsync("", "user", "add", "bob", "--email", "bob@example.org");
        Assert.Equal(2, (await program.JsonAsync("user", "list")).GetArrayLength());
        Assert.Equal("ann@example.org", (await program.JsonAsync("user", "show", "ann")).GetProperty("email").GetString());
        foreach (var verb in new[] { "disable", "enable", "unlock" })
        {
            await program.SucceedAsync("", "user", verb, "bob");
        }

        var app = new AuthenticatorApp((await program.SucceedAsync("", "factor", "add-totp", "ann")).Trim());
        Assert.StartsWith("otpauth://totp/", (await program.JsonAsync("factor", "add-totp", "bob")).GetProperty("otpauthUri").GetString(), StringComparison.Ordinal);
        Assert.Equal("totp", (await program.JsonAsync("factor", "list", "ann"))[0].GetProperty("kind").GetString());
        await program.RefuseAsync(1, "factor", "add-totp", "ann");
        await program.SucceedAsync("", "factor", "reset", "bob");
        var token = (await program.SucceedAsync("", "token", "add", "ann", "--label", "laptop", "--days", "7")).Trim();
        Assert.Matches("^csn_[a-z2-7]{32}$", token);
        var spare = (await program.JsonAsync("token", "add", "ann", "--label", "spare")).GetProperty("details").GetProperty("id").GetString()!;
        await program.SucceedAsync("", "token", "revoke", "ann", spare);
        Assert.Equal("laptop", Assert.Single((await program.JsonAsync("token", "list", "ann")).EnumerateArray()).GetProperty("label").GetString());

        // Workspaces and repositories.
        await program.SucceedAsync("", "workspace", "add", "ACME", "--mode", "enforce");
        await program.SucceedAsync("", "member", "add", "ACME", "ann", "--role", "write", "--accepted");
        Assert.True((await program.JsonAsync("member", "list", "ACME"))[0].GetProperty("accepted").GetBoolean());
        var source = await GitClient.MakeSourceAsync(Path.Combine(program.Folder, "source"));
        await program.SucceedAsync("", "repo", "add", "ACME/core", "--kind", "repository", "--import", source);
        await program.SucceedAsync("", "repo", "add", "ACME/notes", "--kind", "wiki", "--public");
        Assert.Equal(2, (await program.JsonAsync("repo", "list")).GetArrayLength());
        Assert.Contains("cannot be imported", await program.RefuseAsync(1, "repo", "add", "ACME/none", "--import", "/no/such/folder"), StringComparison.Ordinal);

        // Policy.
        var policy = Path.Combine(program.Folder, "policy.yaml");
        await File.WriteAllTextAsync(policy, "version: 1\nmode: enforce\nrules:\n  - name: all\n    operations: [read, write]\n    require: { strength: strong }\n", TestContext.Current.CancellationToken);
        await program.SucceedAsync("", "policy", "check", policy);
        await program.SucceedAsync("", "policy", "apply", policy);
        Assert.Equal(await File.ReadAllTextAsync(policy, TestContext.Current.CancellationToken), await program.SucceedAsync("", "policy", "show"));
        var explained = await program.JsonAsync("policy", "explain", "--as", "ann", "--op", "write", "--repo", "ACME/core", "--ref", "refs/heads/main");
        Assert.Equal(("step-up", "all"), (explained.GetProperty("decision").GetString(), explained.GetProperty("rule").GetString()));
        await File.AppendAllTextAsync(policy, "    efect: deny\n", TestContext.Current.CancellationToken);
        Assert.Contains(":7:5: ", await program.RefuseAsync(1, "policy", "check", policy), StringComparison.Ordinal);
        await program.RefuseAsync(1, "policy", "apply", policy);

        // Sign-in: each code once; the next step's code approves.
        var code = app.Now;
        var first = await program.PostAsync("session", new { user = "ann", password = Password, totp = code });
        Assert.Equal(200, first.Status);
        program.Bearer = first.Json.GetProperty("token").GetString();
        Assert.True(first.Json.GetProperty("expires").GetDateTimeOffset() > TimeProvider.System.GetUtcNow());
        (await program.PostAsync("session", new { user = "ann", password = Password, totp = code })).IsProblem(401, "refused");
        (await program.PostAsync("session", new { user = "ann", password = Password })).IsProblem(401, "code_required");

        // A passkey, and recovery codes, in the same session.
        using var key = new SoftwareAuthenticator { Origin = program.Url };
        var options = await program.PostAsync("passkeys/options", new { });
        Assert.Equal(200, (await program.PostAsync("passkeys", new { name = "key", attestation = JsonElement.Parse(key.Register(options.Body)) })).Status);
        var codes = (await program.PostAsync("recovery-codes", new { })).Json.GetProperty("recoveryCodes");

        // clone approved with a passkey, push with a recovery code, a second push denied.
        var tree = new GitClient(Path.Combine(program.Folder, "tree"));
        var address = $"{program.Url.Replace("http://", $"http://ann:{token}@", StringComparison.Ordinal)}/scm/ACME/core.git";
        var clone = new GitClient(program.Folder).StartAsync("clone", "-q", address, tree.Folder);
        var request = await program.NextRequestAsync();
        Assert.Equal(("fetch", "ACME/core", "ann"), (request.GetProperty("operation").GetString(), request.GetProperty("repository").GetString(), request.GetProperty("person").GetString()));
        var id = request.GetProperty("id").GetString()!;
        Assert.Equal($"{program.Url}/a/{id}", request.GetProperty("approveUrl").GetString());
        var assertion = JsonElement.Parse(key.Assert((await program.PostAsync($"requests/{id}/options", new { })).Body));
        Assert.Equal(200, (await program.PostAsync($"requests/{id}/approve", new { assertion })).Status);
        Assert.Equal(0, (await clone.Completion).ExitCode);
        Assert.Equal(id, (await program.JsonAsync("request", "list"))[0].GetProperty("id").GetString());
        Assert.Equal("spent", (await program.JsonAsync("request", "show", id)).GetProperty("state").GetString());
        Assert.Contains(id, await program.SucceedAsync("", "request", "show", id), StringComparison.Ordinal);

        await tree.CommitAsync("a.txt", "a\n");
        var push = tree.StartAsync("push", "-q", "origin", "main");
        id = (await program.NextRequestAsync()).GetProperty("id").GetString()!;
        Assert.Equal(200, (await program.PostAsync($"requests/{id}/approve", new { recoveryCode = codes[0].GetString() })).Status);
        Assert.Equal(0, (await push.Completion).ExitCode);

        await tree.CommitAsync("b.txt", "b\n");
        var refused = tree.StartAsync("push", "-q", "origin", "main");
        id = (await program.NextRequestAsync()).GetProperty("id").GetString()!;
        Assert.Equal(200, (await program.PostAsync($"requests/{id}/deny", new { })).Status);
        Assert.NotEqual(0, (await refused.Completion).ExitCode);

        // Audit, doctor, description, health.
        Assert.True((await program.JsonAsync("audit", "list", "--since", "1h")).GetArrayLength() > 10);
        var export = Path.Combine(program.Folder, "export.jsonl");
        await File.WriteAllTextAsync(export, await program.SucceedAsync("", "audit", "export", "--format", "jsonl"), TestContext.Current.CancellationToken);
        Assert.All(await File.ReadAllLinesAsync(export, TestContext.Current.CancellationToken), line => JsonElement.Parse(line));
        Assert.Contains("seq,time,type", await program.SucceedAsync("", "audit", "export", "--format", "csv"), StringComparison.Ordinal);
        Assert.True((await program.JsonAsync("audit", "verify", "--against", export)).GetProperty("ok").GetBoolean());
        Assert.DoesNotContain((await program.JsonAsync("doctor")).EnumerateArray(), finding => finding.GetProperty("state").GetString() == "wrong");
        var described = await program.GetAsync("/openapi/v1.json");
        Assert.True(described.Json.GetProperty("paths").TryGetProperty("/api/v1/requests/{id}/approve", out _));
        Assert.Equal(200, (await program.GetAsync("/healthz/live")).Status);
        Assert.Equal(200, (await program.GetAsync("/healthz/ready")).Status);

        // Wrong use, and the end.
        await program.RefuseAsync(1, "user", "show", "nobody");
        await program.RefuseAsync(1, "request", "show", "garbage");
        await program.RefuseAsync(2, "policy", "explain", "--as", "ann", "--op", "merge", "--repo", "ACME/core");
        await program.RefuseAsync(2, "policy", "check", "/no/such/file");
        await program.RefuseAsync(2, "audit", "list", "--since", "yesterday");
        Assert.Equal(0, await program.StopAsync());
        await program.RefuseAsync(1, "user", "list");
        Assert.True((await program.JsonAsync("audit", "verify", "--against", export)).GetProperty("ok").GetBoolean());
    }

    [Theory]
    [InlineData("registration", "challenge")]
    [InlineData("registration", "clientDataJSON")]
    [InlineData("registration", "attestationObject")]
    [InlineData("registration", "aaguid")]
    [InlineData("registration", "credential_id")]
    [InlineData("authentication", "challenge")]
    [InlineData("authentication", "clientDataJSON")]
    [InlineData("authentication", "authenticatorData")]
    [InlineData("authentication", "signature")]
    public async Task A_bend_anywhere_in_a_test_vector_is_found(string ceremony, string part)
    {
        var vectors = Checkout.PathOf("tests/vectors/webauthn-level3.json");
        Assert.Equal(0, (await RunningProgram.RunAsync("", "webauthn", "verify", vectors)).Exit);
        var root = JsonNode.Parse(await File.ReadAllTextAsync(vectors, TestContext.Current.CancellationToken))!;
        var bent = 0;
        foreach (var vector in root["vectors"]!.AsArray())
        {
            if (vector![ceremony]?[part]?.GetValue<string>() is { Length: > 0 } text)
            {
                var middle = text.Length / 2;
                vector[ceremony]![part] = text[..middle] + (text[middle] == '0' ? '1' : '0') + text[(middle + 1)..];
                bent++;
            }
        }

        var copy = Path.GetTempFileName();
        await File.WriteAllTextAsync(copy, root.ToJsonString(), TestContext.Current.CancellationToken);
        var (exit, output, _) = await RunningProgram.RunAsync("", "webauthn", "verify", copy);
        File.Delete(copy);
        Assert.Equal(1, exit);
        Assert.Equal(bent, output.Split('\n').Count(line => line.StartsWith("FAIL ", StringComparison.Ordinal)));
    }
}
