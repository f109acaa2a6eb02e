using Countersign.Core.Challenges;
using Countersign.Core.Git;
using Countersign.Core.Policies;

namespace Countersign.Server.Enforcement;

/// <summary>
/// Pushes that were shown the refs and have yet to say what they change. Git LFS uploads in between and sends no command key; where
/// exactly one push of that person, credential, network and repository is under way, an upload is that push's. What is forgotten, by a
/// restart or for lack of room, only means that the push is asked about by itself.
/// </summary>
internal sealed class PushesBegun(TimeProvider clock)
{
    /// <summary>Long, because a push that is forgotten too early could leave somebody else's as the only one.</summary>
    private static readonly TimeSpan Counted = TimeSpan.FromHours(1);

    /// <summary>Between the refs and the upload Git LFS looks through the commits. Short, so that nobody lays a push in wait for an upload that has none.</summary>
    private static readonly TimeSpan UntilUpload = TimeSpan.FromMinutes(5);

    private const int MaxPlaces = 10_000;
    private const int MaxInPlace = 64;
    private readonly Lock gate = new();
    private readonly Dictionary<string, List<Begun>> places = new(StringComparer.Ordinal);
    private DateTimeOffset blindUntil = DateTimeOffset.MinValue;

    /// <summary>Told of every recorded decision.</summary>
    public void Note(CommandRequest request, ExchangePhase phase, Decision decision)
    {
        if (decision is not Decision.Allow || request.Command is not { Service: GitService.ReceivePack, Lfs: null } command)
        {
            return; // a push that was refused still counts: refusals can be had without anybody being asked
        }

        if (command.MovesRefs)
        {
            End(request, request.CommandToken);
        }
        else if (phase == ExchangePhase.RefList && decision.Reason.Code == ReasonCode.ReadAllowed)
        {
            Begin(request);
        }
    }

    /// <summary>The person was asked about the upload and it was not approved, upon which Git gives up the push as well.</summary>
    public void UploadRefused(CommandRequest upload)
    {
        if (upload.PushKey is { } key)
        {
            End(upload, key);
        }
    }

    /// <summary>The key of the one push that is under way where the upload is; null for none, and for more than one: then nobody can tell whose it is.</summary>
    public CommandToken? OnlyOne(CommandRequest upload)
    {
        var now = clock.GetUtcNow();
        lock (gate)
        {
            return now >= blindUntil
                && places.TryGetValue(PlaceOf(upload), out var begun)
                && begun.FindAll(push => now - push.At < Counted) is [var only]
                && now - only.At < UntilUpload
                    ? only.Key
                    : null;
        }
    }

    private void Begin(CommandRequest request)
    {
        var now = clock.GetUtcNow();
        lock (gate)
        {
            if (places.Count >= MaxPlaces)
            {
                Forget(now);
            }

            var place = PlaceOf(request);
            if (!places.TryGetValue(place, out var begun))
            {
                places[place] = begun = [];
            }

            begun.RemoveAll(push => now - push.At >= Counted);
            if (begun.Count < MaxInPlace)
            {
                begun.Add(new(request.CommandToken, now)); // without a key too: it counts, and is never taken
            }
            else
            {
                begun[^1] = new(null, now); // for all that are not counted any more
            }
        }
    }

    private void End(CommandRequest request, CommandToken? key)
    {
        lock (gate)
        {
            if (places.TryGetValue(PlaceOf(request), out var begun) && begun.Count < MaxInPlace && begun.FindIndex(push => push.Key == key) is var index and >= 0)
            {
                begun.RemoveAt(index);
            }
        }
    }

    private void Forget(DateTimeOffset now)
    {
        foreach (var place in places.Where(place => place.Value.TrueForAll(push => now - push.At >= Counted)).Select(place => place.Key).ToList())
        {
            places.Remove(place);
        }

        if (places.Count >= MaxPlaces)
        {
            // Who is forgotten must not leave another as the only one.
            places.Clear();
            blindUntil = now + Counted;
        }
    }

    private static string PlaceOf(CommandRequest request) => $"{request.PrincipalId}|{request.Credential.Id}|{request.Command.Repository}|{request.Client.Network}";

    private readonly record struct Begun(CommandToken? Key, DateTimeOffset At);
}
