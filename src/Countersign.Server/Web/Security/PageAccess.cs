namespace Countersign.Server.Web.Security;

/// <summary>The page is for everyone, signed in or not. Every page without this asks for a session.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class OpenToAllAttribute : Attribute;

/// <summary>The page serves also a person who has signed in and has yet to set up a second factor.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class BeforeSecondFactorAttribute : Attribute;

/// <summary>The page is for administrators of the instance; to others it does not exist.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class AdministratorsAttribute : Attribute;

/// <summary>The page changes what proves who a person is: opening it and sending its forms take a second factor proven in the last five minutes.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class FreshProofAttribute : Attribute
{
    /// <summary>Looking is free; only what the page's forms change takes the proof.</summary>
    public bool FormsOnly { get; init; }
}
