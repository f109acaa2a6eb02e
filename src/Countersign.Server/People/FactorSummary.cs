using Countersign.Core.Challenges;

namespace Countersign.Server.People;

/// <param name="Id">The key to rename or remove it by.</param>
/// <param name="Kind">Of what kind.</param>
/// <param name="Name">The owner's name for it.</param>
/// <param name="Model">The authenticator's model by AAGUID, in words; null when unknown.</param>
/// <param name="CreatedAt">When it was added.</param>
/// <param name="LastUsedAt">When it last proved something.</param>
internal sealed record FactorSummary(string Id, FactorKind Kind, string Name, string? Model, DateTimeOffset CreatedAt, DateTimeOffset? LastUsedAt);
