namespace Countersign.Server.Upstreams.LocalRepositories;

/// <summary>
/// Takes away what broken pushes leave on the disk. receive-pack removes its incoming objects when it ends by itself, but
/// not when a signal ends it (tmp-objdir.c, since git 2.38); and a client could fill a disk with uploads that it breaks off.
/// Whose folder is whose cannot be told from outside, so this waits for the moment when nobody pushes to the repository.
/// </summary>
internal sealed class IncomingObjects
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _pushes = new(StringComparer.Ordinal);

    /// <summary>Held for as long as a push to the repository runs.</summary>
    public IDisposable Enter(string repository)
    {
        lock (_gate)
        {
            _pushes[repository] = _pushes.GetValueOrDefault(repository) + 1;
        }

        return new Push(this, repository);
    }

    /// <summary>At start, when nobody pushes yet: what the gateway of before left when it was killed.</summary>
    public static void SweepAll(string repositories)
    {
        foreach (var workspace in Directory.Exists(repositories) ? Directory.GetDirectories(repositories) : [])
        {
            foreach (var repository in Directory.GetDirectories(workspace, "*.git"))
            {
                Sweep(repository);
            }
        }
    }

    private void Leave(string repository)
    {
        lock (_gate)
        {
            if (--_pushes[repository] > 0)
            {
                return;
            }

            _pushes.Remove(repository);
            Sweep(repository);
        }
    }

    private static void Sweep(string repository)
    {
        try
        {
            foreach (var left in Directory.GetDirectories(Path.Combine(repository, "objects"), "*incoming-*"))
            {
                Directory.Delete(left, recursive: true);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Something that was killed was still dying, or the repository went away; the next push sweeps again.
        }
    }

    private sealed class Push(IncomingObjects owner, string repository) : IDisposable
    {
        private bool _left;

        public void Dispose()
        {
            if (!_left)
            {
                _left = true;
                owner.Leave(repository);
            }
        }
    }
}
