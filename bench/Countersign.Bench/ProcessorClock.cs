using System.Runtime.InteropServices;

namespace Countersign.Bench;

/// <summary>The kernel's own clock of another process's processor time: nanoseconds, where the process table has hundredths of a second.</summary>
internal static partial class ProcessorClock
{
    /// <summary>User and system time of all its threads so far, those that have ended too; seconds.</summary>
    public static double Seconds(int process) =>
        GetClock(process, out var clock) == 0 && GetTime(clock, out var time) == 0
            ? time.Seconds + (time.Nanoseconds / 1e9)
            : throw new InvalidOperationException($"process {process} is not there");

    private struct TimeSpec
    {
        public nint Seconds;
        public nint Nanoseconds;
    }

    [LibraryImport("libc", EntryPoint = "clock_getcpuclockid")]
    private static partial int GetClock(int process, out int clock);

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static partial int GetTime(int clock, out TimeSpec time);
}
