using System.Net;

namespace Countersign.Server.Tests.Api;

/// <summary>What a body may be; everything else is refused with its place.</summary>
public sealed class BodyTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    [Theory]
    [InlineData("""{"user":"a","password":"b","admin":true}""", "unknown_field")]
    [InlineData("""{"user":"a","password":"b","User":"c"}""", "unknown_field")]
    [InlineData("""{"user":"a","user":"b","password":"c"}""", "duplicate_field")]
    [InlineData("""{"user":"a"}""", "missing_field")]
    [InlineData("""{"user":1,"password":"b"}""", "wrong_type")]
    [InlineData("""{"user":null,"password":"b"}""", "wrong_type")]
    [InlineData("""{"user":["a"],"password":"b"}""", "wrong_type")]
    [InlineData("""[]""", "wrong_type")]
    [InlineData("""{"user":"a","password":"b",}""", "malformed_json")]
    [InlineData("""{"user":"a",/* hello */"password":"b"}""", "malformed_json")]
    [InlineData("""{"user":"a" "password":"b"}""", "malformed_json")]
    [InlineData("""{'user':'a'}""", "malformed_json")]
    [InlineData("""{"user":"a","password":"b"}{}""", "malformed_json")]
    [InlineData("nonsense", "malformed_json")]
    [InlineData("{", "malformed_json")]
    public async Task A_body_that_is_not_exactly_right_is_refused(string body, string code)
    {
        var answer = await api.PostAsync("/api/v1/session", body);
        answer.IsProblem(400, code);
    }

    [Fact]
    public async Task Malformed_JSON_is_told_with_line_and_position()
    {
        var answer = await api.PostAsync("/api/v1/session", "{\n  \"user\": \"a\",\n  oops\n}");
        answer.IsProblem(400, "malformed_json");
        Assert.Equal(3, answer.Json.GetProperty("line").GetInt64());
        Assert.Equal(3, answer.Json.GetProperty("position").GetInt64());
        Assert.Contains("line 3, position 3", answer.Json.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_at_all_is_refused() => (await api.SendAsync(HttpMethod.Post, "/api/v1/session", "")).IsProblem(400, "malformed_request");

    [Fact]
    public async Task A_body_nested_deep_is_refused()
    {
        var deep = string.Concat(Enumerable.Repeat("[", 2000)) + string.Concat(Enumerable.Repeat("]", 2000));
        Assert.Equal(400, (await api.PostAsync("/api/v1/sign-in/passkey", $$"""{"ceremony":"c","assertion":{{deep}}}""")).Status);
    }

    [Fact]
    public async Task A_duplicate_inside_an_assertion_is_refused() =>
        (await api.PostAsync("/api/v1/sign-in/passkey", """{"ceremony":"c","assertion":{"id":"a","id":"b"}}""")).IsProblem(400, "duplicate_field");

    [Theory]
    [InlineData("1")]
    [InlineData("\"x\"")]
    [InlineData("[]")]
    public async Task An_assertion_is_an_object(string assertion) =>
        (await api.PostAsync("/api/v1/sign-in/passkey", $$"""{"ceremony":"c","assertion":{{assertion}}}""")).IsProblem(400, "malformed_assertion");

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_body_over_64_KiB_is_refused(bool chunked)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/session");
        request.Content = new StringContent($$"""{"user":"a","password":"{{new string('x', 70 * 1024)}}"}""", null, "application/json");
        request.Headers.TransferEncodingChunked = chunked;
        using var response = await api.Http.SendAsync(request, TestContext.Current.CancellationToken);
        (await Answer.OfAsync(response)).IsProblem(413, "body_too_large");
    }

    [Fact]
    public async Task Another_content_type_is_refused()
    {
        using var form = new FormUrlEncodedContent([new("user", "a"), new("password", "b")]);
        using var response = await api.Http.PostAsync(new Uri("/api/v1/session", UriKind.Relative), form, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, response.StatusCode);
        (await Answer.OfAsync(response)).IsProblem(415, "not_json");
    }

    [Fact]
    public async Task A_query_that_is_not_right_is_refused()
    {
        api.People.Add("asker", administrator: true, Core.Challenges.FactorKind.Totp);
        (await api.GetAsync("/api/v1/audit?limit=many", api.People.SignedIn("asker"))).IsProblem(400, "malformed_request");
        (await api.GetAsync("/api/v1/audit?since=yesterday", api.People.SignedIn("asker"))).IsProblem(400, "malformed_since");
    }
}
