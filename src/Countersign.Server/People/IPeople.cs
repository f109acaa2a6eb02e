using Countersign.Core.Identities;

namespace Countersign.Server.People;

/// <summary>The people of the instance. Names are canonicalised once, here: trimmed, NFKC, lower case, <c>[a-z0-9._-]{1,64}</c>.</summary>
internal interface IPeople
{
    Task<bool> AnyAsync(CancellationToken cancellation);

    Task<Result<PersonSummary>> AddAsync(string name, string email, string? password, bool administrator, string actor, CancellationToken cancellation);

    Task<IReadOnlyList<PersonSummary>> ListAsync(CancellationToken cancellation);

    Task<PersonSummary?> FindAsync(string name, CancellationToken cancellation);

    Task<PersonSummary?> FindAsync(PrincipalId id, CancellationToken cancellation);

    /// <summary>The person as the rules see them; null when disabled or gone. Quick: called for every Git request.</summary>
    Principal? FindPrincipal(PrincipalId id);

    /// <summary>Without one nobody signs in to the pages, and so sets nothing up there.</summary>
    bool HasPassword(PrincipalId id);

    /// <summary>Ends sessions, tokens, grants, held and running commands within a second.</summary>
    Task<Result<PersonSummary>> DisableAsync(string name, string actor, CancellationToken cancellation);

    Task<Result<PersonSummary>> EnableAsync(string name, string actor, CancellationToken cancellation);

    /// <summary>Lifts locks on password and factors.</summary>
    Task<Result<PersonSummary>> UnlockAsync(string name, string actor, CancellationToken cancellation);
}
