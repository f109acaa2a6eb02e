using System.Reflection;
using Countersign.Server.People;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Filters;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Countersign.Server.Web.Security;

/// <summary>Decides once, before anything is bound or run, whether a page opens; what a page does not say is refused.</summary>
internal sealed class PageGate : IAuthorizationFilter
{
    public void OnAuthorization(AuthorizationFilterContext context)
    {
        var page = ((CompiledPageActionDescriptor)context.ActionDescriptor).HandlerTypeInfo;
        if (!Has<OpenToAllAttribute>(page))
        {
            context.Result ??= Judge(page, context.HttpContext);
        }
    }

    private static IActionResult? Judge(TypeInfo page, HttpContext context)
    {
        var here = context.Request.PathBase + context.Request.Path;
        return context.GetSession() switch
        {
            null => new LocalRedirectResult($"/sign-in?return={Uri.EscapeDataString(here)}"),
            { SecondFactorPassed: false, Principal.Factors.Count: > 0 } => new LocalRedirectResult("/sign-in"), // set up elsewhere meanwhile: a password alone is not enough any more
            { SecondFactorPassed: false } when !Has<BeforeSecondFactorAttribute>(page) => new LocalRedirectResult("/two-step"),
            { Principal.IsAdministrator: false } when Has<AdministratorsAttribute>(page) => new NotFoundResult(),
            var session when OwesProof(page, context.Request.Method) && FreshProof.IsOwed(session, context)
                => new LocalRedirectResult($"/step-up?return={Uri.EscapeDataString(here + context.Request.QueryString)}"),
            _ => null,
        };
    }

    private static bool OwesProof(TypeInfo page, string method) =>
        page.GetCustomAttribute<FreshProofAttribute>() is { } asked && !(asked.FormsOnly && (HttpMethods.IsGet(method) || HttpMethods.IsHead(method)));

    private static bool Has<T>(TypeInfo page)
        where T : Attribute => page.IsDefined(typeof(T), inherit: true);
}

/// <summary>A step-up counts as fresh for five minutes.</summary>
internal static class FreshProof
{
    private static readonly TimeSpan Fresh = TimeSpan.FromMinutes(5);

    /// <summary>A person without any factor has nothing to prove with; there the password has just been given, and only the first factor can be added.</summary>
    public static bool IsOwed(Session session, HttpContext context)
    {
        if (!session.SecondFactorPassed && session.Principal.Factors.Count == 0)
        {
            return false;
        }

        var now = context.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow();
        return session.SteppedUpAt is not { } provenAt || now < provenAt || now - provenAt > Fresh;
    }
}
