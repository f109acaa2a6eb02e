using Countersign.Server.Proxies;
using Countersign.Server.Web.Security;
using Microsoft.AspNetCore.Mvc.ApplicationParts;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.FileProviders;

namespace Countersign.Server.Web;

/// <summary>The pages: server-rendered, working without script except for passkeys and live updates.</summary>
internal static class WebRegistration
{
    public static IServiceCollection AddWeb(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services
            .AddRazorPages(options =>
            {
                options.RootDirectory = "/Web/Pages";
                options.Conventions.ConfigureFilter(new PageGate());
            })
            .ConfigureApplicationPartManager(AddOwnPages)
            .AddViewOptions(options => options.HtmlHelperOptions.ClientValidationEnabled = false);
        services.AddAntiforgery(options =>
        {
            options.Cookie = new HostCookie { Name = "__Host-countersign-form", HttpOnly = true, SameSite = SameSiteMode.Strict, Path = "/" };
            options.FormFieldName = "form-key";
            options.HeaderName = ProxyDoor.FormKeyHeader;
            options.SuppressXFrameOptionsHeader = true; // frame-ancestors in the Content-Security-Policy says it
        });
        services.AddSingleton<AuditSearch>();
        services.AddSingleton<PendingPassword>();
        services.AddSingleton<PendingAuthenticatorApp>();
        return services;
    }

    /// <summary>Call before the other Map methods: what pages need around them must be outermost.</summary>
    public static WebApplication MapWeb(this WebApplication app)
    {
        app.UseMiddleware<SecurityHeaders>();
        app.UseStatusCodePagesWithReExecute("/problem/{0}");
        app.UseMiddleware<PageErrors>();
        app.UseMiddleware<OriginCheck>();
        app.UseStaticFiles(new StaticFileOptions
        {
            FileProvider = StaticFiles(app.Environment),
            OnPrepareResponse = file => file.Context.Response.Headers.CacheControl = "no-cache", // kept, and asked about by ETag
        });
        app.MapRazorPages();
        app.MapGet("/events", RequestEvents.Stream).ExcludeFromDescription();
        return app;
    }

    /// <summary>Beside the program when it is installed; in the source folder while it is being worked on.</summary>
    private static IFileProvider StaticFiles(IWebHostEnvironment environment)
    {
        var installed = Path.Combine(AppContext.BaseDirectory, "wwwroot");
        return Directory.Exists(installed) ? new PhysicalFileProvider(installed) : environment.WebRootFileProvider;
    }

    private static void AddOwnPages(ApplicationPartManager parts)
    {
        // A test host has another entry assembly, so the pages would not be found by themselves; adding them twice is an error.
        var assembly = typeof(WebRegistration).Assembly;
        if (parts.ApplicationParts.All(part => part.Name != assembly.GetName().Name))
        {
            foreach (var part in ApplicationPartFactory.GetApplicationPartFactory(assembly).GetApplicationParts(assembly))
            {
                parts.ApplicationParts.Add(part);
            }
        }
    }
}
