using Countersign.Server.Web;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Countersign.Server.Api;

/// <summary>Completes /openapi/v1.json with what routes alone do not tell: who may call, how, and how errors look.</summary>
internal static class ApiDescription
{
    private const string Bearer = "bearer";
    private const string Page = "page";
    private const string ProblemSchema = "Problem";

    public static void Describe(OpenApiOptions options)
    {
        options.ShouldInclude = description => description.RelativePath?.StartsWith("api/v1/", StringComparison.Ordinal) == true;
        options.AddDocumentTransformer((document, context, _) => Introduce(document, context.ApplicationServices.GetRequiredService<GatewayOptions>()));
        options.AddOperationTransformer((operation, context, _) =>
            Complete(operation, context.Description.ActionDescriptor.EndpointMetadata.OfType<ApiRule>().Single(), context.Document!));
    }

    private static Task Introduce(OpenApiDocument document, GatewayOptions options)
    {
        document.Info = new()
        {
            Title = "Countersign",
            Version = "v1",
            Description = "A second factor on every Git command. Errors are problem documents (RFC 9457) with a stable code. "
                + "Unknown fields, duplicate fields and comments are refused.",
        };

        // The configured address, never the one that a request claims.
        document.Servers = [new() { Url = options.Url.GetLeftPart(UriPartial.Authority) }];
        document.Components ??= new();
        document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
        {
            [Bearer] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.Http,
                Scheme = "bearer",
                Description = "The token of POST /api/v1/session.",
            },
            [Page] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.ApiKey,
                In = ParameterLocation.Cookie,
                Name = SessionAuthentication.CookieName,
                Description = $"The browser's session; only from this gateway's own pages, with the header {ApiDoor.PageHeader}: 1.",
            },
        };
        document.Components.Schemas ??= new Dictionary<string, IOpenApiSchema>();
        document.Components.Schemas[ProblemSchema] = Problem();
        return Task.CompletedTask;
    }

    private static OpenApiSchema Problem()
    {
        static OpenApiSchema Text(string description) => new() { Type = JsonSchemaType.String, Description = description };
        return new()
        {
            Type = JsonSchemaType.Object,
            Description = "A problem document (RFC 9457).",
            Required = new HashSet<string> { "type", "title", "status", "code" },
            Properties = new Dictionary<string, IOpenApiSchema>
            {
                ["type"] = Text("urn:countersign:problem: and the code."),
                ["title"] = Text("The status in words."),
                ["status"] = new OpenApiSchema { Type = JsonSchemaType.Integer, Description = "The status." },
                ["detail"] = Text("One sentence that says what to do."),
                ["code"] = Text("Stable; for programs."),
            },
        };
    }

    private static Task Complete(OpenApiOperation operation, ApiRule rule, OpenApiDocument document)
    {
        operation.Description = Who(rule);
        operation.Security = rule.Access is ApiAccess.Anyone or ApiAccess.LocalAdministrator
            ? []
            : [Requirement(Bearer, document), Requirement(Page, document)];
        operation.Responses ??= [];
        AddProblem(operation, document, "400", "The request is not what this address takes.");
        if (rule.Access != ApiAccess.LocalAdministrator)
        {
            AddProblem(operation, document, "401", "Not signed in, or the sign-in was refused.");
        }

        AddProblem(operation, document, "403", "Refused; the code says why.");
        AddProblem(operation, document, "default", "Any other refusal.");
        return Task.CompletedTask;
    }

    private static string Who(ApiRule rule) =>
        rule.Access switch
        {
            ApiAccess.Anyone => "Nobody has to sign in.",
            ApiAccess.Enrolling => "For a signed-in person, also before two-step verification is set up.",
            ApiAccess.Person => "For a signed-in person.",
            ApiAccess.SignedIn => "For a signed-in person, and for the local administrator.",
            ApiAccess.Administrator => "For administrators.",
            _ => "Only through the administration socket on the gateway's own machine.",
        }
        + (rule.FreshStepUp ? " Needs a factor proven within five minutes: else 403 step_up_required." : "");

    private static OpenApiSecurityRequirement Requirement(string scheme, OpenApiDocument document) =>
        new() { [new OpenApiSecuritySchemeReference(scheme, document)] = [] };

    private static void AddProblem(OpenApiOperation operation, OpenApiDocument document, string status, string description) =>
        operation.Responses![status] = new OpenApiResponse
        {
            Description = description,
            Content = new Dictionary<string, OpenApiMediaType>
            {
                ["application/problem+json"] = new OpenApiMediaType { Schema = new OpenApiSchemaReference(ProblemSchema, document) },
            },
        };
}
