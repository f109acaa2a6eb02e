using Countersign.Core.Git;
using Countersign.Core.Identities;
using Countersign.Core.Policies;
using Countersign.Server.People;
using Countersign.Server.Policies;

namespace Countersign.Server.Api;

/// <summary>The policy, as the API reads and replaces it.</summary>
internal interface IPolicyDesk
{
    PolicySet Current { get; }

    string Text { get; }

    Task<IReadOnlyList<PolicyError>> ApplyAsync(string yaml, string actor);
}

internal sealed class PolicyDesk(PolicyStore store) : IPolicyDesk
{
    public PolicySet Current => store.Current;

    public string Text => store.Text;

    public Task<IReadOnlyList<PolicyError>> ApplyAsync(string yaml, string actor) => store.ApplyAsync(yaml, actor);
}

/// <summary>Answers "what would happen if": the same decision as for a command, over today's facts and no grants.</summary>
internal sealed class PolicyQuestion(IPeople people, IRepositories repositories, IPolicyDesk policy, TimeProvider clock)
{
    /// <returns>Null when there is no such person, or the person is disabled.</returns>
    public async Task<PolicyExplanation?> AskAsync(
        string person, OperationClass operation, RepositoryPath repository, RefName? reference, CancellationToken cancellation)
    {
        if (await people.FindAsync(person, cancellation) is not { } found || people.FindPrincipal(found.Id) is not { } principal)
        {
            return null;
        }

        var (facts, role) = repositories.Find(repository, principal.Id);
        var request = new AccessRequest(
            principal, role, new GitCredential("explain", "explain"), PolicyExplanation.CommandOf(operation, repository, reference),
            facts, ClientAddress.Unknown, CommandToken: null);
        return PolicyExplanation.Of(request, policy.Current, [], clock.GetUtcNow());
    }
}
