using Countersign.Core.Challenges;
using Countersign.Core.Identities;
using Countersign.Server.Enforcement;

namespace Countersign.Server.Web.Pages;

/// <summary>Finds a request by its name for the person whose it is. An unknown one and somebody else's look the same.</summary>
internal static class OwnRequest
{
    public static Challenge? Find(ChallengeReader reader, Principal person, string name) =>
        ChallengeId.TryParse(name.ToUpperInvariant(), out var id) && reader.Find(id) is { } challenge && challenge.PrincipalId == person.Id
            ? challenge
            : null;
}
