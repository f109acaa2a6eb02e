using System.Globalization;
using System.Text;
using System.Text.Json;
using Countersign.Demo;

namespace Countersign.Server.Tests.Duo;

/// <summary>The simulator takes what Duo's own client signs, and nothing that differs from it in anything.</summary>
public sealed class SimulatorSignatureTests
{
    private static readonly JsonElement File = JsonDocument.Parse(System.IO.File.ReadAllText(Checkout.PathOf("tests/vectors/duo-signature.json"))).RootElement;

    public static TheoryData<string> Names =>
        [.. Vectors.Where(vector => vector.GetProperty("hmac").GetString() == "sha512").Select(vector => vector.GetProperty("name").GetString()!)];

    private static IEnumerable<JsonElement> Vectors => File.GetProperty("vectors").EnumerateArray();

    [Theory]
    [MemberData(nameof(Names))]
    public void A_vector_is_taken_in_its_version(string name)
    {
        var vector = Vectors.Single(one => one.GetProperty("name").GetString() == name);
        Assert.Equal((null, vector.GetProperty("signatureVersion").GetInt32()), Check(vector));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_vector_changed_in_anything_is_refused(string name)
    {
        var vector = Vectors.Single(one => one.GetProperty("name").GetString() == name);
        Assert.Equal(40103, Check(vector, secret: "other").Refused);
        Assert.Equal(40103, Check(vector, host: "api-other.duosecurity.com").Refused);
        Assert.Equal(40103, Check(vector, path: "/auth/v2/other").Refused);
        Assert.Equal(40103, Check(vector, more: "x=1").Refused);
        Assert.Equal(40102, Check(vector, key: "DIOTHER").Refused);
        Assert.Equal(40105, Check(vector, late: TimeSpan.FromSeconds(301)).Refused);
        Assert.Equal(40105, Check(vector, late: TimeSpan.FromSeconds(-301)).Refused);
        Assert.Null(Check(vector, late: TimeSpan.FromSeconds(299)).Refused);
    }

    private static (int? Refused, int Version) Check(
        JsonElement vector, string? key = null, string? secret = null, string? host = null, string? path = null, string? more = null, TimeSpan late = default)
    {
        string Text(string member) => vector.GetProperty(member).GetString()!;
        var isGet = Text("method") == "GET";
        var isForm = !isGet && vector.GetProperty("signatureVersion").GetInt32() == 2;

        // As a client of Duo's would write them; the order does not count.
        var parameters = string.Join('&', vector.GetProperty("params").EnumerateObject().Reverse().Select(one => $"{one.Name}={Uri.EscapeDataString(one.Value.GetString()!)}"));
        if (more is not null)
        {
            parameters = parameters.Length == 0 ? more : $"{parameters}&{more}";
        }

        var body = isForm ? parameters : isGet ? "" : Text("body") + (more is null ? "" : " ");
        var now = DateTimeOffset.ParseExact(Text("date"), "ddd, dd MMM yyyy HH:mm:ss '-0000'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal) + late;
        return SimulatorSignature.Check(
            key ?? File.GetProperty("ikey").GetString()!, secret ?? File.GetProperty("skey").GetString()!, Text("authorization"), Text("date"), now,
            Text("method"), host ?? Text("host"), path ?? Text("path"), isGet ? parameters : "", isForm ? "application/x-www-form-urlencoded" : isGet ? "" : "application/json", Encoding.UTF8.GetBytes(body));
    }
}
