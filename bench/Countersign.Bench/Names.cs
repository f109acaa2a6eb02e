using System.Globalization;
using System.Text;

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

    /// <summary>What person 0 sends as first factor.</summary>
    public static string Authorization { get; } = "Basic " + Convert.ToBase64String(Encoding.ASCII.GetBytes($"{Person(0)}:{Token(0)}"));

    /// <summary>The same as settings of git: with each request from the first on, as a credential store would not do.</summary>
    public static string[] Credentials { get; } = ["-c", $"http.extraHeader=Authorization: {Authorization}"];

    public static int Number(string person) => int.Parse(person.AsSpan(1), CultureInfo.InvariantCulture);
}
