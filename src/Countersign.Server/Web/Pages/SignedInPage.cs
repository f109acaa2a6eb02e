using Countersign.Core.Identities;
using Countersign.Server.People;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Countersign.Server.Web.Pages;

/// <summary>A page behind the gate: there is a session.</summary>
internal abstract class SignedInPage : PageModel
{
    private Session? session;

    public Principal Me => Session.Principal;

    /// <summary>One sentence about what went wrong with the form just sent; null when nothing did.</summary>
    public string? Trouble { get; protected set; }

    protected Session Session => session ??= HttpContext.GetSession() ?? throw new InvalidOperationException("The gate lets no one in without a session.");

    protected CancellationToken Cancellation => HttpContext.RequestAborted;

    /// <param name="path">Where to go on.</param>
    /// <param name="done">A key of <see cref="Views.Words.Done"/>.</param>
    /// <param name="at">The element to go on at.</param>
    protected IActionResult Done(string path, string done, string? at = null) => LocalRedirect($"{path}?done={done}{(at is null ? "" : $"#{at}")}");
}
