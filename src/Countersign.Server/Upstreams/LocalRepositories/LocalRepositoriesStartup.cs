namespace Countersign.Server.Upstreams.LocalRepositories;

/// <summary>Finds out at start, not at the first clone, that git is missing or too old; and leaves no half-made repository from a crash.</summary>
internal sealed partial class LocalRepositoriesStartup(GitExecutable git, GatewayOptions options, ILogger<LocalRepositoriesStartup> logger) : IHostedLifecycleService
{
    public Task StartingAsync(CancellationToken cancellationToken)
    {
        Log.GitFound(logger, git.Version);
        foreach (var (folder, pattern) in new[] { (options.RepositoriesFolder, ".new-*"), (options.SpoolFolder, "inspect-*") })
        {
            foreach (var left in Directory.Exists(folder) ? Directory.GetDirectories(folder, pattern) : [])
            {
                Directory.Delete(left, recursive: true);
            }
        }

        IncomingObjects.SweepAll(options.RepositoriesFolder);
        return Task.CompletedTask;
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private static partial class Log
    {
        [LoggerMessage(4001, LogLevel.Information, "Serving local repositories with git {Version}")]
        public static partial void GitFound(ILogger logger, Version version);
    }
}
