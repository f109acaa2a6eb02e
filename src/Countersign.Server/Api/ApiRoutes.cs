using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Mvc;

namespace Countersign.Server.Api;

/// <summary>The JSON API's table of contents.</summary>
internal static class ApiRoutes
{
    private const int MaxBodyBytes = 64 * 1024;

    public static IServiceCollection AddApi(this IServiceCollection services)
    {
        services.ConfigureHttpJsonOptions(json => BeStrict(json.SerializerOptions));

        // Binding failures come to ApiDoor as exceptions, which says what is wrong; the default answers bare 400s outside Development.
        services.Configure<RouteHandlerOptions>(handlers => handlers.ThrowOnBadRequest = true);
        services.AddOpenApi("v1", ApiDescription.Describe);
        services.AddSingleton<IRequestDesk, RequestDesk>();
        services.AddSingleton<IPolicyDesk, PolicyDesk>();
        services.AddSingleton<IAuditDesk, AuditDesk>();
        services.AddScoped<PolicyQuestion>();
        return services;
    }

    public static WebApplication MapApi(this WebApplication app)
    {
        app.UseMiddleware<ApiDoor>();
        var api = app.MapGroup("/api/v1").WithMetadata(new RequestSizeLimitAttribute(MaxBodyBytes));
        SessionResource.Map(api);
        SignInResource.Map(api);
        StepUpResource.Map(api);
        MeResource.Map(api);
        RequestsResource.Map(api);
        EmailResource.Map(api);
        NoticesResource.Map(api);
        FactorsResource.Map(api);
        FactorOrderResource.Map(api);
        EnrolmentResource.Map(api);
        DuoResource.Map(api);
        TokensResource.Map(api);
        SshKeysResource.Map(api);
        UpstreamTokensResource.Map(api);
        WorkspacesResource.Map(api);
        RepositoriesResource.Map(api);
        UpstreamsResource.Map(api);
        PeopleResource.Map(api);
        LocksResource.Map(api);
        PolicyResource.Map(api);
        AuditResource.Map(api);
        InstanceResource.Map(api);
        SshResource.Map(api);
        app.MapOpenApi("/openapi/{documentName}.json").ExcludeFromDescription();
        return app;
    }

    /// <summary>What we do not understand we refuse: a misspelt field must not silently mean its default.</summary>
    private static void BeStrict(JsonSerializerOptions json)
    {
        json.PropertyNameCaseInsensitive = false;
        json.NumberHandling = JsonNumberHandling.Strict;
        json.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
        json.AllowDuplicateProperties = false;
        json.AllowTrailingCommas = false;
        json.ReadCommentHandling = JsonCommentHandling.Disallow;
        json.RespectNullableAnnotations = true;
        json.RespectRequiredConstructorParameters = true;
        json.MaxDepth = 16;
    }
}
