using System.Text.Json.Nodes;
using Countersign.Server.Cli;

namespace Countersign.Server.Tests.Cli;

/// <summary><c>countersign webauthn verify FILE</c>.</summary>
public sealed class WebAuthnVectorsTests
{
    private static readonly string Level3 = File.ReadAllText(Checkout.PathOf("tests/vectors/webauthn-level3.json"));

    [Fact]
    public void The_vectors_of_the_specification_pass_with_one_line_each()
    {
        var (exit, lines, error) = Run(Level3);
        Assert.Equal((0, ""), (exit, error));
        Assert.Equal(
            ["ok none-es256", "ok packed-self-es256", "ok packed-es256", "ok packed-rs256", "ok tpm-es256", "ok none-es256-topOrigin"], lines);
    }

    [Theory]
    [InlineData("registration", "challenge", "FAIL packed-es256: registration: challenge mismatch")]
    [InlineData("registration", "aaguid", "FAIL packed-es256: registration: aaguid is not the stated one")]
    [InlineData("registration", "credential_id", "FAIL packed-es256: registration: credential id invalid")]
    [InlineData("registration", "clientDataJSON", "FAIL packed-es256: registration: client data malformed")]
    [InlineData("registration", "attestationObject", "FAIL packed-es256: registration: attestation object malformed")]
    [InlineData("authentication", "challenge", "FAIL packed-es256: authentication: challenge mismatch")]
    [InlineData("authentication", "authenticatorData", "FAIL packed-es256: authentication: rp id hash mismatch")]
    [InlineData("authentication", "clientDataJSON", "FAIL packed-es256: authentication: client data malformed")]
    [InlineData("authentication", "signature", "FAIL packed-es256: authentication: signature invalid")]
    public void A_tampered_part_fails_its_vector_alone(string ceremony, string part, string line)
    {
        var (exit, lines, _) = Run(Bend(file =>
        {
            var text = file["vectors"]![2]![ceremony]![part]!.GetValue<string>();
            file["vectors"]![2]![ceremony]![part] = (text[0] == '0' ? "1" : "0") + text[1..];
        }));
        Assert.Equal(1, exit);
        Assert.Equal(line, lines[2]);
        Assert.Equal(5, lines.Count(other => other.StartsWith("ok ", StringComparison.Ordinal)));
    }

    [Fact]
    public void Without_the_root_or_with_a_damaged_one_certified_keys_fail_and_others_do_not()
    {
        foreach (var certificate in new[] { null, "", "zz", "3000", JsonNode.Parse(Level3)!["attestation_ca_cert"]!.GetValue<string>()[..^1] + "2" })
        {
            var (exit, lines, _) = Run(Bend(file => file["attestation_ca_cert"] = certificate));
            Assert.Equal(1, exit);
            Assert.Equal("FAIL packed-es256: registration: attestation not trusted", lines[2]);
            Assert.Equal(3, lines.Count(line => line.StartsWith("ok ", StringComparison.Ordinal)));
        }

        Assert.Equal(1, Run(Bend(file => ((JsonObject)file).Remove("attestation_ca_cert"))).Exit);
    }

    [Fact]
    public void A_vector_may_have_no_authentication_but_needs_a_registration()
    {
        var (exit, lines, _) = Run(Bend(file =>
        {
            ((JsonObject)file["vectors"]![0]!).Remove("authentication");
            ((JsonObject)file["vectors"]![1]!).Remove("registration");
            ((JsonObject)file["vectors"]![2]!["registration"]!).Remove("aaguid");
            ((JsonObject)file["vectors"]![3]!["registration"]!).Remove("challenge");
        }));
        Assert.Equal(1, exit);
        Assert.Equal("ok none-es256", lines[0]);
        Assert.Equal("FAIL packed-self-es256: \"registration\" is missing", lines[1]);
        Assert.Equal("ok packed-es256", lines[2]);
        Assert.Equal("FAIL packed-rs256: \"challenge\" is missing or not hexadecimal of the right length", lines[3]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("no json")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"vectors":{}}""")]
    [InlineData("""{"vectors":[]}""")]
    [InlineData("""{"vectors":[1]}""")]
    [InlineData("""{"vectors":[{}]}""")]
    [InlineData("""{"vectors":[{"id":1}]}""")]
    [InlineData("""{"vectors":[{"id":"a","id":"b"}]}""")]
    [InlineData("""{"vectors":[{"id":"a"}],"attestation_ca_cert":1}""")]
    public void Another_file_is_wrong_use_with_one_line(string json)
    {
        var (exit, lines, error) = Run(json);
        Assert.Equal(2, exit);
        Assert.Empty(lines);
        Assert.Single(error.TrimEnd('\n').Split('\n'));
    }

    [Theory]
    [InlineData("""{"vectors":[{"id":"a"}]}""")]
    [InlineData("""{"vectors":[{"id":"a","registration":[]}]}""")]
    [InlineData("""{"vectors":[{"id":"a","registration":{}}]}""")]
    [InlineData("""{"vectors":[{"id":"a","registration":{"attestationObject":7}}]}""")]
    [InlineData("""{"vectors":[{"id":"a","registration":{"attestationObject":"a"}}]}""")]
    [InlineData("""{"vectors":[{"id":"a","registration":{"attestationObject":"a0"}}]}""")]
    public void Vectors_of_another_form_fail(string json) => Assert.Equal(1, Run(json).Exit);

    [Fact]
    public void Ids_cannot_speak_to_the_terminal()
    {
        var (_, lines, _) = Run("""{"vectors":[{"id":"a\u001b[2J\nok b"}]}""");
        Assert.StartsWith("FAIL a?[2J?ok b: ", Assert.Single(lines), StringComparison.Ordinal);
    }

    private static (int Exit, string[] Lines, string Error) Run(string json)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        var exit = WebAuthnVectors.Run(json, output, error);
        return (exit, output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries), error.ToString());
    }

    private static string Bend(Action<JsonNode> change)
    {
        var file = JsonNode.Parse(Level3)!;
        change(file);
        return file.ToJsonString();
    }
}
