using Countersign.Core.Identities;
using Microsoft.AspNetCore.Identity;

namespace Countersign.Server.People;

/// <summary>A person's account. <c>UserName</c> is the canonical name (<see cref="PersonName"/>); it never changes.</summary>
internal sealed class Person : IdentityUser<Guid>
{
    public bool IsAdministrator { get; set; }

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset? DisabledAt { get; set; }

    /// <summary>Since when the person approves by email; null when they do not.</summary>
    public DateTimeOffset? EmailApprovalSince { get; set; }

    /// <summary>See <see cref="Factors.FactorOrder"/>; null when the person has said nothing.</summary>
    public string? FactorOrder { get; set; }

    public DateTimeOffset? LastSignInAt { get; set; }

    public PrincipalId PrincipalId => new(Id);
}
