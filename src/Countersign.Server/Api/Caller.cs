using Countersign.Core.Identities;
using Countersign.Server.People;

namespace Countersign.Server.Api;

/// <summary>Who calls the API, as <see cref="ApiDoor"/> has established it.</summary>
/// <param name="Session">The person's session; null for the local administrator and where nobody has to sign in.</param>
/// <param name="Secret">The session's secret, to rotate or end it.</param>
/// <param name="IsPage">The session came in the browser's cookie.</param>
/// <param name="IsLocalAdministrator">The call came through the administration socket.</param>
internal sealed record Caller(Session? Session, string? Secret, bool IsPage, bool IsLocalAdministrator)
{
    public const string LocalAdministrator = "local administrator";

    public bool IsAdministrator => IsLocalAdministrator || Session is { SecondFactorPassed: true, Principal.IsAdministrator: true };

    public string Actor => IsLocalAdministrator ? LocalAdministrator : Person.Name;

    /// <summary>The person. Only for addresses that the door opens to persons alone.</summary>
    public Principal Person => Session?.Principal ?? throw new InvalidOperationException("The address let in a caller who is no person.");

    /// <summary>Lets handlers take the caller as a parameter.</summary>
    public static ValueTask<Caller?> BindAsync(HttpContext context) => ValueTask.FromResult(context.Features.Get<Caller>());
}
