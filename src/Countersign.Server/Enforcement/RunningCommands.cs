using System.Collections.Concurrent;
using Countersign.Core.Identities;

namespace Countersign.Server.Enforcement;

/// <summary>
/// What is being forwarded right now, so that ending a person's or a credential's access also cuts their transfers. What is
/// held ends through its challenge, with a text.
/// </summary>
internal sealed class RunningCommands
{
    private readonly ConcurrentDictionary<Running, byte> commands = new();

    /// <summary>The caller uses <see cref="Running.Cancellation"/> for all further work and disposes at the end.</summary>
    public Running Start(PrincipalId principal, string credentialId, CancellationToken client)
    {
        var command = new Running(this, principal, credentialId, client);
        commands[command] = 0;
        return command;
    }

    public void End(PrincipalId principal, string? credentialId)
    {
        foreach (var (command, _) in commands)
        {
            if (command.Principal == principal && (credentialId is null || command.CredentialId == credentialId))
            {
                command.Cancel();
            }
        }
    }

    internal sealed class Running(RunningCommands owner, PrincipalId principal, string credentialId, CancellationToken client) : IDisposable
    {
        private readonly CancellationTokenSource source = CancellationTokenSource.CreateLinkedTokenSource(client);

        public PrincipalId Principal => principal;

        public string CredentialId => credentialId;

        public CancellationToken Cancellation => source.Token;

        public void Cancel()
        {
            try
            {
                source.Cancel();
            }
            catch (ObjectDisposedException)
            {
                // It ended by itself in the same moment.
            }
        }

        public void Dispose()
        {
            owner.commands.TryRemove(this, out _);
            source.Dispose();
        }
    }
}
