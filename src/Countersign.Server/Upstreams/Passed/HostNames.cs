using Countersign.Core.Identities;
using Countersign.Server.People;
using Countersign.Server.Storage;

namespace Countersign.Server.Upstreams.Passed;

/// <summary>Whom a Git host's user name stands for here.</summary>
internal sealed class HostNames(DatabaseReader reader, PrincipalReader principals)
{
    private const string ByName = $"""
        SELECT {PrincipalQuery.Columns} FROM "AspNetUsers" p WHERE p."NormalizedUserName" = $1 AND p."DisabledAt" IS NULL
        """;

    /// <summary>Null for nobody: unknown, disabled, or a name that could be read in two ways.</summary>
    public Principal? Find(UpstreamDefinition upstream, string theirs)
    {
        var mapped = upstream.People.GetValueOrDefault(theirs.Trim().ToLowerInvariant());

        // A name that another of the host's names is mapped to is not also its own: two of theirs would be one of ours.
        if (!PersonName.TryParse(mapped ?? theirs, out var name) || (mapped is null && upstream.People.Values.Contains(name)))
        {
            return null;
        }

        return reader.First(ByName, principals.Read, name);
    }
}
