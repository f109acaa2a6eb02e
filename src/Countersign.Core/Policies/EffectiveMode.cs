namespace Countersign.Core.Policies;

public enum ModeSource
{
    /// <summary><c>modes: KEY/repository</c> in the policy file.</summary>
    Repository,

    /// <summary><c>modes: KEY/*</c> in the policy file.</summary>
    WorkspaceInPolicy,

    /// <summary>Set on the workspace itself.</summary>
    Workspace,

    /// <summary><c>mode</c> in the policy file.</summary>
    Instance,
}

/// <summary>The mode that applies to a repository, and where it was set; the most specific one wins.</summary>
public sealed record EffectiveMode(Mode Mode, ModeSource Source)
{
    public static EffectiveMode Of(RepositoryFacts repository, PolicySet policies) =>
        policies.Modes.TryGetValue(repository.Path.ToString(), out var mode) ? new(mode, ModeSource.Repository)
        : policies.Modes.TryGetValue($"{repository.Path.Workspace}/*", out mode) ? new(mode, ModeSource.WorkspaceInPolicy)
        : repository.WorkspaceMode is { } workspace ? new(workspace, ModeSource.Workspace)
        : new(policies.Mode, ModeSource.Instance);
}
