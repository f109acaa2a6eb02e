using System.Text;

namespace Countersign.Server.Upstreams;

/// <summary>The gateway's own credential for a Git host, as HTTP carries it.</summary>
internal static class UpstreamServiceCredential
{
    /// <summary>Basic (RFC 7617) with a user, Bearer (RFC 6750) without; null where there is no such credential.</summary>
    public static string? Header(UpstreamDefinition upstream) => upstream switch
    {
        { Credentials: not UpstreamCredentials.Service } or { ServiceSecret: null } => null,
        { ServiceUser: "" } => $"Bearer {upstream.ServiceSecret}",
        _ => $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"{upstream.ServiceUser}:{upstream.ServiceSecret}"))}",
    };
}
