using System.Text;
using System.Text.Json;
using Countersign.Core.DuoPush;

namespace Countersign.Core.Tests.DuoPush;

/// <summary>What Duo's own Python client signs, signed here.</summary>
public sealed class DuoSignatureTests
{
    private static readonly JsonElement File = JsonDocument.Parse(System.IO.File.ReadAllText(Checkout.PathOf("tests/vectors/duo-signature.json"))).RootElement;

    public static TheoryData<string> Names =>
        [.. Vectors.Where(vector => vector.GetProperty("hmac").GetString() == "sha512").Select(vector => vector.GetProperty("name").GetString()!)];

    private static IEnumerable<JsonElement> Vectors => File.GetProperty("vectors").EnumerateArray();

    [Theory]
    [MemberData(nameof(Names))]
    public void A_vector_of_Duos_client_is_signed_the_same(string name)
    {
        var vector = Vectors.Single(one => one.GetProperty("name").GetString() == name);
        string Text(string member) => vector.GetProperty(member).GetString()!;
        var parameters = vector.GetProperty("params").EnumerateObject().ToDictionary(one => one.Name, one => one.Value.GetString()!);
        var body = vector.GetProperty("body").GetString() ?? "";

        var canonical = DuoSignature.Canonical(
            vector.GetProperty("signatureVersion").GetInt32(), Text("date"), Text("method"), Text("host"), Text("path"), DuoParameters.Encode(parameters), Encoding.UTF8.GetBytes(body));

        Assert.Equal(Text("canonical"), canonical);
        Assert.Equal(Text("authorization"), DuoSignature.Authorization(File.GetProperty("ikey").GetString()!, File.GetProperty("skey").GetString()!, canonical));
    }

    [Fact]
    public void The_JSON_of_version_5_is_sorted_and_has_no_space()
    {
        var vector = Vectors.Single(one => one.GetProperty("name").GetString() == "auth push v5 (JSON body)");
        var body = vector.GetProperty("body").GetString()!;
        var shuffled = JsonSerializer.Deserialize<Dictionary<string, string>>(body)!.Reverse();
        Assert.Equal(body, Encoding.UTF8.GetString(DuoParameters.ToJson(shuffled)));
    }

    [Theory]
    [InlineData("a b", "a%20b")]
    [InlineData("a+b", "a%2Bb")]
    [InlineData("~._-", "~._-")]
    [InlineData("é/&=", "%C3%A9%2F%26%3D")]
    [InlineData("!*'()", "%21%2A%27%28%29")]
    public void Parameters_are_escaped_as_RFC_3986_says(string value, string escaped) =>
        Assert.Equal($"k={escaped}", DuoParameters.Encode([new("k", value)]));

    [Fact]
    public void Another_key_date_method_host_path_or_body_is_another_signature()
    {
        string[] all =
        [
            Signed(), Signed(secret: "other"), Signed(date: "Tue, 21 Aug 2012 17:29:19 -0000"), Signed(method: "GET"), Signed(host: "api-other.duosecurity.com"),
            Signed(path: "/auth/v2/preauth"), Signed(body: "{\"a\":\"2\"}"),
        ];
        Assert.Equal(all.Length, all.Distinct().Count());
        Assert.Equal(Signed(), Signed(host: "API-1.DUOSECURITY.COM")); // and two in the same second are the same
    }

    [Fact]
    public void There_is_no_version_3() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => DuoSignature.Canonical(3, "", "GET", "h", "/", "", []));

    private static string Signed(
        string secret = "secret", string date = "Tue, 21 Aug 2012 17:29:18 -0000", string method = "POST", string host = "api-1.duosecurity.com", string path = "/auth/v2/auth", string body = "{}") =>
        DuoSignature.Authorization("ikey", secret, DuoSignature.Canonical(DuoSignature.Json, date, method, host, path, "", Encoding.UTF8.GetBytes(body)));
}
