using System.ComponentModel.DataAnnotations;

namespace Countersign.Server.Upstreams.LocalRepositories;

/// <summary>Section <c>Repositories</c>.</summary>
internal sealed class RepositoriesOptions
{
    public const string Section = "Repositories";

    /// <summary>The git program: a name that is looked up in PATH, or an absolute path.</summary>
    [Required]
    public string GitPath { get; set; } = "git";

    /// <summary>The most git processes that serve at once; further requests wait their turn, oldest first.</summary>
    [Range(1, 4096)]
    public int MaxProcesses { get; set; } = 64;

    /// <summary>Refuse pushed objects that are malformed or dangerous to clients (<c>transfer.fsckObjects</c>).</summary>
    public bool CheckObjects { get; set; } = true;
}
