namespace Countersign.Server.Upstreams;

/// <summary>Where another Git host has a repository.</summary>
/// <param name="Upstream">The host.</param>
/// <param name="Path">Below its base and path, as the host spells it, without a leading slash: <c>group/Core.git</c>.</param>
internal sealed record UpstreamPlace(UpstreamDefinition Upstream, string Path);
