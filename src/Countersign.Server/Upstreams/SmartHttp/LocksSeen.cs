using Countersign.Core.Git;

namespace Countersign.Server.Upstreams.SmartHttp;

/// <param name="Id">Of the lock, at its host.</param>
/// <param name="Path">The file.</param>
/// <param name="Owner">Whose, as the host names them; null when it does not.</param>
internal sealed record SeenLock(string Id, string Path, string? Owner);

/// <summary>
/// Locks that passed through on their way to a client, so that a question about one can name its file and owner: Git LFS lists
/// before it unlocks. The newest few thousand, in memory; one that is not here is named by its id.
/// </summary>
internal sealed class LocksSeen
{
    private const int Most = 4096;

    private readonly Lock gate = new();
    private readonly Dictionary<(RepositoryPath Repository, string Id), SeenLock> locks = [];
    private readonly Queue<(RepositoryPath Repository, string Id)> oldest = [];

    public void Remember(RepositoryPath repository, IReadOnlyList<SeenLock> found)
    {
        lock (gate)
        {
            foreach (var each in found)
            {
                if (!locks.ContainsKey((repository, each.Id)))
                {
                    oldest.Enqueue((repository, each.Id));
                }

                locks[(repository, each.Id)] = each;
                if (oldest.Count > Most)
                {
                    locks.Remove(oldest.Dequeue());
                }
            }
        }
    }

    public SeenLock? Find(RepositoryPath repository, string id)
    {
        lock (gate)
        {
            return locks.GetValueOrDefault((repository, id));
        }
    }
}
