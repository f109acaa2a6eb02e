using Countersign.Core.Git;
using Countersign.Server.Tests.Fixtures;
using Countersign.Server.Transports.ForwardAuth;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;

namespace Countersign.Server.Tests.Docs;

/// <summary>Addresses in documents are addresses that the gateway serves.</summary>
public sealed class AddressesDocumentTests
{
    private static readonly string[] OfTheMachine = ["/etc/", "/var/", "/usr/", "/opt/", "/srv/", "/path/"];

    [Fact]
    public async Task Addresses_that_documents_name_are_served()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var routes = gateway.Get<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>().Select(endpoint => endpoint.RoutePattern).ToList();
        Documents.AssertNone(
            from document in Documents.All
            from span in document.Spans.Distinct()
            let address = span.Split(' ') is ["GET" or "POST" or "PUT" or "PATCH" or "DELETE", var path] ? path : span
            where address.StartsWith('/') && !OfTheMachine.Any(prefix => address.StartsWith(prefix, StringComparison.Ordinal)) && !IsServed(address, routes)
            select $"{document}: {span}");
    }

    private static bool IsServed(string address, List<RoutePattern> routes)
    {
        var parts = address.Split('?')[0].Split('/', StringSplitOptions.RemoveEmptyEntries);
        return GitHttpRequest.Owns(address, MountTable.None)
            || address is "/w" or "/scm" or "/" or ForwardAuthTransport.Address
            || routes.Any(route => Matches(route, parts));
    }

    /// <summary>Whole, or the beginning of a group of addresses.</summary>
    private static bool Matches(RoutePattern route, string[] parts) =>
        parts.Length <= route.PathSegments.Count
        && parts.Index().All(part => route.PathSegments[part.Index].Parts is not [RoutePatternLiteralPart literal] || literal.Content == part.Item);
}
