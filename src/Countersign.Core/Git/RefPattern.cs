namespace Countersign.Core.Git;

/// <summary>A ref pattern of a policy rule: <c>refs/heads/main</c>, <c>main</c> (a branch), <c>refs/tags/*</c>, <c>release/**</c>.</summary>
public sealed record RefPattern(string Pattern);

/// <summary>A repository pattern of a policy rule: <c>ACME/core</c>, <c>ACME/*</c>, <c>*/*</c>.</summary>
public sealed record RepositoryPattern(string Pattern);
