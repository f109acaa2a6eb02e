using System.Globalization;

namespace Countersign.Bench;

/// <summary>Sizes, from the environment so that a small run needs no build: <c>BENCH_HOLDS=500 bench/run holds</c>.</summary>
internal static class Settings
{
    public static int Holds { get; } = Number("BENCH_HOLDS", 10_000);

    /// <summary>Approvals one by one while all others are held.</summary>
    public static int Singles { get; } = Number("BENCH_SINGLES", 500);

    /// <summary>Rounds of 500 wrong codes at once.</summary>
    public static int GuessRounds { get; } = Number("BENCH_GUESS_ROUNDS", 1_000);

    public static int Decisions { get; } = Number("BENCH_DECISIONS", 20_000);

    public static int GrantRequests { get; } = Number("BENCH_GRANT_REQUESTS", 2_000);

    public static int TransferMegabytes { get; } = Number("BENCH_MEGABYTES", 200);

    public static int TransferRounds { get; } = Number("BENCH_ROUNDS", 5);

    /// <summary>Rounds of transfers in front of other hosts, where each takes every way in turn.</summary>
    public static int ForwardingRounds { get; } = Number("BENCH_ROUNDS", 3);

    /// <summary>Rounds of request rates, and the seconds that each way gets in one.</summary>
    public static int RateRounds { get; } = Number("BENCH_RATE_ROUNDS", 4);

    public static int RateSeconds { get; } = Number("BENCH_RATE_SECONDS", 1);

    public static int Listings { get; } = Number("BENCH_LISTINGS", 30);

    /// <summary>Sessions over SSH that are held at one time.</summary>
    public static int SshSessions { get; } = Number("BENCH_SSH_SESSIONS", 200);

    /// <summary>Runs of each of the small programs behind sshd.</summary>
    public static int ProgramRuns { get; } = Number("BENCH_PROGRAM_RUNS", 300);

    /// <summary>The push that memory is measured with, against one of <see cref="SmallMegabytes"/>.</summary>
    public static int BigMegabytes { get; } = Number("BENCH_BIG_MEGABYTES", 2048);

    public static int SmallMegabytes { get; } = Math.Min(10, BigMegabytes);

    /// <summary>Where data folders and repositories are made: a real disk, or durability costs nothing.</summary>
    public static string Folder { get; } = Environment.GetEnvironmentVariable("BENCH_FOLDER") ?? Path.GetTempPath();

    /// <summary>The script of the mail server, and the folder of the packages that it needs; <c>bench/run</c> unpacks them.</summary>
    public static string SmtpServer { get; } = Environment.GetEnvironmentVariable("BENCH_SMTP_SERVER") ?? "smtp-server.py";

    public static string? PythonPackages { get; } = Environment.GetEnvironmentVariable("BENCH_PYTHON_PACKAGES");

    private static int Number(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var given) ? given : otherwise;
}
