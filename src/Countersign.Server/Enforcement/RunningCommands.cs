using System.Collections.Concurrent;
using Countersign.Server.People;

namespace Countersign.Server.Enforcement;

/// <summary>
/// What is being forwarded right now, so that ending a person's or a credential's access also cuts their transfers. What is
/// held ends through its challenge, with a text.
/// </summary>
internal sealed class RunningCommands
{
    private readonly ConcurrentDictionary<Running, byte> commands = new();

    /// <summary>The caller uses <see cref="Running.Cancellation"/> for all further work and disposes at the end.</summary>
    public Running Start(CommandRequest request, CancellationToken client)
    {
        var command = new Running(this, request, client);
        commands[command] = 0;
        return command;
    }

    public void End(AccessEnded ended)
    {
        foreach (var (command, _) in commands)
        {
            var request = command.Request;
            if ((ended.Person is not { } person || request.PrincipalId == person)
                && (ended.CredentialId is null || request.Credential.Id == ended.CredentialId)
                && ended.Concerns(request.Command.Repository))
            {
                command.Cancel();
            }
        }
    }

    internal sealed class Running(RunningCommands owner, CommandRequest request, CancellationToken client) : IDisposable
    {
        private readonly CancellationTokenSource source = CancellationTokenSource.CreateLinkedTokenSource(client);

        public CommandRequest Request => request;

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
