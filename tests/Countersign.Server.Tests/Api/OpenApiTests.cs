using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Countersign.Server.Tests.Api;

public sealed class OpenApiTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    [Fact]
    public async Task The_document_lists_every_address_with_who_may_call_it_and_how_it_fails()
    {
        var document = (await api.GetAsync("/openapi/v1.json")).Json;
        var routes = api.App.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(endpoint => endpoint.RoutePattern.RawText!.StartsWith("/api/v1", StringComparison.Ordinal))
            .SelectMany(endpoint => endpoint.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods, (endpoint, method) => (endpoint.RoutePattern.RawText!.TrimEnd('/'), method))
            .ToList();
        Assert.True(routes.Count > 40);
        foreach (var (path, method) in routes)
        {
            var operation = document.GetProperty("paths").GetProperty(path).GetProperty(method.ToLowerInvariant());
            Assert.False(string.IsNullOrEmpty(operation.GetProperty("summary").GetString()), $"{method} {path}");
            Assert.False(string.IsNullOrEmpty(operation.GetProperty("description").GetString()), $"{method} {path}");
            Assert.True(operation.GetProperty("responses").TryGetProperty("400", out _), $"{method} {path}");
            Assert.True(operation.GetProperty("responses").EnumerateObject().Any(response => response.Name.StartsWith('2')), $"{method} {path}");
        }
    }

    [Fact]
    public async Task The_document_names_the_configured_address_and_no_other()
    {
        var answer = await api.SendAsync(HttpMethod.Get, "/openapi/v1.json", null, null, ("Host", "evil.example"), ("X-Forwarded-Host", "evil.example"));
        Assert.Equal("https://git.example.org", answer.Json.GetProperty("servers")[0].GetProperty("url").GetString());
        Assert.DoesNotContain("evil.example", answer.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_document_describes_bodies_and_hides_what_is_ours()
    {
        var document = (await api.GetAsync("/openapi/v1.json")).Json;
        var schemas = document.GetProperty("components").GetProperty("schemas");
        Assert.True(schemas.TryGetProperty("PasswordInput", out _));
        Assert.True(schemas.TryGetProperty("RequestView", out _));
        Assert.False(schemas.TryGetProperty("Caller", out _));
        Assert.True(document.GetProperty("components").GetProperty("securitySchemes").TryGetProperty("bearer", out _));
        Assert.Equal("#/components/schemas/Problem", document.GetProperty("paths").GetProperty("/api/v1/session").GetProperty("post")
            .GetProperty("responses").GetProperty("401").GetProperty("content").GetProperty("application/problem+json").GetProperty("schema").GetProperty("$ref").GetString());
    }
}
