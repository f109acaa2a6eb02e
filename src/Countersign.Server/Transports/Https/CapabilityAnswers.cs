using System.Collections.Concurrent;
using Countersign.Core.Git;
using Countersign.Core.Identities;
using Countersign.Server.Enforcement;

namespace Countersign.Server.Transports.Https;

/// <summary>
/// The capabilities that the far side said for a repository, for those who were shown them within the last minute. They say what
/// the far side's Git can do and nothing of the repository, so the same person with the same credential from the same network
/// gets them again without asking it and without another pair of audit records. Whether they still may is decided each time.
/// </summary>
internal sealed class CapabilityAnswers(TimeProvider clock)
{
    /// <summary>Longer ones are not kept; Git's are about 200 bytes.</summary>
    public const int MaxLength = 4 * 1024;

    private const int MaxEntries = 20_000;
    private static readonly TimeSpan Life = TimeSpan.FromMinutes(1);
    private readonly ConcurrentDictionary<Key, (ReadOnlyMemory<byte> Answer, DateTimeOffset Until)> answers = new();

    public ReadOnlyMemory<byte>? Find(CommandRequest request)
    {
        if (!answers.TryGetValue(Key.Of(request), out var found))
        {
            return null;
        }

        var left = found.Until - clock.GetUtcNow();
        return left > TimeSpan.Zero && left <= Life ? found.Answer : (ReadOnlyMemory<byte>?)null; // an answer from the future is none
    }

    public void Keep(CommandRequest request, ReadOnlyMemory<byte> answer)
    {
        if (answers.Count >= MaxEntries)
        {
            answers.Clear();
        }

        answers[Key.Of(request)] = (answer, clock.GetUtcNow() + Life);
    }

    private readonly record struct Key(PrincipalId Person, string Credential, string Network, RepositoryPath Repository)
    {
        public static Key Of(CommandRequest request) => new(request.PrincipalId, request.Credential.Id, request.Client.Network, request.Command.Repository);
    }
}
