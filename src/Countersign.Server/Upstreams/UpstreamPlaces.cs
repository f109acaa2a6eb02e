using Countersign.Core.Git;
using Countersign.Server.Storage;

namespace Countersign.Server.Upstreams;

/// <summary>
/// Which repository is where. A repository that was added has the place that it was added with; any other belongs to the Git
/// host of its workspace, under the workspace's folder there.
/// </summary>
internal sealed class UpstreamPlaces(DatabaseReader reader, UpstreamStore upstreams)
{
    private const string ByPath = """
        SELECT r."Name", coalesce(r."UpstreamName", CASE WHEN r."Name" IS NULL THEN w."UpstreamName" END), r."UpstreamPath", w."UpstreamPath"
        FROM "Workspaces" w LEFT JOIN "Repositories" r ON r."WorkspaceKey" = w."Key" AND r."Name" = $2
        WHERE w."Key" = $1
        """;

    private readonly Remembered<RepositoryPath, Found> known = reader.Remember<RepositoryPath, Found>(repository => reader.First(
        ByPath, static row => new Found(Text(row, 1), Text(row, 2), Text(row, 3)), repository.Workspace, repository.Name));

    /// <summary>Null for this machine, which also is the answer for what is nowhere. Throws <see cref="InvalidDataException"/> when a host is named that is not there.</summary>
    public UpstreamPlace? Find(RepositoryPath repository)
    {
        if (known.Find(repository) is not { } found || found.Upstream is not { } name)
        {
            return null;
        }

        var upstream = upstreams.Find(name) ?? throw new InvalidDataException($"The Git host {name} is not there.");
        return new(upstream, found.Path ?? Below(found.Folder, $"{repository.Name}.git"));
    }

    private static string Below(string? folder, string name) => folder is { Length: > 0 } ? $"{folder}/{name}" : name;

    private static string? Text(Microsoft.Data.Sqlite.SqliteDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    private sealed record Found(string? Upstream, string? Path, string? Folder);
}
