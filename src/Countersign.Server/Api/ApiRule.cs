namespace Countersign.Server.Api;

/// <summary>Who may call an address.</summary>
internal enum ApiAccess
{
    /// <summary>Nobody has to sign in.</summary>
    Anyone,

    /// <summary>A signed-in person, also one who has yet to set up a second factor.</summary>
    Enrolling,

    /// <summary>A person who has passed a second factor.</summary>
    Person,

    /// <summary>Such a person, or the local administrator.</summary>
    SignedIn,

    /// <summary>A person who administers the instance, or the local administrator.</summary>
    Administrator,

    /// <summary>Only who can open the administration socket: what would let one person act as another.</summary>
    LocalAdministrator,
}

/// <summary>Endpoint metadata that <see cref="ApiDoor"/> enforces. An API address without it is closed.</summary>
/// <param name="Access">Who.</param>
/// <param name="FreshStepUp">A person must have proven a factor within <see cref="ApiDoor.StepUpLifetime"/>.</param>
internal sealed record ApiRule(ApiAccess Access, bool FreshStepUp = false);

internal static class ApiRules
{
    public static RouteHandlerBuilder For(this RouteHandlerBuilder builder, ApiAccess access, bool freshStepUp = false) =>
        builder.WithMetadata(new ApiRule(access, freshStepUp));
}
