using System.Globalization;
using Countersign.Core.Challenges;
using Countersign.Core.DuoPush;
using Countersign.Core.Git;
using Countersign.Core.LargeFiles;
using Countersign.Server.Web.Views;

namespace Countersign.Server.Factors.DuoPush;

/// <summary>What the phone shows of a request: the same as the page, as far as it fits.</summary>
internal static class DuoPushInfo
{
    private const int RefsShown = 6;
    private const int LongestValue = 600;

    // A ref name has up to 1,024 characters: each is shortened by itself, so that a long one hides no other.
    private const int LongestRef = 60;

    public static DuoMessage Of(Challenge challenge, Uri gateway) => new(TypeOf(challenge.Command), challenge.PrincipalName, Encode(Lines(challenge, gateway)));

    /// <summary>For the push by which somebody shows that a device is theirs.</summary>
    public static DuoMessage ForTest(string person, Uri gateway) =>
        new("Two-step set-up", person, Encode([("Gateway", gateway.Authority), ("What", "Approve to use this device with Countersign")]));

    private static IEnumerable<(string Name, string Value)> Lines(Challenge challenge, Uri gateway)
    {
        yield return ("Request", challenge.Id.Value);
        yield return ("Gateway", gateway.Authority);
        yield return ("Repository", challenge.Command.Repository.ToString());
        if (challenge.Command.Lfs is { } work)
        {
            yield return ("What", LargeFileWords.Note(work));
        }

        var updates = RefUpdate.InOrderOfDanger(challenge.Command.Updates).ToList();
        if (updates.Count > 0)
        {
            var more = updates.Count > RefsShown ? $", and {updates.Count - RefsShown} more" : "";
            yield return (updates.Count == 1 ? "Ref" : $"{updates.Count} refs", string.Join(", ", updates.Take(RefsShown).Select(Words)) + more);
            if (updates.TrueForAll(update => update.Change == RefChange.Delete || update.Commits is not null))
            {
                yield return ("Commits", updates.Sum(update => (long)(update.Commits ?? 0)).ToString(CultureInfo.InvariantCulture));
            }
        }
        else if (challenge.Command.Service == GitService.ReceivePack && challenge.Command.Lfs is null)
        {
            yield return ("Refs", "not known yet");
        }

        yield return ("From", challenge.Client.ToString());
        yield return ("With", VisibleText.Of(challenge.Credential.Label));
    }

    private static string Words(RefUpdate update) => update switch
    {
        { Change: RefChange.Delete } => $"DELETE {Name(update)}",
        { Forced: true } => $"FORCE {Name(update)}",
        { Change: RefChange.Create } => $"new {Name(update)}",
        _ => Name(update),
    };

    /// <summary>The beginning and the end: what differs is at either. Cut between characters: half a surrogate pair is no text.</summary>
    private static string Name(RefUpdate update)
    {
        var name = VisibleText.Of(update.Name.DisplayName);
        if (name.Length <= LongestRef)
        {
            return name;
        }

        var (start, end) = (LongestRef / 2, name.Length - (LongestRef / 2));
        return $"{name[..(char.IsHighSurrogate(name[start - 1]) ? start - 1 : start)]}...{name[(char.IsLowSurrogate(name[end]) ? end + 1 : end)..]}";
    }

    private static string TypeOf(GitCommand command) => command switch
    {
        { Lfs.Verb: LfsVerb.Upload } => "Git LFS upload",
        { Lfs.Verb: LfsVerb.Download } => "Git LFS download",
        { Lfs: not null } => "Git LFS lock",
        { Service: GitService.ReceivePack } => "Git push",
        { Service: GitService.UploadArchive } => "Git archive",
        _ => "Git fetch",
    };

    // In the order of importance, which is not the alphabet's.
    private static string Encode(IEnumerable<(string Name, string Value)> lines) =>
        string.Join('&', lines.Select(line => DuoParameters.Encode([new(line.Name, Short(line.Value))])));

    /// <summary>Cut between characters: half a surrogate pair is no text.</summary>
    private static string Short(string value)
    {
        if (value.Length <= LongestValue)
        {
            return value;
        }

        var end = char.IsHighSurrogate(value[LongestValue - 1]) ? LongestValue - 1 : LongestValue;
        return value[..end] + "...";
    }
}
