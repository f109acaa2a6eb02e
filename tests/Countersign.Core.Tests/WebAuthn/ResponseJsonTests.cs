using System.Buffers.Text;
using System.Text.Json.Nodes;
using Countersign.Core.WebAuthn;

namespace Countersign.Core.Tests.WebAuthn;

/// <summary>What browsers send parses; what is almost that does not.</summary>
public sealed class ResponseJsonTests
{
    private const string Registration =
        """
        {"id":"AQID","rawId":"AQID","type":"public-key","authenticatorAttachment":"cross-platform","clientExtensionResults":{"credProps":{"rk":true}},
         "response":{"clientDataJSON":"e30","attestationObject":"oA","transports":["usb","nfc","usb"],"authenticatorData":"AA","publicKey":"AA","publicKeyAlgorithm":-7}}
        """;

    private const string Authentication =
        """
        {"id":"AQID","rawId":"AQID","type":"public-key","authenticatorAttachment":null,"clientExtensionResults":{},
         "response":{"clientDataJSON":"e30","authenticatorData":"AAE","signature":"AAEC","userHandle":"Bw"}}
        """;

    [Fact]
    public void A_browsers_registration_parses()
    {
        Assert.True(RegistrationResponse.TryParse(Registration, out var response));
        Assert.Equal([1, 2, 3], response.Id.ToArray());
        Assert.Equal("{}"u8, response.ClientDataJson.Span);
        Assert.Equal([0xa0], response.AttestationObject.ToArray());
        Assert.Equal(["nfc", "usb"], response.Transports);
        Assert.True(RegistrationResponse.TryParse("""{"id":"AQID","rawId":"AQID","type":"public-key","response":{"clientDataJSON":"e30","attestationObject":"oA"}}""", out _));
    }

    [Fact]
    public void A_browsers_assertion_parses()
    {
        Assert.True(AuthenticationResponse.TryParse(Authentication, out var response));
        Assert.Equal([0, 1, 2], response.Signature.ToArray());
        Assert.Equal([7], response.UserHandle!.Value.ToArray());
        Assert.True(AuthenticationResponse.TryParse(Authentication.Replace("\"Bw\"", "null", StringComparison.Ordinal), out response));
        Assert.Null(response.UserHandle);
    }

    [Theory]
    [InlineData("\"id\":\"AQID\"", "\"id\":\"AQIE\"")] // not the raw id
    [InlineData("AQID", "AQI=")]
    [InlineData("AQID", "AQJ")] // stray bits: the same bytes as AQI
    [InlineData("AQID", "AR")]
    [InlineData("AQID", "AQ ID")]
    [InlineData("AQID", "AQI+")]
    [InlineData("AQID", "A")]
    [InlineData("AQID", "")]
    [InlineData("\"id\":\"AQID\",", "")]
    [InlineData("\"id\":\"AQID\",", "\"id\":\"AQID\",\"id\":\"AQID\",")]
    [InlineData("\"id\":\"AQID\",", "\"id\":\"AQID\",\"\\u0069d\":\"AQID\",")]
    [InlineData("\"id\":\"AQID\",", "\"id\":\"AQID\",\"extra\":1,")]
    [InlineData("\"id\":\"AQID\",", "\"id\":\"AQID\",\"\\ud800\":1,")]
    [InlineData("\"id\":\"AQID\"", "\"id\":[1]")]
    [InlineData("public-key", "Public-Key")]
    [InlineData("\"public-key\"", "null")]
    [InlineData("\"e30\"", "\"e30=\"")]
    [InlineData("\"e30\"", "7")]
    [InlineData("\"clientDataJSON\":\"e30\"", "\"clientDataJSON\":\"e30\",\"clientDataJSON\":\"e30\"")]
    [InlineData("\"clientDataJSON\":\"e30\"", "\"clientDataJSON\":\"e30\",\"extra\":1")]
    [InlineData("\"clientExtensionResults\":{", "\"clientExtensionResults\":[],\"x\":{")]
    [InlineData("\"type\"", "/**/\"type\"")]
    [InlineData("}}\n", "}}{}")]
    [InlineData("}}\n", "}},")]
    [InlineData("}}\n", "}")]
    public void Responses_that_are_almost_right_are_refused(string from, string to)
    {
        Assert.False(RegistrationResponse.TryParse((Registration + "\n").Replace(from, to, StringComparison.Ordinal), out _));
        Assert.False(AuthenticationResponse.TryParse((Authentication + "\n").Replace(from, to, StringComparison.Ordinal), out _));
    }

    [Theory]
    [InlineData("[\"usb\",\"nfc\",\"usb\"]", "\"usb\"")]
    [InlineData("\"nfc\"", "1")]
    [InlineData("\"nfc\"", "\"<script>\"")]
    [InlineData("\"nfc\"", "\"\"")]
    [InlineData("\"nfc\"", "\"a\",\"b\",\"c\",\"d\",\"e\",\"f\",\"g\"")]
    [InlineData("\"oA\"", "null")]
    public void Registrations_that_are_almost_right_are_refused(string from, string to) =>
        Assert.False(RegistrationResponse.TryParse(Registration.Replace(from, to, StringComparison.Ordinal), out _));

    [Theory]
    [InlineData("\"Bw\"", "\"\"")]
    [InlineData("\"Bw\"", "7")]
    [InlineData("\"Bw\"", "\"Bw==\"")]
    [InlineData("\"AAEC\"", "null")]
    public void Assertions_that_are_almost_right_are_refused(string from, string to) =>
        Assert.False(AuthenticationResponse.TryParse(Authentication.Replace(from, to, StringComparison.Ordinal), out _));

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("\"\"")]
    [InlineData("{")]
    [InlineData("{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":1}}}}}}}}}")]
    public void Other_texts_are_refused(string json)
    {
        Assert.False(RegistrationResponse.TryParse(json, out _));
        Assert.False(AuthenticationResponse.TryParse(json, out _));
    }

    [Fact]
    public void Long_responses_and_parts_are_refused()
    {
        Assert.False(RegistrationResponse.TryParse(Registration + new string(' ', WebAuthnLimits.ResponseJson), out _));
        Assert.False(Bent("signature", WebAuthnLimits.Signature + 1));
        Assert.False(Bent("userHandle", WebAuthnLimits.UserHandle + 1));
        Assert.True(Bent("userHandle", WebAuthnLimits.UserHandle));
    }

    [Fact]
    public void An_assertion_is_no_registration()
    {
        Assert.False(RegistrationResponse.TryParse(Authentication, out _));
        Assert.False(AuthenticationResponse.TryParse(Registration, out _));
    }

    private static bool Bent(string member, int length)
    {
        var json = JsonNode.Parse(Authentication)!;
        json["response"]![member] = Base64Url.EncodeToString(new byte[length]);
        return AuthenticationResponse.TryParse(json.ToJsonString(), out _);
    }
}
