using System.Globalization;

namespace Countersign.Bench;

/// <summary>Names and secrets that seeding and driving agree on without telling each other.</summary>
internal static class Names
{
    public const string Workspace = "BENCH";

    public const string Repository = "BENCH/core";

    /// <summary>What a client that is no Git command line says: it is not redirected, so that each measured request is one request.</summary>
    public const string UserAgent = "JGit/6.10.0";

    public static string Person(int number) => "p" + number.ToString("00000", CultureInfo.InvariantCulture);

    public static string Token(int number) => "csn_" + number.ToString("D32", CultureInfo.InvariantCulture);

    public static int Number(string person) => int.Parse(person.AsSpan(1), CultureInfo.InvariantCulture);
}
