using System.Globalization;
using Countersign.Core.LargeFiles;

namespace Countersign.Server.Web.Views;

/// <summary>What the pages say about a Git LFS request.</summary>
internal static class LargeFileWords
{
    private static readonly string[] Units = ["bytes", "KB", "MB", "GB", "TB", "PB", "EB"];

    public static string Verb(LfsWork work) => work.Verb switch
    {
        LfsVerb.Upload => work.ThenPush ? "Upload large files and push to" : "Upload large files to",
        LfsVerb.Download => "Download large files from",
        LfsVerb.Lock => "Lock a file in",
        LfsVerb.Unlock => work.Forced ? "Force an unlock in" : "Unlock a file in",
        _ => "List the locks of",
    };

    /// <summary>How much, and how far the approval reaches. Subjects come from the network.</summary>
    public static string Note(LfsWork work) => work.Verb switch
    {
        LfsVerb.Upload when work.ThenPush => $"Upload {Files(work)} ({Size(work.Bytes)}) with Git LFS, and the push to {VisibleText.Of(work.For!.DisplayName)} that follows: one push of the same command, which creates that branch or adds commits to it. Which commits, Git says only after this approval. A push that does more, or may, is asked about by itself.",
        LfsVerb.Upload => $"Upload {Files(work)} ({Size(work.Bytes)}) with Git LFS{For(work)}, and what else of the same command follows. A push is asked about by itself, with its refs.",
        LfsVerb.Download => $"Download {Files(work)} ({Size(work.Bytes)}) with Git LFS, and what else of the same command follows. It reads, and changes nothing.",
        LfsVerb.Lock => $"The file: {VisibleText.Of(work.Subject)}",
        LfsVerb.Unlock when work.Forced => $"Force the unlock of {Locked(work)}, locked by {Owner(work)}. Whoever relies on the lock loses it. This covers nothing else.",
        LfsVerb.Unlock => $"Unlock {Locked(work)}.",
        _ => "It reads, and changes nothing.",
    };

    private static string For(LfsWork work) => work.For is { } name ? $", for {VisibleText.Of(name.DisplayName)} as the client says" : "";

    private static string Locked(LfsWork work) => work.Path is { } path ? VisibleText.Of(path) : $"a file (lock {VisibleText.Of(work.Subject)} at the Git host)";

    private static string Owner(LfsWork work) => work.Owner is { } owner ? VisibleText.Of(owner) : "somebody who is not known here";

    public static string Files(LfsWork work) => work.Files == 1 ? "1 large file" : $"{work.Files} large files";

    /// <summary>In powers of 1000, as disks are sold: 12.4 MB.</summary>
    public static string Size(long bytes)
    {
        var (value, unit) = ((double)bytes, 0);
        while (value >= 999.95 && unit < Units.Length - 1)
        {
            (value, unit) = (value / 1000, unit + 1);
        }

        return string.Create(CultureInfo.InvariantCulture, $"{(unit == 0 ? value : Math.Round(value, 1))} {Units[unit]}");
    }
}
